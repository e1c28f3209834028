package charts_test

import (
	"slices"
	"strings"
	"testing"

	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"slipway.dev/slipway/internal/manifest"
)

// made is what a template makes of inputs for an application.
func made(t *testing.T, name, app, text string) manifest.Set {
	t.Helper()
	r := release
	r.App = app
	out, err := template(t, name).Render(t.Context(), inputs(t, text), r)
	if err != nil {
		t.Fatal(err)
	}
	return out.Set
}

// podLabels are the labels of all pods that a set makes, by what makes them: "Job shop-migrate".
func podLabels(set manifest.Set) map[string]labels.Set {
	all := map[string]labels.Set{}
	for _, u := range set {
		template, ok := field(u, "spec", "template").(map[string]any)
		if !ok {
			continue
		}
		var m metav1.ObjectMeta
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template["metadata"].(map[string]any), &m); err != nil {
			panic(err)
		}
		name := u.GetName()
		if u.GetKind() == "Job" { // what follows tells contents apart
			name = name[:strings.LastIndexByte(name, '-')]
		}
		all[u.GetKind()+" "+name] = m.Labels
	}
	return all
}

func policies(t *testing.T, set manifest.Set) map[string]netv1.NetworkPolicy {
	t.Helper()
	all := map[string]netv1.NetworkPolicy{}
	for _, u := range set {
		if u.GetKind() != "NetworkPolicy" {
			continue
		}
		var p netv1.NetworkPolicy
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &p); err != nil {
			t.Fatal(err)
		}
		all[p.Name] = p
	}
	return all
}

func matches(t *testing.T, s *metav1.LabelSelector, pod labels.Set) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(pod)
}

// shopWithJobs is a service whose canary, migration and trial all have pods of their own.
const shopWithJobs = `
image: a/b:2
port: 8080
healthPath: /h
host: shop.example.com
ingress: {issuer: x, className: nginx}
network: {limitOut: true, to: [{app: postgres, port: 5432}]}
migration: {run: job, command: [/migrate]}
trial: {enabled: true}
canary: {enabled: true, image: "a/b:3"}
`

// Who lets a workload call lets all call that stand for it, and nobody else.
func TestCallersAreAllPodsOfAWorkload(t *testing.T) {
	const database = "image: a/db:1\nport: 5432\nstorage: {mountPath: /d}\nnetworkIn: {limit: true, from: [{app: shop}, {app: shop, namespace: elsewhere}]}"
	policy := policies(t, made(t, "stateful", "postgres", database))["postgres-ingress"]
	if len(policy.Spec.Ingress) != 1 || len(policy.Spec.Ingress[0].From) != 2 {
		t.Fatalf("the policy is %+v", policy.Spec)
	}
	here, there := policy.Spec.Ingress[0].From[0], policy.Spec.Ingress[0].From[1]
	if here.NamespaceSelector != nil || there.NamespaceSelector == nil {
		t.Errorf("the namespaces are %v and %v", here.NamespaceSelector, there.NamespaceSelector)
	}
	pods := podLabels(made(t, "web-service", "shop", shopWithJobs))
	for _, who := range []string{"Deployment shop", "Deployment shop-canary", "Job shop-migrate", "Job shop-trial"} {
		if pods[who] == nil {
			t.Fatalf("%s has no pods; there are %v", who, pods)
		}
		if !matches(t, here.PodSelector, pods[who]) || !matches(t, there.PodSelector, pods[who]) {
			t.Errorf("%s is turned away", who)
		}
	}
	for _, name := range []string{"shopping", "postgres", "shop-2"} {
		if matches(t, here.PodSelector, labels.Set{"app.kubernetes.io/name": name}) {
			t.Errorf("%s is let in", name)
		}
	}
}

// What a workload may call, its jobs may, and each of its pods is held by one policy.
func TestJobsMayCallWhatTheirWorkloadMay(t *testing.T) {
	set := made(t, "web-service", "shop", shopWithJobs)
	all := policies(t, set)
	for who, pod := range podLabels(set) {
		var held []string
		for name, p := range all {
			if matches(t, &p.Spec.PodSelector, pod) {
				held = append(held, name)
			}
		}
		if len(held) != 1 {
			t.Fatalf("%s is held by %v", who, held)
		}
		out := all[held[0]].Spec.Egress
		if len(out) != 2 || len(out[1].To) != 1 || !matches(t, out[1].To[0].PodSelector, labels.Set{"app.kubernetes.io/name": "postgres"}) {
			t.Errorf("%s may call %+v", who, out)
		}
	}
	without := policies(t, made(t, "web-service", "shop", strings.Split(shopWithJobs, "migration:")[0]))
	if _, ok := without["shop-egress-jobs"]; ok || len(without) != 1 {
		t.Errorf("without jobs there are %d policies", len(without))
	}
}

// A label's value has at most 63 characters, so the API server refuses a policy with a longer one.
func TestCallersWithLongNames(t *testing.T) {
	long := strings.Repeat("n", 57)
	set := made(t, "stateful", "db", "image: a/db:1\nport: 5432\nstorage: {mountPath: /d}\nnetworkIn: {limit: true, from: [{app: "+long+"}]}")
	values := policies(t, set)["db-ingress"].Spec.Ingress[0].From[0].PodSelector.MatchExpressions[0].Values
	if want := []string{long, long + "-trial"}; !slices.Equal(values, want) {
		t.Errorf("they are %v", values)
	}
}

// Not every runtime lets a user other than root listen below 1024, so pods that do ask for it.
func TestLowPortsNeedNoRoot(t *testing.T) {
	for name, tc := range map[string]struct {
		template, in string
		want         bool
	}{
		"Opta's httpbin":  {"simple-service", "image: kennethreitz/httpbin\nport: 80", true},
		"high":            {"simple-service", "image: a/b:1\nport: 1024", false},
		"another port":    {"web-service", "image: a/b:1\nport: 8080\nports: [{name: dns, port: 53, protocol: UDP}]", true},
		"root":            {"web-service", "image: a/b:1\nport: 80\nsecurity: {allowRoot: true}", false},
		"without a port":  {"worker", "image: a/b:1", false},
		"a low worker":    {"worker", "image: a/b:1\nport: 80", true},
		"a job":           {"scheduled-job", "image: a/b:1\nschedule: '@daily'", false},
		"one with a disk": {"stateful", "image: a/b:1\nport: 389\nstorage: {mountPath: /d}", true},
	} {
		t.Run(name, func(t *testing.T) {
			pods := 0
			for _, u := range made(t, tc.template, "shop", tc.in) {
				pod, ok := field(u, "spec", "template", "spec", "securityContext").(map[string]any)
				if !ok {
					pod, ok = field(u, "spec", "jobTemplate", "spec", "template", "spec", "securityContext").(map[string]any)
				}
				if !ok {
					continue
				}
				pods++
				if _, got := pod["sysctls"]; got != tc.want {
					t.Errorf("%s %s asks for low ports: %v", u.GetKind(), u.GetName(), got)
				}
			}
			if pods != 1 {
				t.Errorf("%d objects make pods", pods)
			}
		})
	}
}
