package kube_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
)

// migration is a gate whose Job no controller of the cluster touches (spec.managedBy), so that a test says
// how it does.
const migration = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {slipway.dev/gate: complete}}
spec:
  managedBy: example.com/this-test
  activeDeadlineSeconds: 600
  backoffLimit: 0
  template:
    metadata: {labels: {app: migrate}}
    spec: {restartPolicy: Never, containers: [{name: migrate, image: "example.com/api:1"}]}`

var migrationRef = manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "migrate"}

// applying is an Apply that is under way.
type applying struct {
	s    *stage
	stop context.CancelFunc
	end  chan struct{}

	mu  sync.Mutex
	all []manifest.Outcome
	out map[string]manifest.Outcome
	err error
}

func (s *stage) begin(app string, set manifest.Set, prune ...manifest.Ref) *applying {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	a := &applying{s: s, stop: stop, end: make(chan struct{})}
	s.t.Cleanup(func() { stop(); <-a.end })
	go func() {
		defer close(a.end)
		out, err := s.cs.Apply(ctx, s.as, s.place, app, set, prune, nil, func(o manifest.Outcome) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.all = append(a.all, o)
			return nil
		})
		a.out, a.err = byName(out), err
	}()
	return a
}

// reports waits until an object was reported as ok wants it.
func (a *applying) reports(what string, ok func(manifest.Outcome) bool) {
	a.s.t.Helper()
	a.s.eventually(what, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return slices.ContainsFunc(a.all, ok)
	})
}

func (a *applying) waits() {
	a.s.t.Helper()
	a.reports("the wait for the Job", func(o manifest.Outcome) bool { return o.Ref == migrationRef && o.State == manifest.Awaited })
}

func (a *applying) done() map[string]manifest.Outcome {
	a.s.t.Helper()
	select {
	case <-a.end:
	case <-time.After(20 * time.Second):
		a.s.t.Fatal("it does not end")
	}
	if a.err != nil {
		a.s.t.Fatal(a.err)
	}
	return a.out
}

func (s *stage) job() *batchv1.Job {
	s.t.Helper()
	j, err := s.admin.BatchV1().Jobs(s.place.Namespace).Get(s.t.Context(), "migrate", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return j
}

// ends gives the Job the status that its controller would give it at its end.
func (s *stage) ends(kind batchv1.JobConditionType, reason string) {
	s.t.Helper()
	j := s.job()
	now, first := metav1.Now(), batchv1.JobSuccessCriteriaMet
	j.Status = batchv1.JobStatus{StartTime: &now}
	if kind == batchv1.JobComplete {
		j.Status.CompletionTime, j.Status.Succeeded = &now, 1
	} else {
		first, j.Status.Failed = batchv1.JobFailureTarget, 1
	}
	for _, t := range []batchv1.JobConditionType{first, kind} {
		j.Status.Conditions = append(j.Status.Conditions, batchv1.JobCondition{Type: t, Status: corev1.ConditionTrue, Reason: reason, Message: "as the cluster says it", LastTransitionTime: now})
	}
	if _, err := s.admin.BatchV1().Jobs(s.place.Namespace).UpdateStatus(s.t.Context(), j, metav1.UpdateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// pod makes a pod of the Job, on no node, so that the test says how it does.
func (s *stage) pod(name string, status corev1.PodStatus) {
	s.t.Helper()
	j, pods := s.job(), s.admin.CoreV1().Pods(s.place.Namespace)
	owner := metav1.NewControllerRef(j, batchv1.SchemeGroupVersion.WithKind("Job"))
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{*owner}, Labels: map[string]string{batchv1.ControllerUidLabel: string(j.UID)}},
		Spec:       j.Spec.Template.Spec,
	}
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/this-test"}}
	p, err := pods.Create(s.t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	p.Status = status
	if _, err := pods.UpdateStatus(s.t.Context(), p, metav1.UpdateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

func running() corev1.PodStatus {
	return corev1.PodStatus{
		Phase:             corev1.PodRunning,
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "migrate", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}}},
	}
}

func exited(code int32, message string) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "migrate", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: "Error", Message: message}},
	}}}
}

var deploymentRef = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}

func TestGateHoldsTheRolloutUntilItsJobSucceeds(t *testing.T) {
	s := newStage(t)
	a := s.begin("shop", s.set("shop", api+"\n---\n"+service+"\n---\n"+migration))
	a.waits()
	s.pod("migrate-1", running())
	a.reports("word of the pod", func(o manifest.Outcome) bool { return o.Note == "1 pod runs" && !o.Since.IsZero() })
	if s.exists(deploymentRef) || !s.exists(manifest.Ref{Version: "v1", Kind: "Service", Name: "api"}) {
		t.Error("while the Job runs, what comes before it has to be there, and what comes after it not")
	}
	s.ends(batchv1.JobComplete, batchv1.JobReasonCompletionsReached)
	out := a.done()
	for name, o := range out {
		if o.State != manifest.Succeeded || o.Op != manifest.Create || o.Note != "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if out["Job migrate"].Took <= 0 || !s.exists(deploymentRef) {
		t.Errorf("%+v", out)
	}

	// The same again passes at once: what is done is not done twice.
	uid := s.job().UID
	again := byName(s.apply("shop", s.set("shop", api+"\n---\n"+service+"\n---\n"+migration)))
	if again["Job migrate"].Op != manifest.Unchanged || s.job().UID != uid {
		t.Errorf("%+v", again["Job migrate"])
	}
}

func TestGateThatFailsStopsTheRolloutAndIsMadeAnewWhenResumed(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", api+"\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}"))
	before := s.dryRun("shop", s.set("shop", api))["Deployment api"].UID
	old := manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "old"}
	set := s.set("shop", strings.Replace(api, "replicas: 3", "replicas: 4", 1)+"\n---\n"+migration)

	a := s.begin("shop", set, old)
	a.waits()
	s.pod("migrate-1", exited(3, "relation users exists already"))
	s.ends(batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded)
	out := a.done()
	p := out["Job migrate"].Problem
	if out["Job migrate"].State != manifest.Broken || p == nil || p.Kind != manifest.GateFailed ||
		!strings.Contains(p.Sentence, "exit code 3") || p.Said != "relation users exists already" {
		t.Errorf("%+v %+v", out["Job migrate"], p)
	}
	if out["Deployment api"].State != manifest.Skipped || out["ConfigMap old"].State != manifest.Skipped || !s.exists(old) {
		t.Errorf("what comes after a gate that failed: %+v", out)
	}
	if d := s.dryRun("shop", set); d["Deployment api"].UID != before || d["Deployment api"].Op != manifest.Change || d["Job migrate"].Gate == nil || d["Job migrate"].Gate.Live != manifest.GateBroken {
		t.Errorf("%+v %+v", d["Deployment api"], d["Job migrate"])
	}

	failed := s.job().UID
	b := s.begin("shop", set, old)
	b.waits()
	if s.job().UID == failed {
		t.Fatal("the Job that failed is still there")
	}
	s.ends(batchv1.JobComplete, batchv1.JobReasonCompletionsReached)
	if out := b.done(); out["Job migrate"].Op != manifest.Create || out["Deployment api"].State != manifest.Succeeded || s.exists(old) {
		t.Errorf("%+v", out)
	}
}

func TestGateThatRunsOutOfTimeSaysWhatItsPodSufferedFrom(t *testing.T) {
	s := newStage(t)
	a := s.begin("shop", s.set("shop", api+"\n---\n"+migration))
	a.waits()
	waiting := corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "migrate", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "ErrImagePull: example.com/api:1: not found"}},
	}}}
	s.pod("migrate-1", waiting)
	a.reports("word of the pod", func(o manifest.Outcome) bool { return strings.Contains(o.Note, "example.com/api:1 cannot be pulled") })
	// The controller deletes the pods of a Job that it ends.
	if err := s.admin.CoreV1().Pods(s.place.Namespace).Delete(t.Context(), "migrate-1", metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		t.Fatal(err)
	}
	a.reports("the end of the pod", func(o manifest.Outcome) bool { return o.Note == "its pod is not made yet" })
	s.ends(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
	p := a.done()["Job migrate"].Problem
	if p == nil || !strings.Contains(p.Sentence, "did not end within 10 min") || !strings.Contains(p.Sentence, "The registry has no `example.com/api:1`") {
		t.Errorf("%+v", p)
	}
}

// What is reported of a pod is said while it is waited for, though its status says nothing of it.
func TestGateSaysWhichCheckFails(t *testing.T) {
	s := newStage(t)
	trial := strings.Replace(strings.Replace(migration, "complete}", "trial}", 1), "containers: [", `initContainers: [{name: web, image: "example.com/api:1", restartPolicy: Always, startupProbe: {httpGet: {path: /admin/, port: 80}, periodSeconds: 5, failureThreshold: 12}}], containers: [`, 1)
	a := s.begin("shop", s.set("shop", api+"\n---\n"+trial))
	a.waits()
	s.pod("migrate-1", corev1.PodStatus{
		Phase:                 corev1.PodPending,
		Conditions:            []corev1.PodCondition{{Type: corev1.PodInitialized, Status: corev1.ConditionFalse}},
		InitContainerStatuses: []corev1.ContainerStatus{{Name: "web", Started: new(bool), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}}},
		ContainerStatuses:     []corev1.ContainerStatus{{Name: "migrate", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}}},
	})
	a.reports("the start", func(o manifest.Outcome) bool { return strings.Contains(o.Note, "its start check may take 60 s") })
	pod, err := s.admin.CoreV1().Pods(s.place.Namespace).Get(t.Context(), "migrate-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const said = "Startup probe failed: HTTP probe failed with statuscode: 404"
	_, err = s.admin.CoreV1().Events(s.place.Namespace).Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: "migrate-"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: s.place.Namespace, Name: pod.Name, UID: pod.UID},
		Type:           corev1.EventTypeWarning, Reason: "Unhealthy", Message: said, LastTimestamp: metav1.Now(), Count: 1,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a.reports("the check that fails", func(o manifest.Outcome) bool { return strings.Contains(o.Note, "its check of /admin/ fails so far") })
	s.ends(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
	if p := a.done()["Job migrate"].Problem; p == nil || p.Said != said || !strings.Contains(p.Sentence, "`/admin/` failed") {
		t.Errorf("%+v", p)
	}
}

func TestGateIsWaitedForAgainByWhoeverComesNext(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", api+"\n---\n"+migration)
	a := s.begin("shop", set)
	a.waits()
	a.stop()
	<-a.end
	if !errors.Is(a.err, context.Canceled) || a.out["Job migrate"].State != manifest.Awaited || a.out["Deployment api"].State != manifest.Waiting || s.exists(deploymentRef) {
		t.Fatalf("%v %+v", a.err, a.out)
	}
	first := s.job().UID
	b := s.begin("shop", set)
	b.waits()
	s.ends(batchv1.JobComplete, batchv1.JobReasonCompletionsReached)
	if out := b.done(); s.job().UID != first || out["Job migrate"].Op != manifest.Unchanged || out["Deployment api"].State != manifest.Succeeded {
		t.Errorf("%+v", out)
	}
}

func TestGateThatSomebodyDeletes(t *testing.T) {
	for name, replace := range map[string]bool{"deleted": false, "deleted and made by somebody": true} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			a := s.begin("shop", s.set("shop", api+"\n---\n"+migration))
			a.waits()
			background := metav1.DeletePropagationBackground
			if err := s.admin.BatchV1().Jobs(s.place.Namespace).Delete(t.Context(), "migrate", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
				t.Fatal(err)
			}
			if replace {
				s.adminDoes("kubectl", "shop", migration)
			}
			out := a.done()
			if p := out["Job migrate"].Problem; p == nil || !strings.Contains(p.Sentence, "was deleted before it had ended") || out["Deployment api"].State != manifest.Skipped {
				t.Errorf("%+v", out)
			}
		})
	}
}

func TestGateOfAnotherApplicationIsLeftAlone(t *testing.T) {
	s := newStage(t)
	a := s.begin("stock", s.set("stock", migration))
	a.waits()
	s.ends(batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded)
	a.done()
	uid := s.job().UID
	b := s.begin("shop", s.set("shop", api+"\n---\n"+migration))
	out := b.done()
	if p := out["Job migrate"].Problem; p == nil || p.Kind != manifest.NotOurs || s.job().UID != uid || out["Deployment api"].State != manifest.Skipped {
		t.Errorf("%+v", out)
	}
}

// Nobody ends this Job, as when the cluster's controllers are down.
func TestGateIsNotWaitedForForEver(t *testing.T) {
	t.Cleanup(kube.SetGateGrace(200 * time.Millisecond))
	short := strings.Replace(migration, "activeDeadlineSeconds: 600", "activeDeadlineSeconds: 1", 1)
	t.Run("the cluster answers", func(t *testing.T) {
		s := newStage(t)
		out := s.begin("shop", s.set("shop", api+"\n---\n"+short)).done()
		if o := out["Job migrate"]; o.State != manifest.Broken || !strings.Contains(o.Problem.Sentence, "It has not ended") || out["Deployment api"].State != manifest.Skipped {
			t.Errorf("%+v", out)
		}
	})
	t.Run("the cluster is away", func(t *testing.T) {
		s := newStage(t)
		w := newWire(t, s.world)
		s.cs = s.portal(t, s.kubeconfig(t, w.url(), nil))
		a := s.begin("shop", s.set("shop", api+"\n---\n"+short))
		a.waits()
		w.set(func() { w.cut = true })
		w.drop()
		out := a.done()
		if o := out["Job migrate"]; o.State != manifest.Lost || !strings.Contains(o.Problem.Sentence, "was not heard of") || out["Deployment api"].State != manifest.Skipped {
			t.Errorf("%+v", out)
		}
	})
}

// A watch that is cut while a Job is waited for goes on when the cluster answers again.
func TestGateSurvivesACutWatch(t *testing.T) {
	s := newStage(t)
	w := newWire(t, s.world)
	s.cs = s.portal(t, s.kubeconfig(t, w.url(), nil))
	a := s.begin("shop", s.set("shop", api+"\n---\n"+migration))
	a.waits()
	w.set(func() { w.cut = true })
	w.drop()
	s.ends(batchv1.JobComplete, batchv1.JobReasonCompletionsReached)
	time.Sleep(300 * time.Millisecond)
	if s.exists(deploymentRef) {
		t.Fatal("the portal is cut off and goes on all the same")
	}
	w.set(func() { w.cut = false })
	if out := a.done(); out["Deployment api"].State != manifest.Succeeded {
		t.Errorf("%+v", out)
	}
}

func TestGateEndsWhenNothingCanBeRecorded(t *testing.T) {
	s := newStage(t)
	full := errors.New("the disk is full")
	var waits bool
	_, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", s.set("shop", api+"\n---\n"+migration), nil, nil, func(o manifest.Outcome) error {
		if o.State == manifest.Awaited {
			waits = true
			return full
		}
		return nil
	})
	if !waits || !errors.Is(err, full) || s.exists(deploymentRef) {
		t.Errorf("waited %t, %v", waits, err)
	}
}

// A template that may leave its namespace may have a gate elsewhere. It is watched where it is.
func TestGateInAnotherNamespace(t *testing.T) {
	for how, says := range map[batchv1.JobConditionType]string{batchv1.JobComplete: "", batchv1.JobFailed: "exit code 3"} {
		t.Run(string(how), func(t *testing.T) {
			s, other := newStage(t), newStage(t)
			there := strings.Replace(migration, "name: migrate,", "name: migrate, namespace: "+other.place.Namespace+",", 1)
			a := s.begin("shop", s.set("shop", api+"\n---\n"+there))
			a.reports("the wait for the Job", func(o manifest.Outcome) bool { return o.Ref.Kind == "Job" && o.State == manifest.Awaited })
			other.pod("migrate-1", running())
			a.reports("word of the pod", func(o manifest.Outcome) bool { return o.Note == "1 pod runs" })
			if says != "" {
				other.pod("migrate-2", exited(3, "relation users exists already"))
			}
			other.ends(how, "")
			o := a.done()["Job migrate in namespace "+other.place.Namespace]
			if says == "" && o.State != manifest.Succeeded || says != "" && (o.Problem == nil || !strings.Contains(o.Problem.Sentence, says)) {
				t.Errorf("%+v, %+v", o, o.Problem)
			}
		})
	}
}
