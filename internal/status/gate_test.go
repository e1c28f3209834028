package status_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

const (
	gateJob = `{apiVersion: batch/v1, kind: Job, metadata: {name: gate, namespace: payments-staging, uid: j},
  spec: {activeDeadlineSeconds: 120}, status: {startTime: "2026-11-21T09:58:00Z", STATUS}}`
	deadline = `failed: 1, conditions: [{type: Failed, status: "True", reason: DeadlineExceeded, message: Job was active longer than specified deadline}]`
	backoff  = `failed: 4, conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}]`

	gatePod = `{apiVersion: v1, kind: Pod, metadata: {name: gate-x, namespace: payments-staging, uid: p, creationTimestamp: "2026-11-21T09:58:01Z",
    ownerReferences: [{apiVersion: batch/v1, kind: Job, name: gate, uid: j, controller: true}]},
  spec: {restartPolicy: Never, SPEC}, status: {STATUS}}`
	plainSpec = `containers: [{name: c, image: "r.example.com/c:1"}]`
	trialSpec = `initContainers: [{name: web, image: "r.example.com/c:1", restartPolicy: Always, startupProbe: {httpGet: {path: /admin/, port: 80}, periodSeconds: 5, failureThreshold: 12}}],
    containers: [{name: passed, image: "busybox:1"}]`
	trialStarts = `phase: Pending, conditions: [{type: Initialized, status: "False"}],
    initContainerStatuses: [{name: web, ready: false, started: false, restartCount: 0, state: {running: {startedAt: "2026-11-21T09:58:05Z"}}}],
    containerStatuses: [{name: passed, ready: false, state: {waiting: {reason: PodInitializing}}}]`
	trialAgain = `phase: Pending, conditions: [{type: Initialized, status: "False"}],
    initContainerStatuses: [{name: web, ready: false, started: false, restartCount: 1, state: {running: {startedAt: "2026-11-21T09:59:05Z"}},
      lastState: {terminated: {exitCode: 137, reason: Error}}}],
    containerStatuses: [{name: passed, ready: false, state: {waiting: {reason: PodInitializing}}}]`
)

func gateInput(t *testing.T, job, spec, pod, event string) status.Input {
	t.Helper()
	in := status.Input{Key: key, Now: now}
	texts := []string{strings.Replace(gateJob, "STATUS", job, 1)}
	if pod != "" {
		texts = append(texts, strings.Replace(strings.Replace(gatePod, "SPEC", spec, 1), "STATUS", pod, 1))
	}
	for _, text := range texts {
		raw, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		u := new(unstructured.Unstructured)
		if err := u.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		in.Objects = append(in.Objects, u)
	}
	if event != "" {
		in.Events = []status.Event{{Time: now.Add(-time.Minute), Word: status.Failed, Object: manifest.Ref{Version: "v1", Kind: "Pod", Name: "gate-x"}, Reason: "Unhealthy", Message: event, Count: 3}}
	}
	return in
}

var gateRef = manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "gate"}

const answer404 = "Startup probe failed: HTTP probe failed with statuscode: 404"

func TestRunningJob(t *testing.T) {
	for name, c := range map[string]struct{ job, spec, pod, event, want string }{
		"no pod yet": {"active: 0", "", "", "", "its pod is not made yet"},
		"starting":   {"active: 1", plainSpec, "phase: Pending", "", "its pod is starting"},
		"runs": {"active: 1", plainSpec, `phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: c, ready: true, state: {running: {}}}]`, "",
			"1 pod runs"},
		"between two attempts": {"active: 0, failed: 2", "", "", "", "its pod is not made yet, 2 attempts failed before"},
		"no image": {"active: 1", plainSpec, `phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: "not found"}}}]`, "",
			"the image r.example.com/c:1 cannot be pulled"},
		"a trial that starts":     {"active: 1", trialSpec, trialStarts, "", "its pod is starting, its start check may take 60 s"},
		"a trial that fails":      {"active: 1", trialSpec, trialStarts, answer404, "its pod is starting, its check of /admin/ fails so far and may for 60 s"},
		"a trial that was ended":  {"active: 1", trialSpec, trialAgain, answer404, "does not get ready: its check of /admin/ fails, 1 restart"},
		"a trial that has passed": {"active: 1", trialSpec, `phase: Running, conditions: [{type: Ready, status: "True"}, {type: Initialized, status: "True"}], initContainerStatuses: [{name: web, ready: true, started: true, state: {running: {}}}], containerStatuses: [{name: passed, ready: true, state: {running: {}}}]`, "", "1 pod runs"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := status.RunningJob(gateInput(t, c.job, c.spec, c.pod, c.event), gateRef); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if got := status.RunningJob(status.Input{Key: key, Now: now}, gateRef); got != "" {
		t.Errorf("of a Job that is not there: %s", got)
	}
}

func TestFailedJob(t *testing.T) {
	exited := `phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 3, reason: Error, message: no such table}}}]`
	const said = "Job was active longer than specified deadline"
	for name, c := range map[string]struct{ job, spec, pod, event, want, said string }{
		"exit code": {backoff, plainSpec, exited, "",
			"It was tried 4 times. Its process ends with exit code 3 soon after its start. Its logs say why.", "no such table"},
		"no pod was seen": {backoff, "", "", "", "It was tried 4 times. It failed; the logs of its pods say why.", "Job has reached the specified backoff limit"},
		"out of time": {deadline, plainSpec, `phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: c, ready: true, state: {running: {}}}]`, "",
			"It did not end within 120 s, so the cluster ended it. Its pod was still at it. Give it more time, or look into its logs for what it waits for.", said},
		"no node": {deadline, plainSpec, `phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/3 nodes are available: 3 Insufficient memory."}]`, "",
			"It did not end within 120 s, so the cluster ended it. No node has room for it: 3 nodes have too little memory left. Ask for less, or have a node added.", "0/3 nodes are available: 3 Insufficient memory."},
		"trial": {deadline, trialSpec, trialAgain, answer404,
			"It did not end within 120 s, so the cluster ended it. It starts, but its check of `/admin/` does not pass within 60 s, so the cluster ends it. Compare the check's path and port with what the application answers to, or give it more time to start.", answer404},
		"trial that is not ended yet": {deadline, trialSpec, trialStarts, answer404,
			"It did not end within 120 s, so the cluster ended it. Until then its check of `/admin/` failed. Compare the check's path and port with what the application answers to, or give it more time to start.", answer404},
	} {
		t.Run(name, func(t *testing.T) {
			w := status.FailedJob(gateInput(t, c.job, c.spec, c.pod, c.event), gateRef)
			if w.Sentence != c.want || w.Said != c.said {
				t.Errorf("got  %s [%s]\nwant %s [%s]", w.Sentence, w.Said, c.want, c.said)
			}
		})
	}
}
