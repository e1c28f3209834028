package kube_test

import (
	"slices"
	"strings"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

const (
	scaledAPI = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  REPLICAS
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: c, image: "example.com/c:TAG"}]}`
	// The cluster's own controller leaves it alone: there are no metrics, and never too few pods.
	autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec:
  minReplicas: 1
  maxReplicas: 6
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]`
)

func (s *stage) fixed(replicas, tag string) manifest.Set {
	return s.set("shop", strings.NewReplacer("REPLICAS", "replicas: "+replicas, "TAG", tag).Replace(scaledAPI))
}

func (s *stage) byLoad(tag string) manifest.Set {
	return s.set("shop", strings.NewReplacer("REPLICAS", "minReadySeconds: 0", "TAG", tag).Replace(scaledAPI)+"\n---\n"+autoscaler)
}

// autoscale does what the autoscaler's controller does: it sets the number through the scale subresource.
func (s *stage) autoscale(n int32) {
	s.t.Helper()
	d := s.admin.AppsV1().Deployments(s.place.Namespace)
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "api", Namespace: s.place.Namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: n}}
	if _, err := d.UpdateScale(s.t.Context(), "api", scale, metav1.UpdateOptions{FieldManager: "kube-controller-manager"}); err != nil {
		s.t.Fatal(err)
	}
}

// replicas are how many pods are asked for, and who says so.
func (s *stage) replicas() (n int32, owners []string) {
	s.t.Helper()
	d, err := s.admin.AppsV1().Deployments(s.place.Namespace).Get(s.t.Context(), "api", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range d.ManagedFields {
		if m.FieldsV1 != nil && strings.Contains(m.FieldsV1.GetRawString(), `"f:replicas"`) && m.Subresource != "status" {
			owners = append(owners, m.Manager)
		}
	}
	return *d.Spec.Replicas, owners
}

var scaler = manifest.Ref{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Name: "api"}

// What an autoscaler has set stays through later changes of other things.
func TestAutoscalersNumberStays(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.byLoad("1"))
	s.autoscale(5)
	if d := s.dryRun("shop", s.byLoad("2"))["Deployment api"]; d.Problem != nil || len(d.Conflicts) > 0 || d.PodsWanted != 5 || len(d.Fields) != 1 {
		t.Errorf("%+v", d)
	}
	s.apply("shop", s.byLoad("2"))
	if n, owners := s.replicas(); n != 5 {
		t.Errorf("%d pods, of %v", n, owners)
	}
}

func TestFromAFixedNumberToAnAutoscaler(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.fixed("4", "1"))
	set := s.byLoad("1")
	d := s.dryRun("shop", set)["Deployment api"]
	if d.Problem != nil || len(d.Conflicts) > 0 || d.PodsWanted != 4 || d.Op != manifest.Unchanged {
		t.Errorf("the plan: %+v", d)
	}
	s.apply("shop", set)
	n, owners := s.replicas()
	if n != 4 || len(owners) != 1 || owners[0] == manifest.FieldManager {
		t.Fatalf("%d pods, of %v", n, owners)
	}
	s.apply("shop", set) // once more changes nothing
	s.autoscale(6)
	s.apply("shop", set)
	if n, owners := s.replicas(); n != 6 || strings.Join(owners, " ") != "kube-controller-manager" {
		t.Errorf("%d pods, of %v", n, owners)
	}
}

// An autoscaler does nothing for a workload of which no pods are asked for, so it gets its least number.
func TestFromNoPodsToAnAutoscaler(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.fixed("0", "1"))
	set := s.byLoad("1")
	for _, u := range set {
		if u.GetKind() == "HorizontalPodAutoscaler" {
			u.Object["spec"].(map[string]any)["minReplicas"] = int64(2)
		}
	}
	if d := s.dryRun("shop", set)["Deployment api"]; d.Problem != nil || d.PodsWanted != 2 {
		t.Errorf("the plan: %+v", d)
	}
	s.apply("shop", set)
	if n, owners := s.replicas(); n != 2 {
		t.Errorf("%d pods, of %v", n, owners)
	}
}

func TestFromAnAutoscalerToAFixedNumber(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.byLoad("1"))
	s.autoscale(5)
	set := s.fixed("3", "1")
	d := s.dryRun("shop", set, scaler)["Deployment api"]
	if d.Problem != nil || len(d.Conflicts) > 0 || d.PodsWanted != 3 || len(d.Fields) == 0 {
		t.Fatalf("the plan: %+v", d)
	}
	s.apply("shop", set, scaler)
	if n, owners := s.replicas(); n != 3 || strings.Join(owners, " ") != manifest.FieldManager {
		t.Errorf("%d pods, of %v", n, owners)
	}
	s.apply("shop", s.fixed("1", "1"))
	if n, _ := s.replicas(); n != 1 {
		t.Errorf("%d pods after the next change", n)
	}
}

// There and back again: the number that the autoscaler was given is taken back, though other autoscalers
// are in the namespace.
func TestToAnAutoscalerAndBack(t *testing.T) {
	s := newStage(t)
	s.adminDoes("kubectl", "", strings.NewReplacer("name: api}", "name: other}", "name: api\n", "name: other\n").Replace(autoscaler))
	s.apply("shop", s.fixed("2", "1"))
	s.apply("shop", s.byLoad("1"))
	if _, owners := s.replicas(); !slices.Contains(owners, "slipway-handover") {
		t.Fatalf("the number is of %v", owners)
	}
	set := s.fixed("3", "1")
	if d := s.dryRun("shop", set, scaler)["Deployment api"]; d.Problem != nil || len(d.Conflicts) > 0 || d.PodsWanted != 3 {
		t.Fatalf("the plan: %+v", d)
	}
	s.apply("shop", set, scaler)
	if n, owners := s.replicas(); n != 3 || strings.Join(owners, " ") != manifest.FieldManager {
		t.Errorf("%d pods, of %v", n, owners)
	}
	s.autoscale(5) // as it may still have been about to
	if d := s.dryRun("shop", s.fixed("4", "1"))["Deployment api"]; len(d.Conflicts) > 0 || d.PodsWanted != 4 {
		t.Errorf("the next plan: %+v", d)
	}
}

// An interrupted change has deleted the autoscaler, and goes on all the same.
func TestFromAnAutoscalerThatIsGoneAlready(t *testing.T) {
	s := newStage(t)
	s.apply("shop", s.byLoad("1"))
	s.autoscale(5)
	s.apply("shop", nil, scaler)
	set := s.fixed("3", "1")
	if d := s.dryRun("shop", set)["Deployment api"]; len(d.Conflicts) > 0 || d.PodsWanted != 3 {
		t.Errorf("the plan: %+v", d)
	}
	s.apply("shop", set)
	if n, _ := s.replicas(); n != 3 {
		t.Errorf("%d pods", n)
	}
}

// The number is taken from nobody else: an autoscaler that somebody has made by hand, and a person who
// scales, keep it, as any field that is theirs.
func TestANumberOfSomebodyElseIsNotTaken(t *testing.T) {
	for name, take := range map[string]func(*stage){
		"an autoscaler made by hand": func(s *stage) {
			s.adminDoes("kubectl", "", strings.Replace(autoscaler, "name: api}", "name: by-hand}", 1))
			s.autoscale(5)
		},
		"a person": func(s *stage) {
			s.adminDoes("kubectl-edit", "shop", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 5, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: 'example.com/c:1'}]}}}")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.apply("shop", s.fixed("1", "1"))
			take(s)
			set := s.fixed("3", "1")
			d := s.dryRun("shop", set)["Deployment api"]
			if len(d.Conflicts) != 1 || d.Conflicts[0].Field != ".spec.replicas" {
				t.Errorf("the plan: %+v", d)
			}
			out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil })
			if err != nil || byName(out)["Deployment api"].State != manifest.Broken {
				t.Errorf("%+v, %v", out, err)
			}
			if n, _ := s.replicas(); n != 5 {
				t.Errorf("%d pods", n)
			}
		})
	}
}
