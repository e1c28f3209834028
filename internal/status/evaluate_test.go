package status_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	key = status.Key{Cluster: "nbg1-staging", Namespace: "payments-staging", App: "shop"}
)

// Each file in testdata is an application's objects and events; the golden file beside it is what a
// person would be told about it.
func TestEvaluate(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			got := describe(status.Evaluate(load(t, file)))
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("differs from %s:\n%s", golden, diff)
			}
		})
	}
}

// The order in which a watch delivers objects must not show.
func TestEvaluateIsPure(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, before := load(t, file), load(t, file)
			want := status.Evaluate(in)
			if diff := cmp.Diff(before, in); diff != "" {
				t.Errorf("Evaluate changed its input:\n%s", diff)
			}
			for i, j := 0, len(in.Objects)-1; i < j; i, j = i+1, j-1 {
				in.Objects[i], in.Objects[j] = in.Objects[j], in.Objects[i]
			}
			if diff := cmp.Diff(describe(want), describe(status.Evaluate(in))); diff != "" {
				t.Errorf("depends on the order of the objects:\n%s", diff)
			}
		})
	}
}

func TestEvaluateNothing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		synced bool
		want   string
	}{
		{"not seen yet", false, "Not seen yet"},
		{"gone", true, "Nothing of it is in the cluster"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := status.Evaluate(status.Input{Key: key, Now: now, Synced: tc.synced})
			if s.Verdict != status.Unknown || s.Sentence != tc.want {
				t.Errorf("got %s %q, want unknown %q", s.Verdict, s.Sentence, tc.want)
			}
			if s.Synced != tc.synced {
				t.Errorf("Synced is %t", s.Synced)
			}
		})
	}
}

// While the watch is cut the words stay, and the Snapshot says how old they are.
func TestEvaluateWatchCut(t *testing.T) {
	in := load(t, "testdata/ready.yaml")
	in.Synced, in.Since = false, now.Add(-time.Minute)
	s := status.Evaluate(in)
	if s.Synced || !s.Since.Equal(in.Since) || s.Verdict != status.Ready {
		t.Errorf("got %s, synced %t since %s", s.Verdict, s.Synced, s.Since)
	}
}

// What only the clock changes is announced, and does change then.
func TestEvaluateDue(t *testing.T) {
	for _, tc := range []struct{ file, before, after string }{
		{"readiness-young", "progressing", "failed"},
		{"crash-between", "progressing", "ready"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			in := load(t, "testdata/"+tc.file+".yaml")
			s := status.Evaluate(in)
			if string(s.Verdict) != tc.before || !s.Due.After(now) {
				t.Fatalf("now: got %s, due %s", s.Verdict, s.Due)
			}
			in.Now = s.Due.Add(-time.Millisecond)
			if got := status.Evaluate(in); string(got.Verdict) != tc.before {
				t.Errorf("just before it is due: got %s, want %s", got.Verdict, tc.before)
			}
			in.Now = s.Due
			if got := status.Evaluate(in); string(got.Verdict) != tc.after {
				t.Errorf("when due: got %s, want %s", got.Verdict, tc.after)
			}
		})
	}
}

// However the status of a Deployment is cut off, it is never shown as ready.
func TestNeverAFalseGreen(t *testing.T) {
	for _, field := range []string{"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "conditions"} {
		in := load(t, "testdata/ready.yaml")
		for _, u := range in.Objects {
			if u.GetKind() == "Deployment" {
				unstructured.RemoveNestedField(u.Object, "status", field)
			}
		}
		if s := status.Evaluate(in); s.Verdict == status.Ready {
			t.Errorf("without status.%s: got ready, %q", field, s.Sentence)
		}
	}
	in := load(t, "testdata/ready.yaml")
	for _, u := range in.Objects {
		if u.GetKind() == "Deployment" {
			u.SetGeneration(u.GetGeneration() + 1)
		}
	}
	if s := status.Evaluate(in); s.Verdict != status.Progressing || s.Sentence != "Computing…" {
		t.Errorf("a generation that nobody observed: got %s %q", s.Verdict, s.Sentence)
	}
}

func TestWorse(t *testing.T) {
	order := []status.Word{status.Failed, status.Unknown, status.Progressing, status.Pending, status.Paused, status.Ready}
	for i, a := range order {
		for j, b := range order {
			if got, want := status.Worse(a, b), order[min(i, j)]; got != want {
				t.Errorf("Worse(%s, %s) is %s, want %s", a, b, got, want)
			}
		}
	}
	if status.Worse("sparkling", status.Ready) == status.Ready {
		t.Error("a word that is not known counts as ready")
	}
}

func TestEventsNewestFirstAndBounded(t *testing.T) {
	in := status.Input{Key: key, Now: now, Synced: true}
	for i := range 200 {
		in.Events = append(in.Events, status.Event{Time: now.Add(time.Duration(i*37%200) * time.Second), Reason: "R"})
	}
	s := status.Evaluate(in)
	if len(s.Events) != 50 {
		t.Fatalf("got %d events", len(s.Events))
	}
	for i := 1; i < len(s.Events); i++ {
		if s.Events[i].Time.After(s.Events[i-1].Time) {
			t.Fatalf("event %d is newer than the one before it", i)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	in := load(b, "testdata/one-of-two-failed.yaml")
	b.ReportAllocs()
	for b.Loop() {
		status.Evaluate(in)
	}
}

// load reads objects and events from a file of YAML documents.
func load(t testing.TB, file string) status.Input {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := status.Input{Key: key, Now: now, Synced: true}
	dec := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		u := &unstructured.Unstructured{}
		if err := dec.Decode(u); err == io.EOF {
			return in
		} else if err != nil {
			t.Fatal(err)
		}
		if u.GetKind() == "Event" {
			in.Events = append(in.Events, event(t, u))
			continue
		}
		in.Objects = append(in.Objects, u)
	}
}

func event(t testing.TB, u *unstructured.Unstructured) status.Event {
	t.Helper()
	str := func(path ...string) string {
		s, _, _ := unstructured.NestedString(u.Object, path...)
		return s
	}
	at, err := time.Parse(time.RFC3339, str("lastTimestamp"))
	if err != nil {
		t.Fatal(err)
	}
	n, _, _ := unstructured.NestedInt64(u.Object, "count")
	e := status.Event{
		Time: at, Word: status.Ready, Reason: str("reason"), Message: str("message"), Count: int32(n),
		Object: manifest.Ref{Version: "v1", Kind: str("involvedObject", "kind"), Name: str("involvedObject", "name")},
	}
	if str("type") == "Warning" {
		e.Word = status.Failed
	}
	return e
}

// describe writes a Snapshot so that a person can judge it.
func describe(s status.Snapshot) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s: %s", s.Verdict, s.Sentence)
	p("%d objects, %d of %d pods ready", s.Objects, s.PodsReady, s.PodsWant)
	if !s.Due.IsZero() {
		p("due in %s", s.Due.Sub(now))
	}
	for _, w := range s.Wrong {
		p("\n%s %s: %s %s (%d pods, since %s)\n  %s", w.Word, w.Ref.Kind, w.Ref.Name, w.Title, w.Pods, ago(w.Since), w.Sentence)
		if w.Said != "" {
			p("  > %s", w.Said)
		}
	}
	for _, r := range s.Rollouts {
		p("\nrollout of %s to %s, since %s, within %s: %s", r.Ref.Name, r.Image, ago(r.Since), r.Deadline, r.Sentence)
		p("  new %s %v\n  old %s %v", r.NewSet, r.New, r.OldSet, r.Old)
	}
	p("")
	var walk func(nodes []status.Node, indent string)
	walk = func(nodes []status.Node, indent string) {
		for _, n := range nodes {
			line := indent + strings.TrimSpace(n.Ref.Kind+" "+n.Ref.Name)
			if n.Note != "" {
				line += " (" + n.Note + ")"
			}
			line += ": " + string(n.Word)
			if n.Reason != "" {
				line += ", " + n.Reason
			}
			if n.Want >= 0 {
				line += fmt.Sprintf(" [%d/%d]", n.Ready, n.Want)
			}
			p("%s", line)
			walk(n.Children, indent+"  ")
		}
	}
	walk(s.Tree, "")
	for _, w := range s.Workloads {
		p("\nworkload %s %s: %s %s, role %q, image %s and %d more [%d/%d]", w.Ref.Kind, w.Ref.Name, w.Word, w.Note, w.Role, w.Image, w.Others, w.Ready, w.Want)
		for _, v := range w.Services {
			p("  %s %s at %s, its pods by themselves %t", v.Type, v.Name, v.Host, v.Pods)
			for _, q := range v.Ports {
				p("    %s %d/%s to %s", q.Name, q.Number, q.Protocol, q.Target)
			}
		}
	}
	for _, h := range s.Hosts {
		p("\nhost %s%s, TLS %t, service %s", h.Name, h.Path, h.TLS, h.Service)
	}
	return b.String()
}

func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return now.Sub(t).String()
}
