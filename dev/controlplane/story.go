package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// What containers on nodes without a container runtime would have written and used. The image's tag
// chooses the story; see config/pods.yaml.

// lineEvery is the time between two lines of a container that runs.
const lineEvery = 2 * time.Second

// begin are the first lines of a container, those of one that crashes in full.
func (i instance) begin() []string {
	version := i.container.Image[strings.LastIndexByte(i.container.Image, '/')+1:]
	lines := []string{
		fmt.Sprintf(`level=info msg="%s starts" container=%s start=%d`, version, i.container.Name, i.restarts+1),
		fmt.Sprintf(`level=info msg="configuration read" variables=%d`, len(i.container.Env)),
	}
	if strings.HasSuffix(i.container.Image, ":crash") {
		return append(lines, "level=error msg=\"the database cannot be reached\" attempt=1", "panic: no connection to the database", "", "goroutine 1 [running]:", "main.main()", "\t/src/main.go:41 +0x1a5")
	}
	return append(lines, "\x1b[32mready\x1b[0m, answering requests")
}

// at is when line n is written, counted from 0.
func (i instance) at(n int) time.Time {
	first := len(i.begin())
	if n < first {
		return i.began.Add(time.Duration(n) * 20 * time.Millisecond)
	}
	if strings.HasSuffix(i.container.Image, ":crash") {
		return i.began.Add(1000 * time.Hour) // nothing more comes
	}
	return i.began.Add(time.Duration(n-first+1)*lineEvery + time.Duration(i.chance(n)%1000)*time.Millisecond)
}

// line is what line n says.
func (i instance) line(n int) string {
	if first := i.begin(); n < len(first) {
		return first[n]
	}
	c := i.chance(n)
	path := []string{"/", "/orders", "/orders/" + strconv.Itoa(int(c>>8%900)+100), "/healthz", "/cart"}[c>>20%5]
	status, level := 200, "info"
	if c>>32%40 == 0 {
		status, level = 502, "warn"
	}
	return fmt.Sprintf(`level=%s msg="request" n=%d method=GET path=%s status=%d took=%dms`, level, n-len(i.begin())+1, path, status, c>>40%180+3)
}

// chance is a number that is always the same for the same line of the same container.
func (i instance) chance(n int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d/%d", i.pod.UID, i.container.Name, i.restarts, n)
	return h.Sum64()
}

// first is the line that an answer begins with.
func (i instance) first(o options, now time.Time) int {
	end := now
	if !i.ended.IsZero() && i.ended.Before(now) {
		end = i.ended
	}
	n := max(int(o.since.Sub(i.began)/lineEvery)-2, 0)
	for !i.at(n).After(end) && i.at(n).Before(o.since) {
		n++
	}
	if o.tail < 0 {
		return n
	}
	last := max(int(end.Sub(i.began)/lineEvery)-2, 0)
	for !i.at(last).After(end) {
		last++
	}
	return max(n, last-o.tail)
}

// options are those of a request for a log.
type options struct {
	follow, previous, timestamps bool
	tail                         int // -1 for all
	since                        time.Time
	bytes                        int64 // -1 for all
}

func logOptions(q url.Values) (options, error) {
	o := options{follow: q.Get("follow") == "true", previous: q.Get("previous") == "true", timestamps: q.Get("timestamps") == "true", tail: -1, bytes: -1}
	var err error
	if v := q.Get("tailLines"); v != "" {
		if o.tail, err = strconv.Atoi(v); err != nil {
			return o, err
		}
	}
	if v := q.Get("limitBytes"); v != "" {
		if o.bytes, err = strconv.ParseInt(v, 10, 64); err != nil {
			return o, err
		}
	}
	if v := q.Get("sinceSeconds"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return o, err
		}
		o.since = time.Now().Add(-time.Duration(n) * time.Second)
	}
	if v := q.Get("sinceTime"); v != "" {
		if o.since, err = time.Parse(time.RFC3339, v); err != nil {
			return o, err
		}
	}
	return o, nil
}

// logWriter writes lines within the bound of the request.
type logWriter struct {
	w       http.ResponseWriter
	opts    options
	written int64
}

func (l *logWriter) line(t time.Time, text string) bool {
	if l.opts.timestamps {
		text = t.UTC().Format(time.RFC3339Nano) + " " + text
	}
	text += "\n"
	if left := l.opts.bytes - l.written; l.opts.bytes >= 0 && int64(len(text)) > left {
		text = text[:left]
	}
	n, err := l.w.Write([]byte(text))
	l.written += int64(n)
	return err == nil && (l.opts.bytes < 0 || l.written < l.opts.bytes)
}

func (l *logWriter) flush() { _ = http.NewResponseController(l.w).Flush() }

// usage is what a container has used: CPU since it began, memory now.
type usage struct{ cpuSeconds, memory float64 }

// used follows a wave of ten minutes around half of what the container asks for. One with the tag :full
// uses nearly all of its memory limit.
func used(p *corev1.Pod, c corev1.Container, began, now time.Time) usage {
	const period = 600.0
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%s", p.UID, c.Name)
	phase := float64(h.Sum32()%600) / period * 2 * math.Pi
	cpu := c.Resources.Requests.Cpu().AsApproximateFloat64()
	if cpu == 0 {
		cpu = 0.02
	}
	memory := c.Resources.Requests.Memory().AsApproximateFloat64()
	if memory == 0 {
		memory = 64 << 20
	}
	t := now.Sub(began).Seconds()
	turn := 2 * math.Pi / period
	u := usage{
		cpuSeconds: cpu * (0.5*t + 0.3/turn*(math.Cos(phase)-math.Cos(turn*t+phase))),
		memory:     memory * (0.7 + 0.1*math.Sin(turn*t+phase)),
	}
	if limit := c.Resources.Limits.Memory().AsApproximateFloat64(); strings.HasSuffix(c.Image, ":full") && limit > 0 {
		u.memory = 0.95 * limit
	}
	return u
}
