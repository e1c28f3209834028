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
	aService = `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP, selector: {app: web}}, status: {loadBalancer: {}}}`
	aSlice   = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-x, labels: {kubernetes.io/service-name: web}}, endpoints: [ENDPOINTS]}`
	aPod     = `{apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}, creationTimestamp: "2026-11-21T09:00:00Z"}, spec: {containers: [{name: web, image: web}]}, status: STATUS}`
	crashing = `{phase: Running, conditions: [{type: PodScheduled, status: "True"}, {type: Ready, status: "False", lastTransitionTime: "2026-11-21T09:00:00Z"}], containerStatuses: [{name: web, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}`
	starting = `{phase: Pending, conditions: [{type: PodScheduled, status: "True"}], containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]}`
	running  = `{phase: Running, conditions: [{type: PodScheduled, status: "True"}, {type: Ready, status: "True"}], containerStatuses: [{name: web, ready: true, started: true, state: {running: {startedAt: "2026-11-21T09:00:00Z"}}}]}`
	asleep   = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, generation: 1}, spec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}, status: {observedGeneration: 1}}`
	aScaler  = `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {maxReplicas: 4, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}, status: {STATUS}}`
	busy     = `currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 91}}}]`
	able     = `{type: AbleToScale, status: "True", reason: ReadyForNewScale}`
	aBudget  = `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, generation: 1}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}, status: {STATUS}}`
	aClaim   = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: fast, resources: {requests: {storage: 2Gi}}}, status: STATUS}`
	aCert    = `{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, generation: 2, creationTimestamp: "2026-11-21T09:00:00Z"}, spec: {}STATUS}`
)

func with(text, what string) string {
	return strings.NewReplacer("STATUS", what, "ENDPOINTS", what).Replace(text)
}

// What stands around workloads has a true word in each state. wrong is what is said of it under what went
// wrong, "" for nothing.
func TestAround(t *testing.T) {
	young, old := `lastTransitionTime: "2026-11-21T09:59:00Z"`, `lastTransitionTime: "2026-11-21T09:30:00Z"`
	for _, tc := range []struct {
		name, kind string
		objects    []string
		event      string // its reason
		want       string
		wrong      string
	}{
		{"service that answers", "Service", []string{aService, with(aSlice, `{conditions: {ready: true}}, {conditions: {ready: false}}`), with(aPod, running)}, "", "ready, 1 endpoint", ""},
		{"service of a crashing pod", "Service", []string{aService, with(aSlice, `{conditions: {ready: false}}`), with(aPod, crashing)}, "", "pending, no pod behind it is ready", ""},
		{"service of a starting pod", "Service", []string{aService, with(aSlice, ""), with(aPod, starting)}, "", "progressing, no pod behind it is ready yet", ""},
		{"service of no pods on purpose", "Service", []string{aService, with(aSlice, ""), asleep}, "", "paused, no pods behind it, on purpose", ""},
		{"service that selects nothing of ours", "Service", []string{aService, with(aSlice, "")}, "", "pending, there is no pod behind it", ""},
		{"service that nobody has looked at", "Service", []string{aService}, "", "progressing, computing…", ""},
		{"service without selector", "Service", []string{`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP}}`}, "", "pending, selects no pods, and nobody gave it endpoints", ""},
		{"service that is a name", "Service", []string{`{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ExternalName, externalName: db.example.com}}`}, "", "ready, another name for db.example.com", ""},
		{"service that waits for a balancer", "Service", []string{strings.ReplaceAll(aService, "ClusterIP", "LoadBalancer"), with(aSlice, `{conditions: {ready: true}}`), with(aPod, running)}, "", "pending, 1 endpoint, but no controller has given it an address", ""},
		{"service that goes", "Service", []string{strings.ReplaceAll(aService, "name: web}", `name: web, deletionTimestamp: "2026-11-21T09:59:59Z"}`)}, "", "progressing, is being deleted", ""},

		{"ingress without address", "Ingress", []string{`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{host: a}]}, status: {loadBalancer: {}}}`}, "", "pending, no controller has given it an address", ""},
		{"ingress with address", "Ingress", []string{`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{host: a}, {host: b}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}`}, "", "ready, 2 addresses", ""},

		{"autoscaler that is new", "HorizontalPodAutoscaler", []string{with(aScaler, "")}, "", "progressing, computing…", ""},
		{"autoscaler that works", "HorizontalPodAutoscaler", []string{with(aScaler, busy+`, conditions: [`+able+`, {type: ScalingActive, status: "True"}]`)}, "", "ready, CPU 91 of 80 %", ""},
		{"autoscaler at its end", "HorizontalPodAutoscaler", []string{with(aScaler, busy+`, conditions: [`+able+`, {type: ScalingActive, status: "True"}, {type: ScalingLimited, status: "True", reason: TooManyReplicas}]`)}, "", "ready, CPU 91 of 80 %, no more than 4 pods allowed", ""},
		{"autoscaler that has not measured yet", "HorizontalPodAutoscaler", []string{with(aScaler, `conditions: [`+able+`, {type: ScalingActive, status: "False", reason: FailedGetResourceMetric, `+young+`}]`)}, "", "pending, cannot read how busy the pods are", ""},
		{"autoscaler that cannot measure", "HorizontalPodAutoscaler", []string{with(aScaler, `conditions: [`+able+`, {type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: no metrics, `+old+`}]`)}, "", "pending, cannot read how busy the pods are", "does not scale > no metrics"},
		{"autoscaler that may not scale", "HorizontalPodAutoscaler", []string{with(aScaler, `conditions: [{type: AbleToScale, status: "False", reason: FailedGetScale, message: not found, `+old+`}]`)}, "", "pending, cannot change the number of pods", "does not scale > not found"},
		{"autoscaler of no pods on purpose", "HorizontalPodAutoscaler", []string{with(aScaler, `conditions: [`+able+`, {type: ScalingActive, status: "False", reason: ScalingDisabled}]`)}, "", "paused, its workload has no pods, on purpose", ""},

		{"budget that is new", "PodDisruptionBudget", []string{with(aBudget, "")}, "", "progressing, computing…", ""},
		{"budget with room", "PodDisruptionBudget", []string{with(aBudget, "observedGeneration: 1, disruptionsAllowed: 2, expectedPods: 3, currentHealthy: 3, desiredHealthy: 1")}, "", "ready, 2 may be away", ""},
		{"budget without room", "PodDisruptionBudget", []string{with(aBudget, "observedGeneration: 1, disruptionsAllowed: 0, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1")}, "", "ready, none may be away now", ""},
		{"budget of nothing", "PodDisruptionBudget", []string{with(aBudget, "observedGeneration: 1, disruptionsAllowed: 0, expectedPods: 0")}, "", "ready, matches no pods", ""},
		{"budget that cannot count", "PodDisruptionBudget", []string{with(aBudget, `observedGeneration: 1, expectedPods: 1, conditions: [{type: DisruptionAllowed, status: "False", reason: SyncFailed, message: "found no controllers for pod"}]`)}, "", "pending, cannot count its pods: found no controllers for pod", ""},

		{"claim that is bound", "PersistentVolumeClaim", []string{with(aClaim, "{phase: Bound, capacity: {storage: 2Gi}}")}, "", "ready, bound, 2Gi", ""},
		{"claim that waits", "PersistentVolumeClaim", []string{with(aClaim, "{phase: Pending}")}, "", "pending, has no volume yet", ""},
		{"claim that waits for its pod", "PersistentVolumeClaim", []string{with(aClaim, "{phase: Pending}")}, "WaitForFirstConsumer", "pending, gets a volume when a pod uses it", ""},
		{"claim that gets none", "PersistentVolumeClaim", []string{with(aClaim, "{phase: Pending}")}, "ProvisioningFailed", "pending, gets no volume", "gets no volume > the cluster's words"},
		{"claim that grows", "PersistentVolumeClaim", []string{with(aClaim, `{phase: Bound, capacity: {storage: 1Gi}, conditions: [{type: FileSystemResizePending, status: "True"}]}`)}, "", "progressing, is enlarged from 1Gi to 2Gi", ""},
		{"claim without its volume", "PersistentVolumeClaim", []string{with(aClaim, "{phase: Lost}")}, "", "failed, its volume is lost", "has lost its volume > "},

		{"certificate of which nothing is reported", "Certificate", []string{with(aCert, "")}, "", "ready, nothing reports how it is", ""},
		{"certificate that is there", "Certificate", []string{with(aCert, `, status: {conditions: [{type: Ready, status: "True", message: Certificate is up to date}]}`)}, "", "ready", ""},
		{"certificate on its way", "Certificate", []string{with(aCert, `, status: {conditions: [{type: Ready, status: "False", message: Issuing., `+young+`}]}`)}, "", "progressing, Issuing", ""},
		{"certificate that does not come", "Certificate", []string{with(aCert, `, status: {conditions: [{type: Ready, status: "False", message: no such issuer, `+old+`}]}`)}, "", "pending, no such issuer", "does not get ready > no such issuer"},
		{"certificate that is worked on for long", "Certificate", []string{with(aCert, `, status: {conditions: [{type: Ready, status: "False", `+old+`}, {type: Reconciling, status: "True", message: third of five}]}`)}, "", "progressing, third of five", ""},
		{"certificate that is stuck", "Certificate", []string{with(aCert, `, status: {conditions: [{type: Stalled, status: "True", message: no account}]}`)}, "", "failed", "failed > no account"},
		{"certificate of another generation", "Certificate", []string{with(aCert, `, status: {observedGeneration: 1, conditions: [{type: Ready, status: "True"}]}`)}, "", "progressing, computing…", ""},
		{"certificate that goes", "Certificate", []string{strings.ReplaceAll(with(aCert, `, status: {conditions: [{type: Ready, status: "False"}]}`), "generation: 2", `deletionTimestamp: "2026-11-21T09:59:59Z"`)}, "", "progressing, is being deleted", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := status.Input{Key: key, Now: now, Synced: true}
			for _, text := range tc.objects {
				in.Objects = append(in.Objects, object(t, text))
			}
			if tc.event != "" {
				in.Events = []status.Event{{Time: now.Add(-time.Minute), Word: status.Failed, Object: manifest.RefOf(in.Objects[0]), Reason: tc.event, Message: "the cluster's words", Count: 1}}
			}
			s := status.Evaluate(in)
			n := nodeOf(s.Tree, tc.kind)
			if got := strings.TrimSuffix(string(n.Word)+", "+n.Reason, ", "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			wrong := ""
			for _, w := range s.Wrong {
				if w.Ref.Kind == tc.kind {
					wrong = w.Title + " > " + w.Said
				}
			}
			if wrong != tc.wrong {
				t.Errorf("what is wrong: got %q, want %q", wrong, tc.wrong)
			}
		})
	}
}

func object(t testing.TB, text string) manifest.Object {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := new(unstructured.Unstructured)
	if err := u.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	if u.GetNamespace() == "" {
		u.SetNamespace(key.Namespace)
	}
	return u
}

// nodeOf finds the first node of a kind.
func nodeOf(nodes []status.Node, kind string) status.Node {
	for _, n := range nodes {
		if n.Ref.Kind == kind {
			return n
		}
		if found := nodeOf(n.Children, kind); found.Ref.Kind != "" {
			return found
		}
	}
	return status.Node{}
}

// An object that was applied and is not there is told, unless it goes by itself or may still come.
func TestAbsent(t *testing.T) {
	ref := func(group, kind, name string) manifest.Ref {
		return manifest.Ref{Group: group, Version: "v1", Kind: kind, Name: name}
	}
	all := []manifest.Ref{ref("apps", "Deployment", "web"), ref("", "Service", "web"), ref("batch", "Job", "migrate")}
	here := []manifest.Object{object(t, aService)}
	cert := ref("cert-manager.io", "Certificate", "web")
	for _, tc := range []struct {
		name    string
		in      status.Input
		verdict status.Word
		says    string
		wrong   string
		due     bool
	}{
		{"a workload", status.Input{Objects: here, Expected: all, Applied: now.Add(-time.Hour)}, status.Failed, "Deployment web is not in the cluster", "web is not in the cluster", false},
		{"everything", status.Input{Expected: all, Applied: now.Add(-time.Hour)}, status.Failed, "Deployment web and 1 more object are not in the cluster", "web and 1 more object are not in the cluster", false},
		{"a moment ago", status.Input{Objects: here, Expected: all, Applied: now.Add(-time.Second)}, status.Progressing, "1 of 1 object is progressing", "", true},
		{"a job that is done", status.Input{Objects: here, Expected: all[1:], Applied: now.Add(-time.Hour)}, status.Progressing, "1 of 1 object is progressing", "", false},
		{"what may not be seen", status.Input{Objects: here, Unseen: []status.Unseen{{Ref: cert, Why: status.NotAllowed}}}, status.Unknown, "1 of 2 objects is unknown", "", false},
		{"what the cluster does not know", status.Input{Objects: here, Unseen: []status.Unseen{{Ref: cert, Why: status.NoSuchKind}}}, status.Failed, "Certificate web is of a kind that the cluster does not have", "web is of a kind that the cluster does not have", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.Key, tc.in.Now, tc.in.Synced = key, now, true
			s := status.Evaluate(tc.in)
			if s.Verdict != tc.verdict || s.Sentence != tc.says || s.Due.IsZero() == tc.due {
				t.Errorf("got %s %q, due %s", s.Verdict, s.Sentence, s.Due)
			}
			wrong := ""
			for _, w := range s.Wrong {
				wrong += w.Ref.Name + " " + w.Title
			}
			if wrong != tc.wrong {
				t.Errorf("what is wrong: %q", wrong)
			}
		})
	}
}
