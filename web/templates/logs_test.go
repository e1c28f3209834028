package templates

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/status"
)

// samplePods are the pods of the sample application, one of them near its memory limit.
func samplePods() []status.Pod {
	pod := func(name string, restarts int32) status.Pod {
		return status.Pod{Name: name, Namespace: "payments", Workload: ref("Deployment", "api"), Containers: []status.Container{
			{Name: "migrate", Init: true},
			{Name: "api", Restarts: restarts, Requests: status.Resources{CPU: 250, Memory: 256 << 20}, Limits: status.Resources{Memory: 512 << 20}},
		}}
	}
	worker := status.Pod{Name: "worker-6c9d5f7b88-zl4hm", Namespace: "payments", Workload: ref("Deployment", "worker"), Containers: []status.Container{{Name: "worker", Restarts: 3}}}
	return []status.Pod{pod("api-5b8c7f9d66-k2x9p", 0), pod("api-5b8c7f9d66-tq7wd", 2), worker}
}

func sampleUsage() status.Usage {
	return status.Usage{At: before(12 * time.Second), Used: map[string]map[string]status.Resources{
		"payments/api-5b8c7f9d66-k2x9p": {"api": {CPU: 131, Memory: 180 << 20}},
		"payments/api-5b8c7f9d66-tq7wd": {"api": {CPU: 1250, Memory: 490 << 20}},
	}}
}

func sampleLogs() LogsData {
	at := func(ago time.Duration, from, text string) logs.Line {
		return logs.Line{Time: before(ago), From: from, Text: text}
	}
	long := at(40*time.Second, "5b8c7f9d66-k2x9p", `{"level":"info","msg":"`+strings.Repeat("a very long line ", 40)+`"}`)
	long.Cut = 20 << 10
	return LogsData{
		App: application(api, 43), LogAsk: LogAsk{Tail: 500}, At: sampleNow, Sources: 2, Restarted: true,
		Workloads:  []LogChoice{{"Deployment/api", "api"}, {"Deployment/worker", "worker"}},
		Pods:       []LogChoice{{"api-5b8c7f9d66-k2x9p", "api-5b8c7f9d66-k2x9p"}, {"api-5b8c7f9d66-tq7wd", "api-5b8c7f9d66-tq7wd"}},
		Containers: []LogChoice{{"migrate", "migrate, runs first"}, {"api", "api"}},
		Text: logs.Text{
			LeftOut: 120,
			Notes:   []logs.Line{{From: "worker-6c9d5f7b88-zl4hm", Text: "has not started yet", Note: true}},
			Lines: []logs.Line{
				at(26*time.Hour, "5b8c7f9d66-k2x9p", "level=info msg=\"api:9c41e7d starts\""), long,
				at(20*time.Second, "5b8c7f9d66-tq7wd", `level=warn msg="<script>alert(1)</script>" path=/orders`),
				at(19*time.Second, "5b8c7f9d66-tq7wd", `\x07 caf\xe9`),
			},
		},
	}
}

// viewsOfLogs are the pages with logs in the states that differ.
func viewsOfLogs() []view {
	follow, nothing, none, former := sampleLogs(), sampleLogs(), sampleLogs(), sampleLogs()
	follow.Follow, follow.Stream, follow.NoWrap = true, "/targets/payments/production/apps/api/logs/stream", true
	nothing.Text, nothing.Workload = logs.Text{}, "Deployment/api"
	none.Text, none.Sources, none.Restarted = logs.Text{}, 0, false
	former.Previous, former.Pod = true, "api-5b8c7f9d66-tq7wd"
	page := func() Page {
		return samplePage(NavApplications, "Logs of api", Crumb{"Applications", "/applications"}, Crumb{"api", "/x"}, Crumb{"Logs", ""})
	}
	return []view{
		{"logs", Logs(page(), sampleLogs())}, {"logs-follow", Logs(page(), follow)}, {"logs-nothing", Logs(page(), nothing)},
		{"logs-none", Logs(page(), none)}, {"logs-former", Logs(page(), former)},
	}
}

func TestLogsAreText(t *testing.T) {
	html := draw(t, Logs(samplePage(NavApplications, "Logs"), sampleLogs()))
	for _, want := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", `\x07 caf\xe9`, "… 20 KiB left out", "… 120 lines left out", "<code>worker-6c9d5f7b88-zl4hm</code>", "has not started yet."} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(html, "<script>alert") {
		t.Error("what a container wrote became markup")
	}
}

// Each part of the logs has an address of its own, which keeps what else was chosen.
func TestLogAddresses(t *testing.T) {
	a := LogAsk{Workload: "Deployment/api", Container: "a b", Previous: true, Tail: 100, NoWrap: true}
	for got, want := range map[string]string{
		LogsURL(api, LogAsk{Tail: 500}):                              "/targets/payments/production/apps/api/logs",
		LogsURL(api, a):                                              "/targets/payments/production/apps/api/logs?container=a+b&nowrap=1&previous=1&tail=100&workload=Deployment%2Fapi",
		LogsFileURL(api, a.following(true)):                          "/targets/payments/production/apps/api/logs.txt?container=a+b&previous=1&tail=100&workload=Deployment%2Fapi",
		LogsStreamURL(api, LogAsk{Pod: "api-1", Follow: true}, "17"): "/targets/payments/production/apps/api/logs/stream?pod=api-1&since=17",
	} {
		if got != want {
			t.Errorf("%s, wanted %s", got, want)
		}
	}
}

// What is wrong leads to logs where they say more: before the last restart after a crash, and nowhere for
// an image that was never pulled.
func TestWrongLeadsToLogs(t *testing.T) {
	d := livePage()
	d.Snapshot.Pods = samplePods()
	w := status.Wrong{Ref: ref("Deployment", "api"), Sentence: "It crashes."}
	if got, want := logsOfWrong(d, w), LogsURL(d.App.AppKey, LogAsk{Workload: "Deployment/api", Previous: true}); got != want {
		t.Errorf("after a crash: %q, wanted %q", got, want)
	}
	d.Snapshot.Pods[1].Containers[1].Restarts = 0
	if got := logsOfWrong(d, w); got != "" {
		t.Errorf("where nothing has run: %q", got)
	}
	w.Sentence = "Look into its logs."
	if got, want := logsOfWrong(d, w), LogsURL(d.App.AppKey, LogAsk{Workload: "Deployment/api"}); got != want {
		t.Errorf("where the sentence names logs: %q, wanted %q", got, want)
	}
}

func TestUsageWords(t *testing.T) {
	for got, want := range map[string]string{
		cores(0): "0m", cores(131): "131m", cores(1000): "1 core", cores(1250): "1.25 cores", cores(4000): "4 cores",
		memory(0): "0 KiB", memory(180 << 20): "180 MiB", memory(1536 << 20): "1.5 GiB", memory(64 << 30): "64 GiB",
		against(status.Share{Used: 131, Requested: 250, Limit: 1000}, cores): "131m of 250m asked for, limit 1 core",
		against(status.Share{Used: 131}, cores):                              "131m",
	} {
		if got != want {
			t.Errorf("%q, wanted %q", got, want)
		}
	}
	for _, tc := range []struct {
		share status.Share
		want  bar
	}{
		{status.Share{Used: 50, Requested: 25, Limit: 100}, bar{50, 25}}, {status.Share{Used: 150, Limit: 100}, bar{100, -1}},
		{status.Share{Used: 100, Requested: 200}, bar{40, 80}}, {status.Share{}, bar{0, -1}},
	} {
		if got := barOf(tc.share); got != tc.want {
			t.Errorf("the bar of %+v is %+v, wanted %+v", tc.share, got, tc.want)
		}
	}
}

func TestUsageOnTheLivePage(t *testing.T) {
	d := livePage()
	d.Snapshot.Pods = samplePods()
	d.Usage = sampleUsage()
	html := draw(t, Live(samplePage(NavApplications, "api"), d))
	for _, want := range []string{"670 MiB of 512 MiB asked for, limit 1 GiB", "1 pod uses 90 % or more of its memory limit", "CPU not measured yet"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	d.Usage = status.Usage{Problem: "What it uses is not known: the cluster has no metrics-server."}
	html = draw(t, Live(samplePage(NavApplications, "api"), d))
	if !strings.Contains(html, d.Usage.Problem) || strings.Contains(html, "use-bar") {
		t.Error("without a metrics server there is more than one line, or none")
	}
}
