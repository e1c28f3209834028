package templates

import (
	"strconv"
	"strings"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// LogsData is the page with what an application's containers write.
type LogsData struct {
	App change.Application
	LogAsk
	Workloads  []LogChoice
	Pods       []LogChoice
	Containers []LogChoice
	Text       logs.Text
	Sources    int // containers that are read
	// Restarted tells that one of the containers was started again, so that there is a former one.
	Restarted bool
	Stream    string // empty unless Follow
	At        time.Time
}

// LogAsk is what of the logs is asked for, as the address of the page says it.
type LogAsk struct {
	Workload  string // Kind/Name; empty for all
	Pod       string
	Container string
	Previous  bool // the container before its last restart
	Tail      int  // lines
	Follow    bool
	NoWrap    bool // long lines run on to the right
}

// LogChoice is something that can be chosen on the page.
type LogChoice struct{ Value, Label string }

// LogTails are the numbers of lines that the page offers; the first is what it shows unless asked.
var LogTails = []int{500, 100, 2000}

// LogsURL is the page for a part of the logs.
func LogsURL(key change.AppKey, a LogAsk) string { return a.with(AppURL(key, "logs")) }

// LogsFileURL is the same as a file.
func LogsFileURL(key change.AppKey, a LogAsk) string {
	a.Follow, a.NoWrap = false, false
	return a.with(AppURL(key, "logs.txt"))
}

// LogsStreamURL is what comes after since, a cursor; empty for the end of the log.
func LogsStreamURL(key change.AppKey, a LogAsk, since string) string {
	a.Follow, a.NoWrap = false, false
	return withQuery(a.with(AppURL(key, "logs", "stream")), "since", since)
}

func (a LogAsk) with(address string) string {
	tail := ""
	if a.Tail != 0 && a.Tail != LogTails[0] {
		tail = strconv.Itoa(a.Tail)
	}
	return withQuery(address, "workload", a.Workload, "pod", a.Pod, "container", a.Container,
		"previous", yes(a.Previous), "tail", tail, "follow", yes(a.Follow), "nowrap", yes(a.NoWrap))
}

func yes(b bool) string {
	if b {
		return "1"
	}
	return ""
}

func (a LogAsk) following(on bool) LogAsk {
	a.Follow = on
	return a
}

func (a LogAsk) unwrapped(on bool) LogAsk {
	a.NoWrap = on
	return a
}

// WorkloadKey names a workload in an address.
func WorkloadKey(r manifest.Ref) string { return r.Kind + "/" + r.Name }

// hasLogs tells whether a node of the live page leads to logs of its own.
func hasLogs(n status.Node) bool {
	switch n.Ref.Kind {
	case "Pod", "Deployment", "StatefulSet", "DaemonSet", "CronJob":
		return n.Ref.Namespace == ""
	}
	return false
}

// logsOf are the logs of a node of the live page.
func logsOf(key change.AppKey, r manifest.Ref) string {
	if r.Kind == "Pod" {
		return LogsURL(key, LogAsk{Pod: r.Name})
	}
	return LogsURL(key, LogAsk{Workload: WorkloadKey(r)})
}

// logsOfWrong are the logs that tell more about what is wrong; "" where logs tell nothing, because no
// container has started.
func logsOfWrong(d LiveData, w status.Wrong) string {
	for _, p := range d.Snapshot.Pods {
		if !p.Workload.Same(w.Ref) {
			continue
		}
		for _, c := range p.Containers {
			if c.Restarts > 0 {
				return LogsURL(d.App.AppKey, LogAsk{Workload: WorkloadKey(w.Ref), Previous: true})
			}
		}
		if strings.Contains(w.Sentence, "logs") {
			return logsOf(d.App.AppKey, w.Ref)
		}
	}
	return ""
}

// stamp is a line's time; lines of another day have the date.
func stamp(now, t time.Time) string {
	t = t.UTC()
	if now.UTC().Format(time.DateOnly) == t.Format(time.DateOnly) {
		return t.Format("15:04:05.000")
	}
	return t.Format("2 Jan 15:04:05")
}

// leftOut says that lines are missing.
func leftOut(n int) string { return "… " + count(n, "line") + " left out" }

// kubectlLogs is the page by hand.
func kubectlLogs(d LogsData) string {
	what := "-l slipway.dev/app=" + d.App.Name + " --prefix"
	switch {
	case d.Pod != "":
		what = d.Pod
	case d.Workload != "":
		what = strings.ToLower(d.Workload) + " --all-pods --prefix"
	}
	command := "kubectl logs " + what + " -n " + d.App.Place.Namespace + " --tail=" + strconv.Itoa(d.Tail)
	if d.Container != "" {
		command += " -c " + d.Container
	} else {
		command += " --all-containers"
	}
	if d.Previous {
		command += " --previous"
	}
	if d.Follow {
		command += " --follow"
	}
	return command
}

// NoteLine is a note as a line of text: "api-7f9 has gone".
func NoteLine(l logs.Line) string {
	if l.From == "" {
		return l.Text
	}
	return l.From + " " + l.Text
}

// dotted is a sentence with its full stop.
func dotted(sentence string) string { return strings.TrimSuffix(sentence, ".") + "." }
