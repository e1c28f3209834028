package e2e

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const image = "registry.example.com/team/shop:1.4.2"

var (
	staging    = place{"payments", "staging"}
	production = place{"payments", "production"}
)

func (t place) path() string { return "/targets/" + t.team + "/" + t.environment }

func (t place) app(name string) string { return t.path() + "/apps/" + name }

// fillForm opens the form of a new web service and fills in what is required.
func (p *tab) fillForm(to place, name, image string) {
	p.t.Helper()
	p.openNew(to, "web-service")
	p.fill("Name", name)
	p.fill("Image", image)
	p.fill("Port", "8080")
}

// openNew opens the form of a new application. What another story has begun in it and not sent is thrown
// away, as its owner would who comes for something else.
func (p *tab) openNew(to place, template string) {
	p.t.Helper()
	p.open(to.path() + "/new/" + template)
	if p.can("Start again") {
		p.follow("Start again")
	}
}

// submit goes from a filled form over its plan to the change, and returns the change's path.
func (p *tab) submit(reason, button string) string {
	p.t.Helper()
	p.follow("Show the plan")
	p.sees("Nothing has happened yet")
	p.fill("Why?", reason)
	p.follow(button)
	path := p.path()
	if !regexp.MustCompile(`^/changes/\d+$`).MatchString(path) {
		p.t.Fatalf("%s submitted and is at %s\n%s", p.who, path, p.text())
	}
	return path
}

// A developer deploys to staging, where nobody has to approve, and watches it come up without
// touching the page.
func TestDeployToStaging(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")

	dev.open("/catalogue")
	dev.sees("Web service")
	dev.fillForm(staging, "shop", image)
	dev.sees("What this makes", "Deployment") // the manifests follow the typing
	dev.follow("Show the plan")
	dev.sees("Nobody has to approve it", "Nothing has happened yet", "Deployment", "Service")
	if digest := dev.textOf("#digest"); !regexp.MustCompile(`^sha256:\s?[0-9a-f]{8}\s?[0-9a-f]{56}$`).MatchString(digest) {
		t.Errorf("the digest on the plan is %q", digest)
	}
	dev.fill("Why?", "first version")
	dev.follow("Create shop")
	dev.sees("Became revision 1") // by the stream
	dev.sees("first version")

	dev.follow("Live page")
	if got := dev.path(); got != staging.app("shop") {
		t.Fatalf("the live page is %s", got)
	}
	dev.waitFor("the ready verdict", `/ready/.test(document.querySelector("#verdict")?.innerText) && document.querySelector("#verdict").classList.contains("st-ready")`)
	dev.sees("shop", "Deployment", "ReplicaSet", "Pod")

	found, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(staging)).Get(context.Background(), "shop", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := found.Spec.Template.Spec.Containers[0].Image; got != image {
		t.Errorf("the cluster runs %s", got)
	}
	owned := false
	for _, f := range found.ManagedFields {
		owned = owned || f.Manager == "slipway" && f.Operation == metav1.ManagedFieldsOperationApply
	}
	if !owned {
		t.Error("it was not applied by field manager slipway")
	}

	dev.open("/applications")
	dev.sees("shop")
}

// A developer submits to production and cannot approve it; an approver signs its digest; it is applied
// and comes up. Whoever has the change's page open sees all of it happen.
func TestProductionNeedsSomebodyElse(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(production, "till", image)
	dev.follow("Show the plan")
	dev.sees("One person must approve")
	digest := strings.TrimPrefix(strings.ReplaceAll(dev.textOf("#digest"), " ", ""), "sha256:")
	dev.fill("Why?", "sale begins on Friday")
	dev.follow("Submit for approval")
	change := dev.path()
	dev.sees("waits for approval", "sale begins on Friday")
	if dev.can("Approve") {
		t.Error("the requester is offered to approve")
	}
	own := dev.client().post(change+"/approve", url.Values{"digest": {digest}, "comment": {"it is mine"}})
	if own.Status < 400 || own.Status >= 500 {
		t.Errorf("approving one's own change answered %d", own.Status)
	}
	dev.sees("waits for approval")

	approver := w.signIn(t, "approver")
	approver.open("/changes")
	approver.sees("till", "Changes")
	approver.open("/changes?view=waiting&review=" + strings.TrimPrefix(change, "/changes/"))
	approver.sees("sale begins on Friday", "Approve "+digest[:8])
	if wrong := approver.client().post(change+"/approve", url.Values{"digest": {strings.Repeat("0", 64)}}); wrong.Status < 400 || wrong.Status >= 500 {
		t.Errorf("approving another digest answered %d", wrong.Status)
	}
	approver.follow("Approve " + digest[:8])
	approver.open(change)
	approver.sees("approved", "Became revision 1")

	dev.sees("Became revision 1") // the page that was open all the time
	dev.open(production.app("till"))
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	dev.sees("production")

	auditor := w.signIn(t, "auditor")
	auditor.open("/audit?application=till")
	auditor.sees("Ada Approver", "Paula Dev")
	auditor.open("/audit?application=till&outcome=refused")
	auditor.sees("Paula Dev")
}

// A change that is rejected says why, and nothing of it is in the cluster.
func TestReject(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(production, "unloved", image)
	change := dev.submit("try it", "Submit for approval")

	approver := w.signIn(t, "approver")
	approver.open(change)
	approver.follow("Reject")
	approver.waitFor("the page to be live", `document.querySelector("#stream.st-live")`)
	approver.sees("Say why in the comment") // what comes over the stream does not take it away
	approver.fill("Comment", "not on a Friday")
	approver.follow("Reject")
	approver.sees("rejected", "not on a Friday")

	dev.sees("rejected", "not on a Friday")
	list, err := w.cluster.admin.CoreV1().Services(w.cluster.namespace(production)).List(context.Background(), metav1.ListOptions{LabelSelector: "slipway.dev/app=unloved"})
	if err != nil || len(list.Items) > 0 {
		t.Errorf("%d services are there, %v", len(list.Items), err)
	}
}

// An image that cannot be pulled is shown as failed, with the reason in plain words, and the way out.
func TestBrokenImage(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "broken", "registry.example.com/team/shop:broken")
	dev.submit("to see it fail", "Create broken")
	dev.sees("Became revision 1") // applied it is; whether it runs is another question
	dev.follow("Live page")
	dev.waitFor("the failed verdict", `document.querySelector("#verdict")?.classList.contains("st-failed")`)
	dev.sees("cannot start", "registry.example.com/team/shop:broken", "cannot be pulled")
	dev.axe()
	dev.screenshot("live-failed")

	dev.follow("New version…")
	if got := dev.value("Image"); got != "registry.example.com/team/shop:broken" {
		t.Errorf("the form of the next version begins with image %q", got)
	}
	dev.fill("Image", image)
	dev.submit("mend it", "Apply")
	dev.sees("Became revision 2")
	dev.follow("Live page")
	dev.waitFor("the ready verdict", `document.querySelector("#verdict")?.classList.contains("st-ready")`)
}

// A quota is found at the plan, not after submitting, and said in plain words.
func TestQuotaAtThePlan(t *testing.T) {
	w := theWorld(t)
	ns := w.cluster.namespace(place{"search", "staging"})
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few-services"}}
	quota.Spec.Hard = corev1.ResourceList{"count/deployments.apps": zero}
	quotas := w.cluster.admin.CoreV1().ResourceQuotas(ns)
	if _, err := quotas.Create(context.Background(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = quotas.Delete(context.Background(), quota.Name, metav1.DeleteOptions{}) })

	dev := w.signIn(t, "search-dev")
	err := eventually(dev.ctx, patience, func(ctx context.Context) error {
		got, err := quotas.Get(ctx, quota.Name, metav1.GetOptions{})
		if err == nil && len(got.Status.Hard) == 0 {
			err = errNotYet
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	dev.fillForm(place{"search", "staging"}, "finder", image)
	dev.follow("Show the plan")
	dev.sees("few-services", "quota")
	if dev.can("Create finder") {
		t.Error("what the cluster would not take can be submitted")
	}
	dev.axe()
	dev.screenshot("plan-quota")
}

// Deleting shows its plan first, and the application is gone afterwards, with its history kept.
func TestDelete(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "passing", image)
	dev.submit("for a day", "Create passing")
	dev.sees("Became revision 1")

	dev.open(staging.app("passing") + "/delete")
	dev.sees("Nothing has happened yet", "deletes")
	dev.screenshot("plan-delete")
	dev.fill("Why?", "the day is over")
	dev.follow("Delete passing")
	dev.sees("The application is deleted")
	list, err := w.cluster.admin.AppsV1().Deployments(w.cluster.namespace(staging)).List(context.Background(), metav1.ListOptions{LabelSelector: "slipway.dev/app=passing"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list.Items {
		if d.DeletionTimestamp == nil {
			t.Errorf("Deployment %s is still there", d.Name)
		}
	}
}
