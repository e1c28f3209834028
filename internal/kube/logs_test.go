package kube_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/policy"
)

// allow gives the team one more right in the stage's namespace.
func (s *stage) allow(name, group, resource string, verbs ...string) {
	s.t.Helper()
	rbac := s.admin.RbacV1()
	_, err := rbac.Roles(s.place.Namespace).Create(s.t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}},
	}, metav1.CreateOptions{})
	if err == nil {
		_, err = rbac.RoleBindings(s.place.Namespace).Create(s.t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: kube.UserOfTeam(s.team)}},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// runPod runs a pod whose image chooses its story, and waits until its container is as wanted.
func (s *stage) runPod(name, image string, ok func(corev1.ContainerStatus) bool) {
	s.t.Helper()
	s.adminDoes("somebody", "shop", `{apiVersion: v1, kind: Pod, metadata: {name: `+name+`}, spec: {containers: [{name: app, image: "registry.example.com/`+image+`", resources: {requests: {cpu: 100m, memory: 64Mi}}}]}}`)
	s.eventually(name, func() bool {
		p, err := s.admin.CoreV1().Pods(s.place.Namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		return err == nil && len(p.Status.ContainerStatuses) == 1 && ok(p.Status.ContainerStatuses[0])
	})
}

func runs(c corev1.ContainerStatus) bool { return c.State.Running != nil }

// open reads logs of the stage's namespace.
func (s *stage) open(as policy.Acting) logs.Open {
	return func(ctx context.Context, src logs.Source, a logs.Ask) (io.ReadCloser, error) {
		return s.cs.Log(ctx, as, s.place, src, a)
	}
}

func TestLogsAreReadAsTheTeam(t *testing.T) {
	s := newStage(t)
	s.runPod("web", "web:1.0", runs)
	web := logs.Source{Namespace: s.place.Namespace, Pod: "web", Container: "app"}
	var no *logs.Unreadable
	if _, err := s.cs.Log(t.Context(), s.as, s.place, web, logs.Ask{}); !errors.As(err, &no) || !no.Gone || !strings.Contains(no.Sentence, "no right to get pods/log") {
		t.Fatalf("without the right: %v", err)
	}
	s.allow("logs", "", "pods/log", "get")
	s.eventually("the right to read logs", func() bool {
		r, err := s.cs.Log(t.Context(), s.as, s.place, web, logs.Ask{Tail: 1})
		if err == nil {
			r.Close()
		}
		return err == nil
	})
	text := logs.Tail(t.Context(), s.open(s.as), []logs.Source{web}, 500)
	if len(text.Notes) > 0 || len(text.Lines) < 3 || !strings.Contains(text.Lines[0].Text, "web:1.0 starts") || text.Lines[2].Text != "ready, answering requests" {
		t.Fatalf("the log is %+v", text)
	}
	if age := time.Since(text.Cursor()); age < 0 || age > time.Minute {
		t.Errorf("the last line is %s old", age)
	}
	if last := logs.Tail(t.Context(), s.open(s.as), []logs.Source{web}, 1); len(last.Lines) != 1 || last.Lines[0].Time.Before(text.Cursor()) {
		t.Errorf("the last line is %+v", last)
	}

	f := logs.Follow(t.Context(), s.open(s.as), text.Cursor())
	defer f.Close()
	f.Set([]logs.Source{web})
	for seen := text.Cursor(); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		batch, err := f.Next(ctx)
		cancel()
		if err != nil || len(batch.Lines) == 0 {
			t.Fatalf("nothing new came: %v", err)
		}
		for _, l := range batch.Lines {
			if !l.Time.After(seen) {
				t.Fatalf("%q came again", l.Text)
			}
			seen = l.Time
		}
		if seen.Sub(text.Cursor()) > 3*time.Second {
			return
		}
	}
}

func TestLogsThatCannotBeRead(t *testing.T) {
	s := newStage(t)
	s.allow("logs", "", "pods/log", "get")
	s.runPod("web", "web:1.0", runs)
	s.runPod("broken", "web:broken", func(c corev1.ContainerStatus) bool { return c.State.Waiting != nil && c.ImageID == "" })
	stranger := s.as
	stranger.Team = s.other
	s.eventually("the right to read logs", func() bool {
		r, err := s.cs.Log(t.Context(), s.as, s.place, logs.Source{Pod: "web", Container: "app"}, logs.Ask{Tail: 1})
		if err == nil {
			r.Close()
		}
		return err == nil
	})
	for name, tc := range map[string]struct {
		as     policy.Acting
		source logs.Source
		want   string
		gone   bool
	}{
		"not started":      {s.as, logs.Source{Pod: "broken", Container: "app"}, "has not started yet", false},
		"no former one":    {s.as, logs.Source{Pod: "web", Container: "app", Previous: true}, "nothing kept from before", true},
		"no such pod":      {s.as, logs.Source{Pod: "none", Container: "app"}, "has gone", true},
		"no such one":      {s.as, logs.Source{Pod: "web", Container: "none"}, "is not a container of this pod", true},
		"another team":     {stranger, logs.Source{Pod: "web", Container: "app"}, "may not be read", true},
		"out of the space": {s.as, logs.Source{Namespace: "kube-system", Pod: "web", Container: "app"}, "may not be read", true},
	} {
		_, err := s.cs.Log(t.Context(), tc.as, s.place, tc.source, logs.Ask{})
		var no *logs.Unreadable
		if !errors.As(err, &no) || !strings.Contains(no.Sentence, tc.want) || no.Gone != tc.gone {
			t.Errorf("%s: %v, wanted %q, for good: %t", name, err, tc.want, tc.gone)
		}
	}
	for _, pod := range []string{"../../../apis", "web/../x", ""} {
		if r, err := s.cs.Log(t.Context(), s.as, s.place, logs.Source{Pod: pod, Container: "app"}, logs.Ask{}); err == nil {
			r.Close()
			t.Errorf("the pod %q is read", pod)
		}
	}
	if _, err := s.cs.Log(t.Context(), policy.Acting{}, s.place, logs.Source{Pod: "web", Container: "app"}, logs.Ask{}); !errors.Is(err, kube.ErrIdentity) {
		t.Errorf("as nobody: %v", err)
	}
}

func TestLogOfTheContainerBefore(t *testing.T) {
	s := newStage(t)
	s.allow("logs", "", "pods/log", "get")
	s.runPod("bad", "bad:crash", func(c corev1.ContainerStatus) bool {
		return c.RestartCount > 0 && c.LastTerminationState.Terminated != nil
	})
	text := logs.Tail(t.Context(), s.open(s.as), []logs.Source{{Pod: "bad", Container: "app", Previous: true}}, 100)
	var said []string
	for _, l := range text.Lines {
		said = append(said, l.Text)
	}
	if all := strings.Join(said, "\n"); !strings.Contains(all, "panic: no connection to the database") {
		t.Errorf("the log is %q, with the notes %+v", all, text.Notes)
	}
}
