package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// publish puts a version of testdata/relay into the folder that the portal takes templates from, as the template
// of that name: the whole of it at once, as a platform engineer's tools would.
func (w *world) publish(t *testing.T, name, version string) {
	t.Helper()
	from, into := os.DirFS(filepath.Join("testdata", "relay", version)), filepath.Join(w.templates, name)
	hidden := filepath.Join(w.templates, "."+name)
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		to := filepath.Join(hidden, path)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		}
		raw, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, bytes.Replace(raw, []byte("name: relay\n"), []byte("name: "+name+"\n"), 1), 0o600)
	})
	if err == nil {
		err = os.MkdirAll(into, 0o755)
	}
	if err == nil {
		err = os.Rename(hidden, filepath.Join(into, version))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// runs is what of a Deployment an upgrade may not touch, and what it is to change.
type runs struct {
	uid               types.UID
	selector, service string
	version, contact  string
	asked             bool // its pods are asked whether they are ready
}

func (w *world) runs(t *testing.T, at place, name string) runs {
	t.Helper()
	ctx, ns := context.Background(), w.cluster.namespace(at)
	d, err := w.cluster.admin.AppsV1().Deployments(ns).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.cluster.admin.CoreV1().Services(ns).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := d.Spec.Template
	return runs{
		uid: d.UID, selector: fmt.Sprint(d.Spec.Selector.MatchLabels), service: string(s.UID) + fmt.Sprint(s.Spec.Selector),
		version: pods.Labels["app.kubernetes.io/version"], contact: pods.Annotations["example.com/contact"],
		asked: pods.Spec.Containers[0].ReadinessProbe != nil,
	}
}

// A newer version of a template is published while applications run. Its page lists those that are behind it, with
// the plan of each; those that fit are taken to it together, and the one that lacks what it needs through its form.
func TestApplicationsAreTakenToANewerVersion(t *testing.T) {
	w := theWorld(t)
	for _, script := range []bool{true, false} {
		t.Run(map[bool]string{true: "with script", false: "without script"}[script], func(t *testing.T) {
			template := map[bool]string{true: "relay", false: "relay-plain"}[script]
			u := upgrading{w: w, t: t, template: template, script: script, dev: w.signIn(t, "payments-dev")}
			if !script {
				u.dev.withoutScript()
			}
			u.begin()
			u.together()
			u.alone()
			u.dev.open("/catalogue/" + template + "/upgrade")
			u.dev.sees("There is nothing to do")
		})
	}
}

// upgrading is three applications on their way from 1.0.0 to 1.1.0 of a template.
type upgrading struct {
	w        *world
	t        *testing.T
	dev      *tab
	template string
	script   bool
	before   map[string]runs
}

// at are the applications, by name: two that fit as they are, and a third that lacks what 1.1.0 needs.
func (u *upgrading) at() map[string]place {
	return map[string]place{u.template + "-wren": staging, u.template + "-robin": lab, u.template + "-dunnock": staging}
}

// begin publishes 1.0.0, makes the applications from it, and publishes 1.1.0 once they run.
func (u *upgrading) begin() {
	u.t.Helper()
	u.w.publish(u.t, u.template, "1.0.0")
	u.offers("1.0.0")
	u.before = map[string]runs{}
	for name, at := range u.at() {
		u.dev.openNew(at, u.template)
		u.dev.fill("Name", name)
		u.dev.fill("Image", image)
		if !strings.HasSuffix(name, "dunnock") {
			u.dev.fill("Contact", "team-post")
		}
		if strings.HasSuffix(name, "robin") {
			u.dev.fill("Colour", "red")
		}
		u.became(u.dev.submit("version 1.0.0", "Create "+name), 1)
		u.ready(name)
		u.before[name] = u.w.runs(u.t, at, name)
	}
	u.w.publish(u.t, u.template, "1.1.0")
	u.offers("1.1.0")
}

// offers waits until the catalogue has that version, which nobody had to start anything anew for.
func (u *upgrading) offers(version string) {
	u.t.Helper()
	err := eventually(u.dev.ctx, patience, func(context.Context) error {
		if got := u.dev.client().get("/catalogue/" + u.template + "?version=" + version); got.Status != 200 {
			return fmt.Errorf("%s %s answers %d", u.template, version, got.Status)
		}
		return nil
	})
	if err != nil {
		u.t.Fatal(err)
	}
}

// together submits the two that fit from the page of all, and sees them applied.
func (u *upgrading) together() {
	u.t.Helper()
	u.dev.open("/catalogue/" + u.template)
	u.dev.sees("of your applications run an older version")
	u.dev.follow("Take them to 1.1.0")
	u.dev.sees("3 applications run an older version", "nothing has happened yet")
	if u.script {
		u.dev.sees("All are planned")
	} else {
		u.dev.follow("Show the plans")
	}
	u.dev.sees("does not fit as it is", "Contact:", "no field for 1 input", "colour")
	for name, at := range u.at() {
		fits := !strings.HasSuffix(name, "dunnock")
		ticked := fmt.Sprintf("[...document.querySelectorAll('input[name=app]')].some(e => e.checked && e.value === %s)", js(at.team+"/"+at.environment+"/"+name))
		if eval[bool](u.dev, ticked) != fits {
			u.t.Errorf("%s: ticked is %v", name, !fits)
		}
	}
	u.dev.axe()
	u.dev.screenshot(u.template + "-upgrade")
	u.dev.fill("Why?", "so that somebody can be called")
	u.dev.follow("Submit what is ticked")
	u.dev.sees("2 applications submitted")
	u.dev.axe()
	u.dev.screenshot(u.template + "-upgraded")
	changes := eval[[]string](u.dev, `[...document.querySelectorAll('main a[href^="/changes/"]')].map(a => a.getAttribute("href"))`)
	if len(changes) != 2 {
		u.t.Fatalf("it leads to the changes %q", changes)
	}
	for _, path := range changes {
		u.became(path, 2)
		u.dev.sees("so that somebody can be called")
	}
	for name := range u.at() {
		if strings.HasSuffix(name, "dunnock") {
			if got := u.w.runs(u.t, u.at()[name], name); got != u.before[name] {
				u.t.Errorf("%s was not taken along, and is %+v after %+v", name, got, u.before[name])
			}
			continue
		}
		u.runsTheNewer(name)
	}
}

// alone takes the third through its form, where what is missing is asked for.
func (u *upgrading) alone() {
	u.t.Helper()
	name := u.template + "-dunnock"
	u.dev.open("/catalogue/" + u.template + "/upgrade")
	u.dev.sees("1 application runs an older version")
	if !u.script {
		u.dev.follow("Show the plans")
	}
	u.dev.sees("does not fit as it is")
	if u.dev.can("Submit what is ticked") && !u.script {
		u.t.Error("there is nothing to submit, and it is offered")
	}
	u.dev.follow("Open its form at 1.1.0")
	u.dev.sees("This form is of " + u.template + " 1.1.0")
	if got := u.dev.value("Image"); got != image {
		u.t.Errorf("its image is %q", got)
	}
	u.dev.fill("Contact", "team-post")
	u.became(u.dev.submit("here it is", "Apply"), 2)
	u.runsTheNewer(name)
}

// became waits for a change to have become that revision.
func (u *upgrading) became(path string, revision int) {
	u.t.Helper()
	if u.script {
		u.dev.open(path)
		u.dev.sees(fmt.Sprintf("Became revision %d", revision))
		return
	}
	again(u.dev, path, fmt.Sprintf("Became revision %d", revision))
}

// ready waits until the live page says so.
func (u *upgrading) ready(name string) {
	u.t.Helper()
	if !u.script {
		again(u.dev, u.at()[name].app(name), "is ready")
		return
	}
	u.dev.open(u.at()[name].app(name))
	u.dev.waitFor("the ready verdict of "+name, `document.querySelector("#verdict")?.classList.contains("st-ready")`)
}

// runsTheNewer tells whether an application is what 1.1.0 makes, and still the same Deployment and Service with the
// same selectors: another selector would mean that they were made anew.
func (u *upgrading) runsTheNewer(name string) {
	u.t.Helper()
	u.ready(name)
	u.dev.sees(u.template + " 1.1.0")
	want := u.before[name]
	want.version, want.contact, want.asked = "1.1.0", "team-post", true
	if got := u.w.runs(u.t, u.at()[name], name); got != want {
		u.t.Errorf("%s is %+v instead of %+v", name, got, want)
	}
}
