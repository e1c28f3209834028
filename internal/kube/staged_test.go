package kube_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

func (s *stage) sealer() *manifest.Sealer {
	s.t.Helper()
	sealer, err := manifest.NewSealer([]byte(strings.Repeat("k", manifest.MinSealerKey)))
	if err != nil {
		s.t.Fatal(err)
	}
	return sealer
}

// put stages values and gives their tokens.
func (s *stage) put(values ...string) []manifest.Token {
	s.t.Helper()
	tokens, secrets := make([]manifest.Token, len(values)), manifest.Secrets{}
	for i, v := range values {
		tokens[i] = s.sealer().Seal(s.place, v)
		secrets[tokens[i]] = v
	}
	if err := s.cs.Stage(s.t.Context(), s.as, s.place, secrets); err != nil {
		s.t.Fatal(err)
	}
	return tokens
}

func login(value any) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {url: %q}", value)
}

// live reads a key of a Secret as it is in the cluster.
func (s *stage) live(name, key string) string {
	s.t.Helper()
	got, err := s.admin.CoreV1().Secrets(s.place.Namespace).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(got.Data[key])
}

// mustNotTell fails if a value stands in anything, in any of the ways in which it may be written.
func mustNotTell(t *testing.T, value string, anything ...any) {
	t.Helper()
	quoted, _ := json.Marshal(value)
	forms := []string{value, strings.Trim(string(quoted), `"`), url.QueryEscape(value), fmt.Sprintf("%x", value)}
	for _, before := range []string{"", "x", "xx"} { // where it begins in what is encoded gives it three forms
		s := base64.StdEncoding.EncodeToString([]byte(before + value))
		forms = append(forms, s[4:len(s)-4])
	}
	for _, a := range anything {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(raw), fmt.Sprintf("%+v", a), fmt.Sprint(a)} {
			for _, form := range forms {
				if strings.Contains(text, form) {
					t.Errorf("%q is in %.2000s", form, text)
				}
			}
		}
	}
}

// Whatever is typed is in the Secret to the byte, also inside a longer text.
func TestSecretValuesArriveToTheByte(t *testing.T) {
	s := newStage(t)
	values := map[string]string{
		"plain": "correct horse battery staple", "newline": "-----BEGIN-----\nabc\n-----END-----\n", "binary": "a\xff\xfe\x00\x01b",
		"quotes": `p"a\ss{word}` + "\t", "yaml": "no: [yes]\n", "large": strings.Repeat("0123456789abcdef", 900<<10/16), "space": " ",
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			token := s.put(v)[0]
			set := s.set("shop", strings.ReplaceAll(login(token), "login", name))
			s.apply("shop", set)
			if got := s.live(name, "url"); got != v {
				t.Errorf("%d bytes arrived of %d", len(got), len(v))
			}
			if d := s.dryRun("shop", set)["Secret "+name]; d.Op != manifest.Unchanged || d.Problem != nil {
				t.Errorf("applied again: %s %+v %v", d.Op, d.Problem, d.Fields)
			}
		})
	}
	password := `say "hi" \ <now>`
	token := string(s.put(password)[0])
	s.apply("shop", s.set("shop", "apiVersion: v1\nkind: Secret\nmetadata: {name: pull}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: "+
		base64.StdEncoding.EncodeToString([]byte(`{"auths":{"registry.example.com":{"username":"ada","password":"`+token+`"}}}`))+"}"))
	var doc struct {
		Auths map[string]struct{ Username, Password string }
	}
	if err := json.Unmarshal([]byte(s.live("pull", ".dockerconfigjson")), &doc); err != nil || doc.Auths["registry.example.com"].Password != password {
		t.Errorf("the logins are %+v, %v", doc, err)
	}
	s.apply("shop", s.set("shop", strings.ReplaceAll(login("postgres://ada:"+token+"@db/shop"), "login", "inside")))
	if got := s.live("inside", "url"); got != "postgres://ada:"+password+"@db/shop" {
		t.Errorf("inside a text: %q", got)
	}
}

// A plan compares real values, says what differs and tells none.
func TestSecretsInPlansAreComparedAndHidden(t *testing.T) {
	s := newStage(t)
	tokens := s.put("correct-horse-battery", "hunter2-very-secret")
	first, second := s.set("shop", login(tokens[0])), s.set("shop", login(tokens[1]))
	made := s.dryRun("shop", first)
	if d := made["Secret login"]; d.Op != manifest.Create || d.Problem != nil {
		t.Fatalf("%s %+v", d.Op, d.Problem)
	}
	out := s.apply("shop", first)
	same, other := s.dryRun("shop", first), s.dryRun("shop", second)
	if d := same["Secret login"]; d.Op != manifest.Unchanged {
		t.Errorf("the same value is a %s: %v", d.Op, d.Fields)
	}
	d := other["Secret login"]
	if d.Op != manifest.Change || len(d.Fields) != 1 || d.Fields[0].To != manifest.HiddenChanged {
		t.Errorf("another value is a %s of %v", d.Op, d.Fields)
	}
	for _, v := range []string{"correct-horse-battery", "hunter2-very-secret"} {
		mustNotTell(t, v, made, same, other, out)
	}
}

// What cannot be filled in is said, and nothing of it is sent.
func TestSecretsWithoutAValue(t *testing.T) {
	s, other := newStage(t), newStage(t)
	kept := s.put("deleted-by-hand")[0]
	if err := s.admin.CoreV1().Secrets(s.place.Namespace).Delete(t.Context(), manifest.StagedName(kept), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	forged := s.sealer().Seal(s.place, "another value")
	s.adminDoes("someone", "", "apiVersion: v1\nkind: Secret\nmetadata: {name: "+manifest.StagedName(forged)+"}\nstringData: {value: forged}")
	for name, row := range map[string]struct {
		token manifest.Token
		says  string
	}{
		"never given":               {manifest.Unset, "`url` has no value yet. Set it, then this can be applied."},
		"deleted by hand":           {kept, "The value of `url` is no longer there. Type it again."},
		"of another place":          {other.put("of another team")[0], "The value of `url` is no longer there. Type it again."},
		"not one that we put there": {forged, "The value of `url` is no longer there. Type it again."},
	} {
		t.Run(name, func(t *testing.T) {
			set := s.set("shop", login(row.token)+"\n---\n"+settings)
			d := s.dryRun("shop", set)["Secret login"]
			if d.Problem == nil || d.Problem.Kind != manifest.UnsetSecret || d.Problem.Sentence != row.says {
				t.Errorf("the plan says %+v", d.Problem)
			}
			out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			if o := byName(out)["Secret login"]; o.State != manifest.Broken || o.Problem == nil || o.Problem.Sentence != row.says {
				t.Errorf("the outcome is %+v", o)
			}
			if s.exists(manifest.Ref{Version: "v1", Kind: "Secret", Name: "login"}) {
				t.Error("it was written")
			}
		})
	}
	set := s.set("shop", "{apiVersion: v1, kind: ConfigMap, metadata: {name: open}, data: {url: "+string(kept)+"}}")
	if d := s.dryRun("shop", set)["ConfigMap open"]; d.Problem == nil || !strings.Contains(d.Problem.Sentence, "not sent") {
		t.Errorf("a token in a ConfigMap: %+v", d.Problem)
	}
}

// A rule of the cluster quotes the value: its words are shown without it.
func TestSecretsThatARuleQuotes(t *testing.T) {
	s := newStage(t)
	name, fail := s.place.Namespace, admissionv1.Fail
	policies, bindings := s.admin.AdmissionregistrationV1().ValidatingAdmissionPolicies(), s.admin.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(t.Context(), &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.place.Namespace}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.OperationAll},
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"secrets"}},
				}}},
			},
			Validations: []admissionv1.Validation{{
				Expression:        "object == null || object.metadata.name != 'login'",
				MessageExpression: "'not this: ' + string(object.data['url'])",
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = bindings.Create(t.Context(), &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanups = append(cleanups, func() {
		_ = bindings.Delete(context.Background(), name, metav1.DeleteOptions{})
		_ = policies.Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	set := s.set("shop", login("postgres://ada:"+string(s.put("hunter2-very-secret")[0])+"@db/shop"))
	var d manifest.DryRun
	s.eventually("the rule", func() bool { d = s.dryRun("shop", set)["Secret login"]; return d.Problem != nil })
	if !strings.Contains(d.Problem.Said, "this: ") || d.Problem.Kind != manifest.Admission {
		t.Errorf("it does not say what the rule said: %+v", d.Problem)
	}
	out, err := s.cs.Apply(t.Context(), s.as, s.place, "shop", set, nil, nil, func(manifest.Outcome) error { return nil })
	if err != nil || out[0].Problem == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	mustNotTell(t, "hunter2-very-secret", d, out)
}

// Putting the same aside again and again, at once, is harmless; what was put there by hand is replaced.
func TestStageAgain(t *testing.T) {
	s := newStage(t)
	token := s.sealer().Seal(s.place, "the value")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := s.cs.Stage(t.Context(), s.as, s.place, manifest.Secrets{token: "the value"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	secrets := s.admin.CoreV1().Secrets(s.place.Namespace)
	got, err := secrets.Get(t.Context(), manifest.StagedName(token), metav1.GetOptions{})
	if err != nil || string(got.Data[manifest.StagedKey]) != "the value" || got.Immutable == nil || !*got.Immutable {
		t.Fatalf("%v, immutable %v", err, got.Immutable)
	}
	got.Data[manifest.StagedKey] = []byte("forged")
	if _, err := secrets.Update(t.Context(), got, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("the value can be changed: %v", err)
	}
	if err := secrets.Delete(t.Context(), got.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	got.ResourceVersion, got.UID = "", ""
	if _, err := secrets.Create(t.Context(), got, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.put("the value")
	if v := s.live(manifest.StagedName(token), manifest.StagedKey); v != "the value" {
		t.Errorf("after putting it aside again it is %q", v)
	}
}

func TestStageRefuses(t *testing.T) {
	s := newStage(t)
	var not *manifest.NotStaged
	large := strings.Repeat("x", manifest.MaxSecretBytes+1)
	err := s.cs.Stage(t.Context(), s.as, s.place, manifest.Secrets{s.sealer().Seal(s.place, large): large})
	if !errors.As(err, &not) || !strings.Contains(not.Problem.Sentence, "960 KiB at most") {
		t.Errorf("a large value: %.300v", err)
	}
	elsewhere := manifest.Place{Cluster: "main", Namespace: "no-such-namespace-" + s.run}
	err = s.cs.Stage(t.Context(), s.as, elsewhere, manifest.Secrets{s.sealer().Seal(elsewhere, "hunter2-very-secret"): "hunter2-very-secret"})
	if !errors.As(err, &not) || not.Problem.Kind != manifest.NoNamespace {
		t.Errorf("a namespace that is not there: %v", err)
	}
	if staged, err := s.cs.Staged(t.Context(), s.as, elsewhere); err != nil || len(staged) != 0 {
		t.Errorf("what a namespace keeps that is not there: %v, %v", staged, err)
	}
	mustNotTell(t, "hunter2-very-secret", err)
	if err := s.cs.Stage(t.Context(), s.as, s.place, manifest.Secrets{manifest.Unset: "x"}); err == nil {
		t.Error("a value for nothing is taken")
	}
}

// What is deleted is what was seen: a value that was put aside again meanwhile stays.
func TestUnstage(t *testing.T) {
	s := newStage(t)
	before := time.Now().Add(-2 * time.Second)
	tokens := s.put("one value", "another value")
	var staged []manifest.Staged
	s.eventually("the API server's cache", func() bool {
		var err error
		if staged, err = s.cs.Staged(t.Context(), s.as, s.place); err != nil {
			t.Fatal(err)
		}
		return len(staged) == 2
	})
	for _, one := range staged {
		if one.At.Before(before) || one.At.After(time.Now().Add(time.Second)) || one.Token != tokens[0] && one.Token != tokens[1] {
			t.Errorf("listed as %+v", one)
		}
	}
	time.Sleep(1100 * time.Millisecond) // times are kept to the second
	s.put("one value")
	if err := s.cs.Unstage(t.Context(), s.as, s.place, staged); err != nil {
		t.Fatal(err)
	}
	left, err := s.admin.CoreV1().Secrets(s.place.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: manifest.LabelStaged})
	if err != nil || len(left.Items) != 1 || left.Items[0].Name != manifest.StagedName(tokens[0]) {
		t.Errorf("%d are left, %v", len(left.Items), err)
	}
	if err := s.cs.Unstage(t.Context(), s.as, s.place, staged); err != nil {
		t.Errorf("what is gone already: %v", err)
	}
}
