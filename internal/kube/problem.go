package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// circumstances are what a sentence about a refusal needs to know beside the refusal.
type circumstances struct {
	team      string
	namespace string
	ref       manifest.Ref
	inNone    bool // objects of the kind belong to no namespace
	// noNamespace is set when the namespace does not exist. Without rights in it, which is always so
	// when it does not exist, the API server says "forbidden".
	noNamespace bool
}

// problem puts what the API server answered into plain words. The answer's own words go into Said;
// whoever calls masks them.
func problem(err error, c circumstances) *manifest.Problem {
	var bad *badName
	var elsewhere *misplaced
	status, answered := answerOf(err)
	switch {
	case errors.As(err, &bad):
		return &manifest.Problem{Kind: manifest.InvalidField, Field: ".metadata.name", Sentence: upperFirst(bad.Error()) + "."}
	case errors.As(err, &elsewhere):
		return &manifest.Problem{Kind: manifest.NoKind, Sentence: upperFirst(elsewhere.Error()) + ". Whoever wrote it has to declare that kind as cluster-scoped."}
	case meta.IsNoMatchError(err):
		return &manifest.Problem{Kind: manifest.NoKind, Sentence: fmt.Sprintf(
			"The cluster has no kind %s in %s. The template needs something that is not installed there.", c.ref.Kind, c.ref.GVK().GroupVersion())}
	case !answered:
		return &manifest.Problem{Kind: manifest.Away, Sentence: "The cluster does not answer."}
	}
	p := refusal(status, c)
	p.Said = status.Message
	return p
}

func refusal(s metav1.Status, c circumstances) *manifest.Problem {
	said := s.Message
	switch {
	case strings.Contains(said, "cannot impersonate"): // "impersonate" or, constrained (KEP-5284), "impersonate-on:…"
		return say(manifest.Forbidden, "The portal's account may not act for the team %s in this cluster. A platform engineer has to grant it.", c.team)
	case c.noNamespace, s.Code == http.StatusNotFound && isDetail(s, "namespaces"):
		return say(manifest.NoNamespace, "The namespace %s does not exist. A platform engineer has to make it.", c.namespace)
	case hasCause(s, "NamespaceTerminating"):
		return say(manifest.NoNamespace, "The namespace %s is being deleted, and takes nothing new.", c.namespace)
	case strings.Contains(said, "exceeded quota"):
		return say(manifest.Quota, "%s", quotaSentence(said))
	case admissionRefused(said):
		return say(manifest.Admission, "%s", admissionSentence(said))
	case s.Code == http.StatusForbidden:
		return forbidden(said, c)
	case s.Code == http.StatusConflict:
		return say(manifest.Conflicting, "%s was changed by somebody else at the same moment. Try again.", c.ref)
	case s.Code == http.StatusUnprocessableEntity:
		return invalid(s)
	case s.Code == http.StatusBadRequest, strings.Contains(said, "failed to create typed patch object"): // a 500
		return undecodable(said)
	case s.Code == http.StatusTooManyRequests:
		return say(manifest.Throttled, "The cluster has too much to do, and asks to try again later.")
	case s.Code == http.StatusNotFound:
		return say(manifest.NoKind, "The cluster does not know %s.", c.ref)
	case s.Code == http.StatusUnauthorized:
		return say(manifest.Forbidden, "The cluster does not accept the portal's credentials. A platform engineer has to renew them.")
	case s.Code >= http.StatusBadGateway:
		return say(manifest.Away, "The cluster cannot answer at present.")
	case strings.Contains(said, "failed calling webhook"):
		return say(manifest.Admission, "A check that the cluster makes on every object does not work at present: %s does not answer.", quoted(said, "an admission webhook"))
	}
	return say(manifest.Other, "The cluster would not take %s.", c.ref)
}

func say(kind manifest.ProblemKind, format string, args ...any) *manifest.Problem {
	return &manifest.Problem{Kind: kind, Sentence: fmt.Sprintf(format, args...)}
}

// may matches RBAC's refusal: User "…" cannot create resource "deployments" in API group "apps" in the namespace "payments".
var may = regexp.MustCompile(`User "[^"]*" cannot (\S+) resource "([^"]+)"`)

func forbidden(said string, c circumstances) *manifest.Problem {
	if m := may.FindStringSubmatch(said); m != nil {
		if c.inNone {
			return say(manifest.Forbidden, "The team %s may not %s %s, which belong to the whole cluster. A platform engineer can grant it.", c.team, verb(m[1]), m[2])
		}
		return say(manifest.Forbidden, "The team %s may not %s %s in the namespace %s. A platform engineer can grant it.", c.team, verb(m[1]), m[2], c.namespace)
	}
	if strings.Contains(said, "attempting to grant RBAC permissions not currently held") {
		return say(manifest.Forbidden, "The team %s would grant rights that it does not have itself, which the cluster does not allow.", c.team)
	}
	return say(manifest.Admission, "A rule of the cluster refuses %s.", c.ref)
}

func verb(v string) string {
	switch v {
	case "patch":
		return "change"
	case "get", "list":
		return "read"
	}
	return v
}

var quota = regexp.MustCompile(`exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)$`)

func quotaSentence(said string) string {
	m := quota.FindStringSubmatch(said)
	if m == nil {
		return "The namespace's quota is used up."
	}
	return fmt.Sprintf("The quota %s would be exceeded: this asks for %s, in use are %s, the limit is %s. Ask for less, or have the quota raised.", m[1], m[2], m[3], m[4])
}

func admissionRefused(said string) bool {
	return strings.Contains(said, "denied the request") || strings.Contains(said, "denied request") || strings.Contains(said, "violates PodSecurity")
}

var (
	podSecurity = regexp.MustCompile(`violates PodSecurity "([^"]+)": (.+)$`)
	webhook     = regexp.MustCompile(`admission webhook "([^"]+)" denied the request(?: without explanation|: (.+))?`)
	admitPolicy = regexp.MustCompile(`ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.+)$`)
)

func admissionSentence(said string) string {
	if m := podSecurity.FindStringSubmatch(said); m != nil {
		return fmt.Sprintf("The namespace asks for Pod Security %s, and this does not meet it: %s.", m[1], strings.TrimSuffix(m[2], "."))
	}
	for _, re := range []*regexp.Regexp{webhook, admitPolicy} {
		m := re.FindStringSubmatch(said)
		switch {
		case m == nil:
		case m[2] == "":
			return fmt.Sprintf("The cluster's rule %s refuses it, and does not say why.", m[1])
		default:
			return fmt.Sprintf("The cluster's rule %s refuses it: %s.", m[1], strings.TrimSuffix(m[2], "."))
		}
	}
	return "A rule of the cluster refuses it."
}

// invalid is about an object that does not meet its schema. The first field is named; all of them are
// in Said.
func invalid(s metav1.Status) *manifest.Problem {
	p := say(manifest.InvalidField, "The cluster finds a value in it invalid.")
	if s.Details == nil {
		return p
	}
	for _, c := range s.Details.Causes {
		if c.Field == "" || c.Field == "<nil>" {
			continue
		}
		p.Field = dotted(c.Field)
		p.Sentence = fmt.Sprintf("The field %s is not valid: %s.", p.Field, strings.TrimSuffix(c.Message, "."))
		if n := len(s.Details.Causes); n > 1 {
			p.Sentence += fmt.Sprintf(" There are %d such fields.", n)
		}
		return p
	}
	return p
}

var (
	unknownField = regexp.MustCompile(`unknown field "([^"]+)"|(\.\S+): field not declared in schema`)
	twice        = regexp.MustCompile(`duplicate field "([^"]+)"`)
	mistyped     = regexp.MustCompile(`(\.\S+): expected (\w+)`)
)

// undecodable is about an object that cannot be read as its kind.
func undecodable(said string) *manifest.Problem {
	if m := unknownField.FindStringSubmatch(said); m != nil {
		field := dotted(m[1] + m[2])
		p := say(manifest.InvalidField, "There is no field %s in this kind. It may be misspelt, or belong to another version.", field)
		p.Field = field
		return p
	}
	if m := twice.FindStringSubmatch(said); m != nil {
		p := say(manifest.InvalidField, "The field %s is there twice.", dotted(m[1]))
		p.Field = dotted(m[1])
		return p
	}
	if m := mistyped.FindStringSubmatch(said); m != nil {
		p := say(manifest.InvalidField, "The field %s must be a %s.", m[1], m[2])
		p.Field = m[1]
		return p
	}
	return say(manifest.InvalidField, "The cluster cannot read it as the kind that it says it is.")
}

// answerOf gives what the API server said, if it said anything.
func answerOf(err error) (metav1.Status, bool) {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status(), true
	}
	return metav1.Status{}, false
}

// unsent tells whether a request did not even reach the API server, so that nothing can have come of it.
func unsent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// away tells whether err means that the cluster does not answer. An answer, be it a refusal, is not
// that; neither is a caller who gave up.
func away(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || meta.IsNoMatchError(err) {
		return false
	}
	var bad *badName
	var elsewhere *misplaced
	if errors.As(err, &bad) || errors.As(err, &elsewhere) || errors.Is(err, ErrIdentity) {
		return false
	}
	s, answered := answerOf(err)
	return !answered || s.Code == http.StatusBadGateway || s.Code == http.StatusServiceUnavailable || s.Code == http.StatusGatewayTimeout
}

func isDetail(s metav1.Status, kind string) bool { return s.Details != nil && s.Details.Kind == kind }

func hasCause(s metav1.Status, cause metav1.CauseType) bool {
	if s.Details == nil {
		return false
	}
	for _, c := range s.Details.Causes {
		if c.Type == cause {
			return true
		}
	}
	return false
}

func dotted(field string) string { return "." + strings.TrimPrefix(field, ".") }

func quoted(said, otherwise string) string {
	if _, rest, ok := strings.Cut(said, `"`); ok {
		if name, _, ok := strings.Cut(rest, `"`); ok && name != "" {
			return name
		}
	}
	return otherwise
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
