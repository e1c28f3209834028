package e2e

import (
	"context"
	"net/url"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A version that is good in staging goes to production through the ordinary form: the image is taken, the
// host and the number of pods stay, and a secret is asked for. The second time it is there already.
func TestPromote(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	const old, next = "registry.example.com/team/promo:1.0", "registry.example.com/team/promo:2.0"
	const inStaging, inProduction = "staging-only-7f2a91", "production-only-c4418e"
	dev.fillForm(staging, "promo", old)
	e := entry{tab: dev}
	e.scalar("in/host", w.host("promo.staging"))
	e.row("in/env", 0)
	e.scalar("in/env/0/key", "LOG_LEVEL")
	e.scalar("in/env/0/value", "debug")
	e.row("in/env", 1)
	e.scalar("in/env/1/key", "BASE_URL")
	e.scalar("in/env/1/value", "https://"+w.host("promo.staging"))
	e.secretRow("TOKEN", inStaging)
	dev.submit("to try it", "Create promo")
	dev.sees("Became revision 1")

	dev.open(staging.app("promo"))
	dev.click("More actions")
	dev.follow("Promote…")
	dev.sees("Promote promo", "There is no promo in production yet", "It names "+w.host("promo.staging"), "the form asks for one")
	dev.axe()
	dev.screenshot("promote-new")
	dev.follow("Take over into the form")
	if got := dev.path(); !strings.HasPrefix(got, production.path()+"/new/web-service") {
		t.Fatalf("it led to %s", got)
	}
	dev.sees("Taken over from staging revision 1")
	for name, want := range map[string]string{"in/image": old, "in/host": "", "in/env/0/value": "debug"} {
		if got := dev.holds(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	dev.axe()
	dev.follow("Show the plan")
	dev.sees("missing", "TOKEN", "Promoted from staging revision 1")
	if dev.can("Submit for approval") {
		t.Error("it can be submitted without the secret's value")
	}
	dev.follow("Back to the form")
	dev.typeInto(e.element("in/secrets/data/0/value", `e => e.type !== "checkbox" && e.type !== "hidden"`), inProduction)
	e.scalar("in/host", w.host("promo"))
	e.scalar("in/replicas", "3")
	change := dev.submit("it is good", "Submit for approval")
	dev.sees("Promote promo from staging revision 1 (1 field differs)", "waits for approval")
	w.approve(t, change, "Promoted from staging revision 1", "It differs from there in Environment variables, BASE_URL.")
	dev.open(change)
	dev.sees("Became revision 1")

	// Something is new in staging.
	dev.open(staging.app("promo") + "/edit")
	dev.fill("Image", next)
	dev.submit("the next one", "Apply")
	dev.sees("Became revision 2")
	dev.withoutScript()
	dev.open(staging.app("promo") + "/promote")
	dev.sees("differ between revision 2 of staging and promo in production", "What stays in production", "1 secret has a value in both")
	dev.axe()
	dev.screenshot("promote")
	dev.follow("Take over into the form")
	for name, want := range map[string]string{"in/image": next, "in/host": w.host("promo"), "in/replicas": "3"} {
		if got := dev.holds(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	dev.sees("stored · value hidden")
	change = dev.submit("the next one", "Submit for approval")
	w.approve(t, change, "Promoted from staging revision 2", "Image "+next)
	again(dev, change, "Became revision 2")
	w.promoted(t, next, inProduction)

	dev.open("/audit?application=promo")
	dev.sees("Promoted from staging revision 2 (1 field differs). the next one")
}

// approve signs a change whose review says all of the texts.
func (w *world) approve(t *testing.T, change string, says ...string) {
	t.Helper()
	approver := w.signIn(t, "approver")
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
	approver.sees(says...)
	approver.axe()
	approver.follow("Approve ")
}

// promoted looks at what is in production in the end.
func (w *world) promoted(t *testing.T, image, secret string) {
	t.Helper()
	ctx, namespace := context.Background(), w.cluster.namespace(production)
	deployment, err := w.cluster.admin.AppsV1().Deployments(namespace).Get(ctx, "promo", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := deployment.Spec.Template.Spec.Containers[0].Image; got != image || *deployment.Spec.Replicas != 3 {
		t.Errorf("production runs %d of %s", *deployment.Spec.Replicas, got)
	}
	ingress, err := w.cluster.admin.NetworkingV1().Ingresses(namespace).Get(ctx, "promo", metav1.GetOptions{})
	if err != nil || ingress.Spec.Rules[0].Host != w.host("promo") {
		t.Errorf("production answers at %v, %v", ingress.Spec.Rules, err)
	}
	secrets, err := w.cluster.admin.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: "slipway.dev/app=promo"})
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, s := range secrets.Items {
		if v, ok := s.Data["TOKEN"]; ok {
			values = append(values, string(v))
		}
	}
	if len(values) != 1 || values[0] != secret {
		t.Errorf("the secret of production is %q", values)
	}
}

// secretRow types a secret's name and value.
func (e entry) secretRow(name, value string) {
	e.t.Helper()
	e.row("in/secrets/data", 0)
	e.scalar("in/secrets/data/0/key", name)
	e.typeInto(e.element("in/secrets/data/0/value", `e => e.type !== "checkbox"`), value)
}

// Who may change nothing can compare, and what is posted all the same is refused. What has changed since it
// was looked at is shown again.
func TestCompareOnly(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "compared", image)
	dev.submit("to compare", "Create compared")
	dev.sees("Became revision 1")
	at := staging.app("compared") + "/promote"
	good := url.Values{"to": {"production/compared"}, "revision": {"1"}, "base": {"0"}, "take": {"/image"}}
	c := dev.client()
	for name, tc := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"nothing ticked":          {url.Values{"to": good["to"], "revision": good["revision"], "base": good["base"]}, 422, "Nothing is ticked"},
		"another base":            {url.Values{"to": good["to"], "revision": good["revision"], "base": {"4"}, "take": good["take"]}, 409, "has changed since"},
		"another team":            {url.Values{"to": {"search/staging"}, "revision": {"1"}, "base": {"0"}, "take": good["take"]}, 404, "There is nothing at this address"},
		"a revision that is not":  {url.Values{"to": good["to"], "revision": {"9"}, "base": {"0"}, "take": good["take"]}, 404, "There is nothing at this address"},
		"no revision":             {url.Values{"to": good["to"], "revision": {"x"}, "base": {"0"}}, 422, ""},
		"a version that is not":   {url.Values{"to": good["to"], "revision": {"1"}, "base": {"0"}, "take": good["take"], "version": {"9.9.9"}}, 403, "Neither of the two runs version 9.9.9"},
		"the same environment":    {url.Values{"to": {"staging/compared"}, "revision": {"1"}, "base": {"0"}, "take": good["take"]}, 404, "There is nothing at this address"},
		"no such other to choose": {url.Values{"to": {"production/elsewhere"}, "revision": {"1"}, "base": {"0"}, "take": good["take"]}, 404, "There is nothing at this address"},
	} {
		if got := c.post(at, tc.form); got.Status != tc.status || !strings.Contains(got.Body, tc.says) {
			t.Errorf("%s: %d, %.2000s", name, got.Status, got.Body)
		}
	}

	approver := w.signIn(t, "approver")
	if got := approver.client().post(at, good); got.Status != 404 { // there is nothing that they could compare it with
		t.Errorf("who may change nothing took over: %d", got.Status)
	}
	approver.open(at)
	approver.sees("Compare compared")
	if approver.can("Take over into the form") {
		t.Error("who may change nothing is offered to take over")
	}

	dev.open(at)
	dev.follow("Take over into the form")
	dev.open(at)
	dev.sees("You began a form there")
	change := func() string {
		dev.follow("Look at it first")
		return dev.submit("for the approver", "Submit for approval")
	}()
	w.approve(t, change, "Promoted from staging revision 1")
	dev.open(change)
	dev.sees("Became revision 1")
	approver.open(at)
	approver.sees("Compare compared", "is the same as revision 1 of staging", "You can compare here, and take nothing over")
	approver.axe()
	if approver.can("Take over into the form") {
		t.Error("who may change nothing is offered to take over")
	}
	good.Set("base", "1")
	if got := approver.client().post(at, good); got.Status != 403 {
		t.Errorf("who may change nothing took over: %d", got.Status)
	}
}
