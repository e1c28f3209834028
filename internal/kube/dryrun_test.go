package kube_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
)

const settings = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue, size: "1"}`

const api = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, slipway.dev/app: shop}}
    spec:
      containers: [{name: api, image: "example.com/api:1"}]`

const password = `
apiVersion: v1
kind: Secret
metadata: {name: password}
stringData: {value: hunter2-very-secret, other: same-in-both-runs}`

var settingsRef = manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "settings"}

// apply writes a set and wants everything to succeed.
func (s *stage) apply(app string, set manifest.Set, prune ...manifest.Ref) []manifest.Outcome {
	s.t.Helper()
	out, err := s.cs.Apply(s.t.Context(), s.as, s.place, app, set, prune, nil, func(manifest.Outcome) error { return nil })
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range out {
		if o.State != manifest.Succeeded {
			s.t.Fatalf("%s: %s %+v", o.Ref, o.State, o.Problem)
		}
	}
	return out
}

func TestDryRunTellsWhatWouldBe(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", settings+"\n---\n"+api)

	first := s.dryRun("shop", set)
	d := first["Deployment api"]
	if d.Op != manifest.Create || d.Problem != nil || d.Before != "" || !strings.Contains(d.After, "progressDeadlineSeconds: 600") || d.PodsWanted != 3 || d.PodsLive != 0 || d.UID != "" {
		t.Errorf("a new object: %+v", d)
	}
	if s.exists(settingsRef) {
		t.Fatal("a dry run wrote something")
	}

	s.apply("shop", set)
	if n := s.dryRun("shop", set)["Deployment api"].PodsLive; n != 3 {
		t.Errorf("%d pods are counted before they have started, of 3 that are asked for", n)
	}
	for name, d := range s.dryRun("shop", set) {
		if d.Op != manifest.Unchanged || len(d.Fields) > 0 || d.UID == "" || d.Before != d.After {
			t.Errorf("%s applied a moment ago: %+v", name, d)
		}
	}

	changed := s.set("shop", strings.Replace(settings, "blue", "red", 1)+"\n---\n"+api)
	d = s.dryRun("shop", changed)["ConfigMap settings"]
	if d.Op != manifest.Change || len(d.Fields) != 1 || d.Fields[0].From != "blue" || d.Fields[0].To != "red" {
		t.Errorf("a changed object: %+v", d)
	}
	if strings.Contains(d.Before+d.After, "managedFields") {
		t.Error("managed fields are shown")
	}

	gone := manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "long-gone"}
	pruned := s.dryRun("shop", nil, settingsRef, gone)
	if d := pruned["ConfigMap settings"]; d.Op != manifest.Delete || !strings.Contains(d.Before, "blue") || d.After != "" || d.UID == "" {
		t.Errorf("a deletion: %+v", d)
	}
	if d := pruned["ConfigMap long-gone"]; d.Op != manifest.Unchanged || d.Problem != nil {
		t.Errorf("the deletion of what is gone: %+v", d)
	}
}

func TestDryRunHidesSecrets(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", password))
	set := s.set("shop", strings.Replace(password, "hunter2-very-secret", "correct-horse-battery", 1))
	ds, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(ds[0].Fields) != 1 || ds[0].Op != manifest.Change {
		t.Errorf("want one changed value: %+v", ds[0].Fields)
	}
	// The API server quotes the value that it cannot take, which must not get out either.
	bad := s.set("shop", strings.Replace(password, "stringData: {value: hunter2-very-secret", "data: {value: hunter2-very-secret", 1))
	refused, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", bad, nil)
	if err != nil {
		t.Fatal(err)
	}
	if refused[0].Problem == nil {
		t.Fatal("a Secret that is not base64 was taken")
	}
	text, err := json.Marshal(append(ds, refused...))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"hunter2", "correct-horse", "aHVudGVyMi12ZXJ5LXNlY3JldA", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "same-in-both"} {
		if strings.Contains(string(text), value) {
			t.Errorf("the result holds %q: %s", value, text)
		}
	}
}

func TestDryRunNamesConflicts(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.set("shop", api))
	s.adminDoes("kubectl-edit", "", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 5
  template: {spec: {containers: [{name: api, image: "example.com/api:hotfix"}]}}`)
	d := s.dryRun("shop", s.set("shop", strings.Replace(api, "api:1", "api:2", 1)))["Deployment api"]
	want := map[string][2]string{
		".spec.replicas": {"5", "3"},
		`.spec.template.spec.containers[name="api"].image`: {"example.com/api:hotfix", "example.com/api:2"},
	}
	if len(d.Conflicts) != len(want) {
		t.Fatalf("conflicts: %+v", d.Conflicts)
	}
	for _, c := range d.Conflicts {
		w := want[c.Field]
		if c.Manager != "kubectl-edit" || c.Live != w[0] || c.Wanted != w[1] || time.Since(c.Since) > time.Minute {
			t.Errorf("conflict %+v, want %v", c, w)
		}
	}
	if d.Problem != nil || d.Op != manifest.Change || !strings.Contains(d.After, "api:2") {
		t.Errorf("beside the conflict: %+v", d)
	}
}

func TestDryRunSaysWhyNot(t *testing.T) {
	s := newStage(t)
	many := resource.MustParse("1")
	_, err := s.admin.CoreV1().ResourceQuotas(s.place.Namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/services": many}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.adminDoes("somebody", "", "{apiVersion: v1, kind: Service, metadata: {name: there}, spec: {ports: [{port: 80}]}}")
	s.adminDoes("somebody", "", "{apiVersion: v1, kind: ConfigMap, metadata: {name: nobodys}}")
	s.apply("stock", s.set("stock", "{apiVersion: v1, kind: ConfigMap, metadata: {name: stocks}}"))
	s.eventually("the quota", func() bool { // the controller that counts is slow at times
		quotas := s.admin.CoreV1().ResourceQuotas(s.place.Namespace)
		q, err := quotas.Get(t.Context(), "small", metav1.GetOptions{})
		if err != nil {
			return false
		}
		full := corev1.ResourceList{"count/services": many}
		q.Status = corev1.ResourceQuotaStatus{Hard: full, Used: full}
		_, err = quotas.UpdateStatus(t.Context(), q, metav1.UpdateOptions{})
		return err == nil
	})
	for _, c := range []struct {
		name, text, word, field string
		kind                    manifest.ProblemKind
	}{
		{"quota", "{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 80}]}}", "The quota small would be exceeded", "", manifest.Quota},
		{"invalid field", strings.Replace(api, "replicas: 3", "replicas: -1", 1), "must be greater than or equal to 0", ".spec.replicas", manifest.InvalidField},
		{"unknown field", strings.Replace(api, "replicas: 3", "replicaz: 3", 1), "no field .spec.replicaz", ".spec.replicaz", manifest.InvalidField},
		{"a mistyped field", "{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: 80}}", "must be a list", ".spec.ports", manifest.InvalidField},
		{"a bad name", "{apiVersion: v1, kind: ConfigMap, metadata: {name: Ümlaut}}", "", ".metadata.name", manifest.InvalidField},
		{"a name that leads elsewhere", "{apiVersion: v1, kind: ConfigMap, metadata: {name: ../secrets/x}}", "cannot be used", ".metadata.name", manifest.InvalidField},
		{"unknown kind", "{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}}", "no kind Widget in example.com/v1", "", manifest.NoKind},
		{"team may not", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x}, spec: {podSelector: {}}}", "may not", "", manifest.Forbidden},
		{"nobody's", "{apiVersion: v1, kind: ConfigMap, metadata: {name: nobodys}}", "no application of this portal", "", manifest.NotOurs},
		{"another application's", "{apiVersion: v1, kind: ConfigMap, metadata: {name: stocks}}", "the application stock", "", manifest.NotOurs},
	} {
		t.Run(c.name, func(t *testing.T) {
			ds, err := s.cs.DryRun(t.Context(), s.as, s.place, "shop", s.set("shop", c.text), nil)
			if err != nil {
				t.Fatal(err)
			}
			p := ds[0].Problem
			if p == nil || p.Kind != c.kind || !strings.Contains(p.Sentence, c.word) || p.Field != c.field {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestDryRunMissingNamespace(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", settings)
	s.place.Namespace = "not-there-" + s.run
	set[0].SetNamespace(s.place.Namespace)
	p := s.dryRun("shop", set)["ConfigMap settings"].Problem
	if p == nil || p.Kind != manifest.NoNamespace || !strings.Contains(p.Sentence, s.place.Namespace) {
		t.Errorf("%+v", p)
	}
}

func TestDryRunPodSecurity(t *testing.T) {
	s := newStage(t, "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted")
	ds := s.dryRun("shop", s.set("shop", api+"\n---\n"+`
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {serviceAccountName: default, automountServiceAccountToken: false, containers: [{name: c, image: "example.com/c:1"}]}`))
	if p := ds["Pod bare"].Problem; p == nil || p.Kind != manifest.Admission || !strings.Contains(p.Sentence, "Pod Security restricted") {
		t.Errorf("a pod that is not restricted: %+v", p)
	}
	if d := ds["Deployment api"]; d.Problem != nil || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "would violate PodSecurity") {
		t.Errorf("the API server's warning: %+v", d)
	}
}

func TestDryRunOfNeighboursThatAreNew(t *testing.T) {
	s := newStage(t)
	ds := s.dryRun("shop", s.set("shop", `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {serviceAccountName: reader, containers: [{name: c, image: "example.com/c:1"}]}`))
	for name, d := range ds {
		if d.Problem != nil || d.Op != manifest.Create || d.After == "" {
			t.Errorf("%s: %+v %+v", name, d, d.Problem)
		}
	}
	for _, name := range []string{"RoleBinding reader", "Pod bare"} {
		if !ds[name].Untried {
			t.Errorf("%s could not be tried, and nothing says so", name)
		}
	}
}

func TestPruneLeavesOthersAlone(t *testing.T) {
	s := newStage(t)
	s.apply("stock", s.set("stock", settings))
	d := s.dryRun("shop", nil, settingsRef)["ConfigMap settings"]
	if d.Op != manifest.Unchanged || d.Problem != nil || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "application stock") {
		t.Errorf("%+v", d)
	}
	if out := s.apply("shop", nil, settingsRef); out[0].Op != manifest.Unchanged || !s.exists(settingsRef) {
		t.Errorf("another application's object was deleted: %+v", out)
	}
}

func TestRightsEndWithTheTeam(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", settings)
	s.as = actingFor(s.other)
	if p := s.dryRun("shop", set)["ConfigMap settings"].Problem; p == nil || p.Kind != manifest.Forbidden || !strings.Contains(p.Sentence, "portal's account may not act for the team "+s.other) {
		t.Errorf("a team that the portal may not act as: %+v", p)
	}
	for _, team := range []string{"", "system:masters", "System:masters", "a b", "a\nb", "x/y"} {
		_, err := s.cs.DryRun(t.Context(), actingFor(team), s.place, "shop", set, nil)
		if !errors.Is(err, kube.ErrIdentity) {
			t.Errorf("team %q: %v", team, err)
		}
		_, err = s.cs.Apply(t.Context(), actingFor(team), s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil })
		if !errors.Is(err, kube.ErrIdentity) {
			t.Errorf("team %q: %v", team, err)
		}
	}
	if s.exists(settingsRef) {
		t.Error("something was written")
	}
}
