package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// formsOf are the ways in which a secret value could stand in an answer, a file or a log.
func formsOf(value string) []string {
	quoted, _ := json.Marshal(value)
	forms := []string{
		value, strings.Trim(string(quoted), `"`), html.EscapeString(value), url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)),
	}
	for _, before := range []string{"", "x", "xx"} { // where it begins in what is encoded gives it three forms
		s := base64.StdEncoding.EncodeToString([]byte(before + value))
		forms = append(forms, s[4:len(s)-4])
	}
	return forms
}

func tellsNot(t *testing.T, where, text, value string) {
	t.Helper()
	for _, form := range formsOf(value) {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("%s holds the value as %q: …%.200s…", where, form, text[max(0, i-80):])
		}
	}
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// carried reads what a page sends along with its button: the form, the digest and the key.
func carried(page string) url.Values {
	form := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(page, -1) {
		name, value := html.UnescapeString(m[1]), html.UnescapeString(m[2])
		plain := name == "name" || name == "version" || name == "digest" || name == "key" || strings.HasPrefix(name, "in/")
		if plain && !form.Has(name) {
			form.Set(name, value)
		}
	}
	return form
}

// A value is typed on a page, and no answer, file or log of the portal tells it, on the whole way into
// the cluster.
func TestSecretsAreToldByNothing(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	c := dev.client()
	value := `s3<c>r&t "q" \ é/+=` + rand.Text()
	must := func(what string, a answer, status int) answer {
		t.Helper()
		if a.Status != status {
			t.Fatalf("%s: status %d, want %d: %.3000s", what, a.Status, status, a.Body)
		}
		tellsNot(t, what, a.Body, value)
		tellsNot(t, what+"'s headers", fmt.Sprint(a.Header), value)
		return a
	}
	at := staging.path() + "/new/simple-service"
	typed := func(more ...string) url.Values {
		f := url.Values{"name": {"sealed"}, "in/image": {image}, "in/port": {"8080"}, "in/secrets/0/key": {"DATABASE_PASSWORD"}, "in/secrets/0/value": {value}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return f
	}
	must("the form after a mistake", c.post(at, typed("in/port", "eighty")), http.StatusUnprocessableEntity)
	must("the preview", c.post(at, typed("_do", "preview")), http.StatusOK)
	must("another row", c.post(at, typed("_add", "in/secrets")), http.StatusOK)
	must("the form as it was kept", c.get(at), http.StatusOK)
	plan := must("the plan", c.post(at, typed()), http.StatusOK)
	form := carried(plan.Body)
	if !strings.HasPrefix(form.Get("in/secrets/0/value"), "slipway-secret-") {
		t.Fatalf("the plan carries %v", form)
	}
	sent := must("submitting", c.post(at+"/submit", form), http.StatusSeeOther)
	change := sent.Header.Get("Location")
	secrets := w.cluster.admin.CoreV1().Secrets(w.cluster.namespace(staging))
	err := eventually(t.Context(), 30*time.Second, func(ctx context.Context) error {
		all, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: "slipway.dev/app=sealed"})
		if err != nil {
			return err
		}
		for _, s := range all.Items {
			if string(s.Data["DATABASE_PASSWORD"]) == value {
				return nil
			}
		}
		return errNotYet
	})
	if err != nil {
		t.Fatalf("the value is not in the cluster: %v", err)
	}
	app := staging.path() + "/apps/sealed"
	for _, path := range []string{change, change + "?diff=split", app, app + "/edit", "/changes", "/audit", "/drafts"} {
		if a := c.get(path); a.Status == http.StatusOK || path == change || path == app+"/edit" {
			must(path, a, http.StatusOK)
		}
	}
	for _, file := range []string{"bundle.zip", "manifests.yaml", "inputs.yaml"} {
		tellsNot(t, file, c.get(change+"/"+file).Body, value)
	}
	w.filesTellNot(t, value)
}

// filesTellNot looks through what the portal has written: the database with all that is beside it, and
// its log.
func (w *world) filesTellNot(t *testing.T, value string) {
	t.Helper()
	var seen []string
	err := filepath.WalkDir(w.folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == w.portal || strings.Contains(path, "chrom") {
			return nil //nolint:nilerr // what has gone meanwhile is no matter
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		seen = append(seen, filepath.Base(path))
		for _, form := range formsOf(value) {
			if bytes.Contains(raw, []byte(form)) {
				t.Errorf("%s holds the value as %q", path, form)
			}
		}
		return nil
	})
	if err != nil || !strings.Contains(strings.Join(seen, " "), "portal.db") || !strings.Contains(strings.Join(seen, " "), ".log") {
		t.Errorf("looked through %v only, %v", seen, err)
	}
}
