package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/templates"
)

// logsTime is how long a page waits for logs. What was not read by then is said to be missing.
const logsTime = 12 * time.Second

// routesOfLogs are the page with an application's logs, and the same as a file.
func (s *server) routesOfLogs(app *echo.Group) {
	app.GET("/logs", s.logs)
	app.GET("/logs.txt", s.logsFile)
}

// logView is what one reader reads of an application's logs.
type logView struct {
	app  change.Application
	ask  templates.LogAsk
	open logs.Open
}

// logView finds the application, which the person must be allowed to see, and reads what is asked for.
// Nothing is recorded: reading changes nothing, and the API server's own audit log has the person's name.
func (s *server) logView(c echo.Context) (logView, error) {
	key := appOf(c)
	app, err := s.Changes.Application(c.Request().Context(), who(c), key)
	if err != nil {
		return logView{}, err
	}
	ask := templates.LogAsk{
		Workload: c.QueryParam("workload"), Pod: c.QueryParam("pod"), Container: c.QueryParam("container"),
		Previous: c.QueryParam("previous") == "1", Follow: c.QueryParam("follow") == "1", NoWrap: c.QueryParam("nowrap") == "1",
		Tail: templates.LogTails[0],
	}
	if n, err := strconv.Atoi(c.QueryParam("tail")); err == nil && slices.Contains(templates.LogTails, n) {
		ask.Tail = n
	}
	ask.Follow = ask.Follow && !ask.Previous // what has ended says nothing more
	return logView{app: app, ask: ask, open: s.Logs(who(c), key.Target)}, nil
}

// sources are the containers that a part of the logs is of, told apart by as little as is needed. What is
// not the application's is change.ErrNotFound, whether it exists elsewhere or not.
func (v logView) sources(snap status.Snapshot) ([]logs.Source, error) {
	if v.ask.Workload != "" && !isWorkload(snap, v.ask.Workload) {
		return nil, change.ErrNotFound
	}
	var all []logs.Source
	podFound, containerFound, several := v.ask.Pod == "", v.ask.Container == "", v.several(snap)
	for _, p := range v.pods(snap) {
		podFound = podFound || p.Name == v.ask.Pod
		if v.ask.Pod != "" && p.Name != v.ask.Pod {
			continue
		}
		chosen := v.containers(p)
		containerFound = containerFound || len(chosen) > 0
		for _, one := range chosen {
			if v.ask.Previous && one.Restarts == 0 {
				continue
			}
			source := logs.Source{Namespace: p.Namespace, Pod: p.Name, Container: one.Name, Previous: v.ask.Previous, Label: p.Short()}
			switch {
			case several:
				source.Label = p.Name
			case v.ask.Pod != "":
				source.Label = ""
			}
			if len(chosen) > 1 {
				source.Label = strings.TrimPrefix(source.Label+"/"+one.Name, "/")
			}
			all = append(all, source)
		}
	}
	known := snap.Synced || len(snap.Pods) > 0
	if known && (!podFound || !containerFound && len(v.pods(snap)) > 0) {
		return nil, change.ErrNotFound
	}
	return all, nil
}

// pods are those of the workload that is asked for.
func (v logView) pods(snap status.Snapshot) []status.Pod {
	if v.ask.Workload == "" {
		return snap.Pods
	}
	return slices.DeleteFunc(slices.Clone(snap.Pods), func(p status.Pod) bool {
		return templates.WorkloadKey(p.Workload) != v.ask.Workload
	})
}

// several tells whether the pods of more than one workload are read.
func (v logView) several(snap status.Snapshot) bool {
	pods := v.pods(snap)
	return v.ask.Pod == "" && len(pods) > 0 && !pods[0].Workload.Same(pods[len(pods)-1].Workload)
}

// containers are those that are asked for: all but init containers, unless one is named.
func (v logView) containers(p status.Pod) []status.Container {
	return slices.DeleteFunc(slices.Clone(p.Containers), func(c status.Container) bool {
		if v.ask.Container != "" {
			return c.Name != v.ask.Container
		}
		return c.Init
	})
}

func isWorkload(snap status.Snapshot, key string) bool {
	return slices.ContainsFunc(snap.Tree, func(n status.Node) bool { return templates.WorkloadKey(n.Ref) == key }) ||
		slices.ContainsFunc(snap.Pods, func(p status.Pod) bool { return templates.WorkloadKey(p.Workload) == key })
}

// logs is the page.
func (s *server) logs(c echo.Context) error {
	v, err := s.logView(c)
	if err != nil {
		return err
	}
	snap := s.snapshot(v.app)
	sources, err := v.sources(snap)
	if err != nil {
		return err
	}
	d := v.data(snap)
	d.Sources = len(sources)
	d.Text = s.tail(c, v, sources)
	if v.ask.Follow {
		d.Stream = templates.LogsStreamURL(v.app.AppKey, v.ask, cursor(d.Text.Cursor()))
	}
	p := s.page(c, templates.NavApplications, "Logs of "+v.app.Name)
	p.Crumbs = append(appCrumbs(v.app.AppKey), templates.Crumb{Label: "Logs"})
	return s.draw(c, http.StatusOK, templates.Logs(p, d))
}

func (s *server) tail(c echo.Context, v logView, sources []logs.Source) logs.Text {
	ctx, cancel := context.WithTimeout(c.Request().Context(), logsTime)
	defer cancel()
	return logs.Tail(ctx, v.open, sources, v.ask.Tail)
}

// data are what can be chosen on the page.
func (v logView) data(snap status.Snapshot) templates.LogsData {
	d := templates.LogsData{App: v.app, LogAsk: v.ask, At: time.Now()}
	add := func(to *[]templates.LogChoice, value, label string) {
		if one := (templates.LogChoice{Value: value, Label: label}); !slices.Contains(*to, one) {
			*to = append(*to, one)
		}
	}
	for _, p := range snap.Pods {
		add(&d.Workloads, templates.WorkloadKey(p.Workload), p.Workload.Name)
	}
	if v.ask.Workload != "" {
		_, name, _ := strings.Cut(v.ask.Workload, "/")
		add(&d.Workloads, v.ask.Workload, name)
	}
	for _, p := range v.pods(snap) {
		label := p.Name
		if p.Leaving {
			label += ", ended"
		}
		add(&d.Pods, p.Name, label)
		if v.ask.Pod != "" && p.Name != v.ask.Pod {
			continue
		}
		for _, one := range p.Containers {
			label := one.Name
			if one.Init {
				label += ", runs first"
			}
			add(&d.Containers, one.Name, label)
			d.Restarted = d.Restarted || one.Restarts > 0
		}
	}
	return d
}

// logsFile is the text of the page as a file, with whole times.
func (s *server) logsFile(c echo.Context) error {
	v, err := s.logView(c)
	if err != nil {
		return err
	}
	sources, err := v.sources(s.snapshot(v.app))
	if err != nil {
		return err
	}
	text := s.tail(c, v, sources)
	name := v.app.Name + "-" + time.Now().UTC().Format("20060102-150405") + ".log"
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/plain; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
	var b strings.Builder
	for _, l := range text.Notes {
		b.WriteString("# " + templates.NoteLine(l) + "\n")
	}
	if text.LeftOut > 0 {
		fmt.Fprintf(&b, "# %d older lines left out\n", text.LeftOut)
	}
	for _, l := range text.Lines {
		b.WriteString(lineOf(l))
	}
	return c.String(http.StatusOK, b.String())
}

// lineOf is a line as it stands in the file.
func lineOf(l logs.Line) string {
	var b strings.Builder
	if !l.Time.IsZero() {
		b.WriteString(l.Time.Format("2006-01-02T15:04:05.000Z") + " ")
	}
	if l.From != "" {
		b.WriteString("[" + l.From + "] ")
	}
	b.WriteString(l.Text)
	if l.Cut > 0 {
		fmt.Fprintf(&b, "… %d bytes left out", l.Cut)
	}
	return b.String() + "\n"
}

// cursor is a place in a log as an address and an event's identity say it, and fromCursor reads it; zero
// for the end of the log.
func cursor(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

func fromCursor(texts ...string) time.Time {
	for _, s := range texts {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
			return time.Unix(0, n).UTC()
		}
	}
	return time.Time{}
}

// followsMore counts the logs that a person follows at once, in all tabs. done must be called at the end.
func (s *server) followsMore(p policy.Person) (done func(), ok bool) {
	s.following.Lock()
	defer s.following.Unlock()
	if s.follows == nil {
		s.follows = map[policy.Identity]int{}
	}
	if s.follows[p.Identity] >= followMost {
		return nil, false
	}
	s.follows[p.Identity]++
	return func() {
		s.following.Lock()
		defer s.following.Unlock()
		if s.follows[p.Identity]--; s.follows[p.Identity] == 0 {
			delete(s.follows, p.Identity)
		}
	}, true
}
