package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/store"
)

// writtenForms are the ways in which a value could stand somewhere. Base64 of a text that it is inside
// of has three forms, by where it begins; the middle of each is looked for.
func writtenForms(value string) map[string]string {
	quoted, _ := json.Marshal(value)
	plain := new(bytes.Buffer)
	enc := json.NewEncoder(plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value)
	forms := map[string]string{
		"raw": value, "JSON": strings.Trim(string(quoted), `"`), "plain JSON": strings.Trim(plain.String(), "\"\n"),
		"query": url.QueryEscape(value), "path": url.PathEscape(value), "hex": hex.EncodeToString([]byte(value)),
	}
	for i, before := range []string{"", "x", "xx"} {
		s := base64.StdEncoding.EncodeToString([]byte(before + value))
		forms["base64 "+string(rune('0'+i))] = s[4 : len(s)-4]
	}
	return forms
}

func findNone(t *testing.T, where string, in []byte, values ...string) {
	t.Helper()
	if len(in) == 0 {
		t.Errorf("%s is empty", where)
	}
	for _, v := range values {
		for form, text := range writtenForms(v) {
			if bytes.Contains(in, []byte(text)) {
				t.Errorf("%s holds the value, %s", where, form)
			}
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func liveKey(t *testing.T, admin kubernetes.Interface, namespace, key string) string {
	t.Helper()
	s, err := admin.CoreV1().Secrets(namespace).Get(t.Context(), shopApp.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return string(s.Data[key])
}

// A value is typed, applied, changed, rolled back to and removed, and is nowhere but in the cluster.
func TestSecretsAreNowhereButInTheCluster(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (store.Config, func() []byte){"sqlite": sqliteForTests, "postgres": postgresForTests} {
		t.Run(name, func(t *testing.T) {
			db, contents := open(t)
			admin, namespace := newNamespace(t)
			v := openVault(t, namespace, db)
			one, two := `p"a\ss <é> &`+rand.Text()+"\n", "second+/"+rand.Text()
			var shown []byte

			first := v.typed(one)
			c := v.work(v.submit(shopDraft(change.Create, first)).ID)
			shown = append(shown, asJSON(t, c)...)
			if got := liveKey(t, admin, namespace, "password"); got != one {
				t.Errorf("applied as %q", got)
			}
			plan, err := v.changes.Preview(t.Context(), ada, shopDraft(change.Update, v.typed(one)))
			if err != nil || plan.Count(manifest.Unchanged) != len(plan.Objects) {
				t.Errorf("the same value typed again: %v, %+v", err, plan.Effects)
			}

			second := v.typed(two)
			c = v.work(v.submit(shopDraft(change.Update, second)).ID)
			shown = append(shown, asJSON(t, c)...)
			changed := map[string]manifest.Op{}
			for _, o := range c.Plan.Objects {
				changed[o.Ref.Kind] = o.Op
			}
			if changed["Secret"] != manifest.Change || changed["Deployment"] != manifest.Change || len(c.Plan.Inputs) != 1 || c.Plan.Inputs[0].To != manifest.Hidden {
				t.Errorf("another value: %v, inputs %+v", changed, c.Plan.Inputs)
			}
			if got := liveKey(t, admin, namespace, "url"); got != "postgres://ada:"+two+"@db" {
				t.Errorf("inside a text: %q", got)
			}

			c = v.work(v.submit(change.Draft{Kind: change.Rollback, App: shopApp, Revision: 1}).ID)
			shown = append(shown, asJSON(t, c)...)
			if got := liveKey(t, admin, namespace, "password"); got != one {
				t.Errorf("rolled back to %q", got)
			}

			v.tidy(admin, namespace)
			var export bytes.Buffer
			enc := audit.NewJSONLines(&export)
			if err := v.store.Each(t.Context(), audit.Filter{}, enc.Encode); err != nil || enc.Flush() != nil {
				t.Fatal(err)
			}
			for where, in := range map[string][]byte{"the database": contents(), "the log": v.log.Bytes(), "the audit log": export.Bytes(), "a plan or an outcome": shown} {
				findNone(t, where, in, one, two)
			}
			if err := v.store.Close(); err != nil {
				t.Fatal(err)
			}
			findNone(t, "the closed database", contents(), one, two)
		})
	}
}

// tidy looks that values which something needs are kept, and all others go.
func (v *vault) tidy(admin kubernetes.Interface, namespace string) {
	v.t.Helper()
	staged := func() int {
		l, err := admin.CoreV1().Secrets(namespace).List(v.t.Context(), metav1.ListOptions{LabelSelector: manifest.LabelStaged})
		if err != nil {
			v.t.Fatal(err)
		}
		return len(l.Items)
	}
	// What is put aside is listed from the API server's cache, which hears of it a moment later.
	cached := func(n int) {
		v.t.Helper()
		eventually(v.t, fmt.Sprintf("%d values in the API server's cache", n), func() bool {
			l, err := admin.CoreV1().Secrets(namespace).List(v.t.Context(), metav1.ListOptions{LabelSelector: manifest.LabelStaged, ResourceVersion: "0"})
			return err == nil && len(l.Items) == n
		})
	}
	v.typed("typed and never submitted")
	cached(3)
	if n, err := v.changes.DropUnused(v.t.Context(), shopTarget); n != 0 || err != nil {
		v.t.Errorf("what was just typed is dropped: %d, %v", n, err)
	}
	v.later = change.StagedLife + time.Minute
	if n, err := v.changes.DropUnused(v.t.Context(), shopTarget); n != 1 || err != nil || staged() != 2 {
		v.t.Errorf("after a day %d were dropped, %d are left: %v", n, staged(), err)
	}
	v.later = 0
	v.work(v.submit(change.Draft{Kind: change.Delete, App: shopApp}).ID)
	cached(2)
	v.later = change.StagedLife + time.Minute
	if n, err := v.changes.DropUnused(v.t.Context(), shopTarget); n != 2 || err != nil || staged() != 0 {
		v.t.Errorf("after the deletion %d were dropped, %d are left: %v", n, staged(), err)
	}
	v.later = 0
}

// A value that is not there stops a change where it is planned, and says what to do.
func TestSecretsThatAreMissingAreNotSubmitted(t *testing.T) {
	db, _ := sqliteForTests(t)
	admin, namespace := newNamespace(t)
	v := openVault(t, namespace, db)
	lost := v.typed("deleted by hand")
	if err := admin.CoreV1().Secrets(namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: manifest.LabelStaged}); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		in   catalog.Inputs
		says string
	}{
		"unset": {catalog.Inputs{"password": string(manifest.Unset)}, "`password` has no value yet."},
		"lost":  {lost, "The value of `password` is no longer there."},
	} {
		t.Run(name, func(t *testing.T) {
			d := shopDraft(change.Create, row.in)
			plan, err := v.changes.Preview(t.Context(), ada, d)
			if err != nil || !plan.Blocked() {
				t.Fatalf("%v, blocked: %v", err, plan.Blocked())
			}
			if !bytes.Contains(asJSON(t, plan.Objects), []byte(row.says)) {
				t.Errorf("the plan does not say %q: %s", row.says, asJSON(t, plan.Objects))
			}
			var blocked *change.Blocked
			if _, err := v.changes.Submit(t.Context(), ada, audit.Request{}, change.Submission{Draft: d, Seen: plan.Digest}); !errors.As(err, &blocked) {
				t.Errorf("submitting: %v", err)
			}
		})
	}
	secrets := manifest.Secrets{v.changes.Sealer(shopTarget)("x"): "x"}
	if err := v.changes.Stage(t.Context(), eve, audit.Request{ID: "r"}, shopApp, secrets); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("somebody else puts a value aside: %v", err)
	}
	if err := v.changes.Stage(t.Context(), ada, audit.Request{}, shopApp, manifest.Secrets{v.changes.Sealer(shopTarget)("x"): "y"}); !errors.Is(err, change.ErrNoSealer) {
		t.Errorf("a token of another value: %v", err)
	}
	got := map[audit.Outcome]int{}
	_ = v.store.Each(t.Context(), audit.Filter{Action: audit.StageSecrets}, func(e audit.Entry) error { got[e.Outcome]++; return nil })
	if got[audit.Intent] != 1 || got[audit.Done] != 1 || got[audit.Refused] != 1 {
		t.Errorf("the audit log has %v", got)
	}
}

// The portal is killed, for real, after a value was put aside and after the change was submitted. What
// was typed is not lost either time.
func TestSecretsSurviveAKill(t *testing.T) {
	const value = "typed before the kill"
	if at := os.Getenv("SLIPWAY_KILL_AT"); at != "" {
		v := openVault(t, os.Getenv("SLIPWAY_KILL_NAMESPACE"), store.Config{Driver: store.SQLite, Path: os.Getenv("SLIPWAY_KILL_DB")})
		in := v.typed(value)
		if at == "submitted" {
			v.submit(shopDraft(change.Create, in))
		}
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}
	for _, at := range []string{"staged", "submitted"} {
		t.Run(at, func(t *testing.T) {
			db, _ := sqliteForTests(t)
			admin, namespace := newNamespace(t)
			child := exec.Command(os.Args[0], "-test.run=^TestSecretsSurviveAKill$") //nolint:gosec // this very test binary
			child.Env = append(os.Environ(), "SLIPWAY_KILL_AT="+at, "SLIPWAY_KILL_NAMESPACE="+namespace, "SLIPWAY_KILL_DB="+db.Path)
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child ended otherwise: %v\n%s", err, out)
			}
			v := openVault(t, namespace, db)
			id := int64(1)
			if at == "staged" { // the form still holds the token, and posts it
				id = v.submit(shopDraft(change.Create, catalog.Inputs{"password": string(v.changes.Sealer(shopTarget)(value))})).ID
			}
			v.work(id)
			if got := liveKey(t, admin, namespace, "password"); got != value {
				t.Errorf("applied as %q", got)
			}
		})
	}
}
