package e2e

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// names are what the cluster has of an application, by kind.
func (w *world) names(t *testing.T, at place, app string) string {
	t.Helper()
	ns, only := w.cluster.namespace(at), metav1.ListOptions{LabelSelector: "slipway.dev/app=" + app}
	var out []string
	deployments, err := w.cluster.admin.AppsV1().Deployments(ns).List(context.Background(), only)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deployments.Items {
		out = append(out, "Deployment "+d.Name+" "+d.Spec.Template.Spec.Containers[0].Image)
	}
	services, err := w.cluster.admin.CoreV1().Services(ns).List(context.Background(), only)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services.Items {
		out = append(out, "Service "+s.Name)
	}
	ingresses, err := w.cluster.admin.NetworkingV1().Ingresses(ns).List(context.Background(), only)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range ingresses.Items {
		out = append(out, strings.TrimSpace("Ingress "+i.Name+" "+i.Annotations["nginx.ingress.kubernetes.io/canary-weight"]))
	}
	return strings.Join(out, "\n")
}

// A part of the traffic goes to another version; given up, nothing of it stays, and promoted, it is the only
// one that does.
func TestCanary(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	const next = "registry.example.com/team/shop:1.5.0"
	e := entry{tab: dev}
	dev.fillForm(staging, "finch", image)
	e.object("in", map[string]any{"host": w.host("finch"), "canary": map[string]any{"enabled": true, "image": next, "weight": 25}})
	dev.submit("to see how it sings", "Create finch")
	dev.sees("Became revision 1")
	alone := "Deployment finch " + image + "\nService finch\nIngress finch"
	both := "Deployment finch " + image + "\nDeployment finch-canary " + next + "\nService finch\nService finch-canary\nIngress finch\nIngress finch-canary 25"
	if got := w.names(t, staging, "finch"); got != both {
		t.Errorf("the cluster has\n%s", got)
	}
	dev.open(staging.app("finch"))
	dev.sees("finch-canary", "shop:1.5.0")
	dev.axe()
	dev.screenshot("live-canary")

	dev.open(staging.app("finch") + "/edit")
	e.scalar("in/canary/enabled", false)
	dev.submit("it does not sing", "Apply")
	dev.sees("Became revision 2")
	if got := w.names(t, staging, "finch"); got != alone {
		t.Errorf("after it was given up the cluster has\n%s", got)
	}

	dev.open(staging.app("finch") + "/edit")
	e.object("in", map[string]any{"canary": map[string]any{"enabled": true, "image": next}})
	dev.submit("once more", "Apply")
	dev.sees("Became revision 3")
	dev.open(staging.app("finch") + "/edit")
	e.scalar("in/canary/enabled", false)
	e.scalar("in/image", next)
	dev.submit("it sings", "Apply")
	dev.sees("Became revision 4")
	if got := w.names(t, staging, "finch"); got != strings.ReplaceAll(alone, image, next) {
		t.Errorf("after it was promoted the cluster has\n%s", got)
	}
}
