package kube

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

func answer(code int32, message string, causes ...metav1.StatusCause) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: message, Details: &metav1.StatusDetails{Causes: causes}}}
}

func TestProblem(t *testing.T) {
	c := circumstances{team: "payments", namespace: "pay", ref: manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}}
	for _, row := range []struct {
		name string
		err  error
		kind manifest.ProblemKind
		says string
	}{
		{"impersonation", answer(403, `users "slipway:team:payments" is forbidden: User "system:serviceaccount:s:portal" cannot impersonate resource "users" in API group "" at the cluster scope`), manifest.Forbidden, "The portal's account may not act for the team payments"},
		{"constrained impersonation", answer(403, `configmaps "x" is forbidden: User "system:serviceaccount:s:portal" cannot impersonate-on:user-info:get resource "configmaps" in API group ""`), manifest.Forbidden, "The portal's account may not act"},
		{"rights", answer(403, `deployments.apps "api" is forbidden: User "slipway:team:payments" cannot patch resource "deployments" in API group "apps" in the namespace "pay"`), manifest.Forbidden, "The team payments may not change deployments in the namespace pay."},
		{"escalation", answer(403, `roles.rbac.authorization.k8s.io "r" is forbidden: user "slipway:team:payments" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:`), manifest.Forbidden, "would grant rights that it does not have"},
		{"quota", answer(403, `pods "x" is forbidden: exceeded quota: small, requested: cpu=2, used: cpu=3, limited: cpu=4`), manifest.Quota, "The quota small would be exceeded: this asks for cpu=2, in use are cpu=3, the limit is cpu=4."},
		{"limit range", answer(403, `pods "x" is forbidden: maximum cpu usage per Container is 1, but limit is 2`), manifest.Admission, "A rule of the cluster refuses Deployment api."},
		{"pod security", answer(403, `pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`), manifest.Admission, "Pod Security restricted:latest, and this does not meet it: runAsNonRoot != true."},
		{"webhook", answer(400, `admission webhook "images.example.com" denied the request: the image must be signed.`), manifest.Admission, "rule images.example.com refuses it: the image must be signed."},
		{"webhook without a word", answer(403, `admission webhook "images.example.com" denied the request without explanation`), manifest.Admission, "images.example.com refuses it, and does not say why."},
		{"policy", answer(422, `deployments.apps "api" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: name an owner`), manifest.Admission, "rule owners refuses it: name an owner."},
		{"webhook that is down", answer(500, `Internal error occurred: failed calling webhook "images.example.com": dial tcp: refused`), manifest.Admission, "images.example.com does not answer"},
		{"namespace terminating", answer(403, "forbidden: unable to create new content in namespace pay because it is being terminated", metav1.StatusCause{Type: "NamespaceTerminating"}), manifest.NoNamespace, "is being deleted"},
		{"invalid", answer(422, "…", metav1.StatusCause{Type: "FieldValueInvalid", Field: "spec.replicas", Message: "Invalid value: -1"}, metav1.StatusCause{Field: "spec.x"}), manifest.InvalidField, "The field .spec.replicas is not valid: Invalid value: -1. There are 2 such fields."},
		{"unknown field", answer(400, `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replicaz"`), manifest.InvalidField, "There is no field .spec.replicaz"},
		{"duplicate field", answer(400, `strict decoding error: duplicate field "spec.x"`), manifest.InvalidField, "The field .spec.x is there twice."},
		{"throttled", answer(429, "too many requests"), manifest.Throttled, "too much to do"},
		{"credentials", answer(401, "Unauthorized"), manifest.Forbidden, "does not accept the portal's credentials"},
		{"unavailable", answer(503, "no"), manifest.Away, "cannot answer at present"},
		{"no answer", io.ErrUnexpectedEOF, manifest.Away, "does not answer"},
		{"kind", &meta.NoKindMatchError{}, manifest.NoKind, "no kind Deployment in apps/v1"},
		{"something else", answer(500, "oops"), manifest.Other, "would not take Deployment api"},
	} {
		p := problem(row.err, c)
		if p.Kind != row.kind || !strings.Contains(p.Sentence, row.says) || !strings.HasSuffix(p.Sentence, ".") {
			t.Errorf("%s: %+v", row.name, p)
		}
	}
	c.noNamespace = true
	if p := problem(answer(403, `User "slipway:team:payments" cannot patch resource "deployments"`), c); p.Kind != manifest.NoNamespace {
		t.Errorf("a namespace that is not there: %+v", p)
	}
}

func TestFate(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want fate
	}{
		{"done", nil, final},
		{"bad request", answer(400, ""), final},
		{"forbidden", answer(403, ""), final},
		{"no namespace", answer(404, ""), final},
		{"ownership", answer(409, "", metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict}), final},
		{"two at once", answer(409, ""), again},
		{"invalid", answer(422, ""), final},
		{"throttled", answer(429, ""), again},
		{"schema", answer(500, "failed to create typed patch object"), final},
		{"leader lost", answer(500, "etcdserver: leader changed"), lost},
		{"bad gateway", answer(http.StatusBadGateway, ""), lost},
		{"unavailable", answer(503, ""), again},
		{"gateway timeout", answer(504, ""), lost},
		{"refused connection", &net.OpError{Op: "dial", Err: errors.New("refused")}, again},
		{"cut connection", &net.OpError{Op: "read", Err: errors.New("reset")}, lost},
		{"cut while only reading", &readError{io.EOF}, again},
		{"out of time", context.DeadlineExceeded, lost},
		{"on its way out", errTerminating, again},
		{"somebody else's", &foreign{"x"}, final},
		{"nobody acts", ErrIdentity, final},
		{"unknown kind", &meta.NoKindMatchError{}, final},
	} {
		if got := fateOf(row.err); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	a := patience{patienceLimit, stop}.do(t.Context(), func(context.Context) error { return io.EOF })
	if a.tries != 1 || !a.lost {
		t.Errorf("after a stop: %+v", a)
	}
	n := 0
	a = patience{patienceLimit, nil}.do(t.Context(), func(context.Context) error {
		if n++; n == 1 {
			return io.EOF // lost
		}
		return answer(403, "")
	})
	if a.tries != 2 || a.lost || a.err == nil {
		t.Errorf("an answer after a lost one: %+v", a)
	}
	slow := answer(429, "")
	slow.(*apierrors.StatusError).ErrStatus.Details.RetryAfterSeconds = 60
	if a = (patience{patienceLimit, nil}).do(t.Context(), func(context.Context) error { return slow }); a.tries != 1 || a.lost {
		t.Errorf("asked to wait longer than patience lasts: %+v", a)
	}
}

func FuzzConflict(f *testing.F) {
	f.Add(`conflict with "kubectl-edit" using apps/v1 at 2026-01-02T03:04:05Z`, ".spec.replicas", `{"f:spec":{"f:replicas":{}}}`)
	f.Add(`conflict with "a\"b" with subresource "scale" using apps/v1`, `.spec.l[name="x"].v`, `{"f:spec":{"f:l":{"k:{\"name\":\"x\"}":{"f:v":{}}}}}`)
	f.Add("", "", "{")
	f.Fuzz(func(t *testing.T, message, field, fields string) {
		ownedPath([]byte(fields), field)
		if !json.Valid([]byte(fields)) {
			fields = "{}" // an API server's objects are JSON
		}
		live := owned("ConfigMap", fields)
		err := answer(409, "", metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict, Message: message, Field: field})
		cs := conflictsIn(err, live, live)
		if len(cs) != 1 || cs[0].Field != field {
			t.Errorf("%+v", cs)
		}
	})
}

func owned(kind, fields string) manifest.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "spec": map[string]any{"replicas": int64(1), "l": []any{map[string]any{"name": "x", "v": "y"}}}}}
	u.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", FieldsV1: metav1.NewFieldsV1(fields)}})
	return u
}

func TestConflictOfASecretIsHidden(t *testing.T) {
	err := answer(409, "", metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict, Message: `conflict with "kubectl-edit" using v1`, Field: ".spec.replicas"})
	for kind, want := range map[string]string{"ConfigMap": "1", "Secret": hidden} {
		u := owned(kind, `{"f:spec":{"f:replicas":{}}}`)
		if cs := conflictsIn(err, u, u); cs[0].Live != want || cs[0].Wanted != want || cs[0].Manager != "kubectl-edit" {
			t.Errorf("%s: %+v", kind, cs)
		}
	}
}
