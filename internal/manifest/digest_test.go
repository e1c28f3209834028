package manifest

import (
	"slices"
	"testing"
)

func digestInput() DigestInput {
	api := Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}
	return DigestInput{
		Cluster: "nbg1-prod", Namespace: "payments", Template: "web-service", Version: "1.0.0", Rendered: []byte("kind: Deployment\n"),
		Prune: []Ref{{Version: "v1", Kind: "ConfigMap", Name: "a"}, {Version: "v1", Kind: "ConfigMap", Name: "b"}},
		Objects: []DryRun{
			{Ref: api, Op: Change, UID: "4a61b5ad", Fields: []FieldChange{{Path: ".spec.replicas", From: "2", To: "3", Op: Change}}},
			{Ref: Ref{Version: "v1", Kind: "Service", Name: "api"}, Op: Create},
		},
		Decisions: []Decision{{Ref: api, Field: ".spec.replicas", Manager: "hpa"}, {Ref: api, Field: ".spec.paused", Manager: "kubectl", Take: true}},
	}
}

// The digest of one fixed plan. If this changes, every approval that waits becomes void: then change
// digestVersion too, and say so in the change log.
const goldenDigest = "f4544a2f1355563c3cbecb9b839123715a858279b416616537610e668c48cb4e"

func TestDigestGolden(t *testing.T) {
	if got := NewDigest(digestInput()); got != goldenDigest {
		t.Errorf("got %s", got)
	}
}

func TestEachPartChangesTheDigest(t *testing.T) {
	base := NewDigest(digestInput())
	seen := map[Digest]string{base: "nothing"}
	for name, change := range map[string]func(*DigestInput){
		"cluster":           func(in *DigestInput) { in.Cluster = "x" },
		"namespace":         func(in *DigestInput) { in.Namespace = "x" },
		"template":          func(in *DigestInput) { in.Template = "x" },
		"version":           func(in *DigestInput) { in.Version = "x" },
		"rendered":          func(in *DigestInput) { in.Rendered = append(in.Rendered, ' ') },
		"one pruned less":   func(in *DigestInput) { in.Prune = in.Prune[:1] },
		"pruned name":       func(in *DigestInput) { in.Prune[0].Name = "x" },
		"object group":      func(in *DigestInput) { in.Objects[0].Ref.Group = "x" },
		"object version":    func(in *DigestInput) { in.Objects[0].Ref.Version = "x" },
		"object kind":       func(in *DigestInput) { in.Objects[0].Ref.Kind = "x" },
		"object name":       func(in *DigestInput) { in.Objects[0].Ref.Name = "x" },
		"object namespace":  func(in *DigestInput) { in.Objects[0].Ref.Namespace = "x" },
		"operation":         func(in *DigestInput) { in.Objects[1].Op = Unchanged },
		"one object less":   func(in *DigestInput) { in.Objects = in.Objects[:1] },
		"another object":    func(in *DigestInput) { in.Objects[0].UID = "x" },
		"path":              func(in *DigestInput) { in.Objects[0].Fields[0].Path = "x" },
		"live value":        func(in *DigestInput) { in.Objects[0].Fields[0].From = "4" },
		"field operation":   func(in *DigestInput) { in.Objects[0].Fields[0].Op = Delete },
		"one field less":    func(in *DigestInput) { in.Objects[0].Fields = nil },
		"decision":          func(in *DigestInput) { in.Decisions[0].Take = true },
		"decided field":     func(in *DigestInput) { in.Decisions[0].Field = "x" },
		"decided owner":     func(in *DigestInput) { in.Decisions[0].Manager = "x" },
		"one decision less": func(in *DigestInput) { in.Decisions = in.Decisions[1:] },
		"moved text":        func(in *DigestInput) { in.Cluster, in.Namespace = "nbg1-prodp", "ayments" },
		"nothing at all":    func(in *DigestInput) { *in = DigestInput{} },
	} {
		in := digestInput()
		change(&in)
		d := NewDigest(in)
		if other, dup := seen[d]; dup {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[d] = name
	}
}

func TestWhatDoesNotChangeTheDigest(t *testing.T) {
	base := NewDigest(digestInput())
	for name, change := range map[string]func(*DigestInput){
		"order of prune":     func(in *DigestInput) { slices.Reverse(in.Prune) },
		"order of objects":   func(in *DigestInput) { slices.Reverse(in.Objects) },
		"order of decisions": func(in *DigestInput) { slices.Reverse(in.Decisions) },
		"warnings":           func(in *DigestInput) { in.Objects[0].Warnings = []string{"deprecated"} },
		"one left as it is":  func(in *DigestInput) { in.Objects[1].UID = "x" },
		"pods":               func(in *DigestInput) { in.Objects[0].PodsLive = 7 },
	} {
		in := digestInput()
		change(&in)
		if NewDigest(in) != base {
			t.Errorf("%s changes the digest", name)
		}
	}
}

func TestRefPath(t *testing.T) {
	for want, r := range map[string]Ref{
		"apps/v1/Deployment/api":                             {Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"},
		"namespaces/search/v1/ConfigMap/settings":            {Version: "v1", Kind: "ConfigMap", Name: "settings", Namespace: "search"},
		"namespaces/search/apps/v1/Deployment/api":           {Group: "apps", Version: "v1", Kind: "Deployment", Name: "api", Namespace: "search"},
		"v1/ConfigMap/settings":                              {Version: "v1", Kind: "ConfigMap", Name: "settings"},
		"rbac.authorization.k8s.io/v1/Role/system:a%2Fb%20c": {Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role", Name: "system:a/b c"},
	} {
		if got := r.Path(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if back, err := ParseRef(r.Path()); err != nil || back != r {
			t.Errorf("%s: %v, %v", want, back, err)
		}
	}
	for _, s := range []string{"", "a", "a/b", "a/b/c/d/e", "namespaces/x/a/b/c/d/e", "a//b", "v1/X/%zz"} {
		if r, err := ParseRef(s); err == nil {
			t.Errorf("%q was read as %v", s, r)
		}
	}
}
