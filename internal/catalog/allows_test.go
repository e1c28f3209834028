package catalog

import (
	"context"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// allowing makes a chart that declares something and has one template.
func allowing(t testing.TB, allows, template string) *Template {
	t.Helper()
	return loadChart(t, map[string]string{
		"Chart.yaml":       "apiVersion: v2\nname: sample\nversion: 0.1.0\nannotations:\n  slipway.dev/allows: " + `"` + allows + `"` + "\n",
		"templates/a.yaml": template,
	})
}

const (
	aNamespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: tools, namespace: nonsense}\n"
	aRole      = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader, namespace: tools}\n"
	anIssuer   = "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: main}\n"
	aSecret    = "apiVersion: v1\nkind: Secret\nmetadata: {name: made}\nstringData: {a: b}\n"
	aJob       = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {helm.sh/hook: \"pre-upgrade,pre-install\"}}\n"
	aTest      = "apiVersion: v1\nkind: Pod\nmetadata: {name: try, annotations: {helm.sh/hook: test}}\n"
)

func TestTemplatesMakeWhatTheyDeclare(t *testing.T) {
	for name, tc := range map[string]struct {
		allows, template string
		want             []string
		skipped          string
	}{
		"quota":            {"", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\n---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\n", []string{"LimitRange l", "ResourceQuota q"}, ""},
		"rights":           {"rbac", strings.ReplaceAll(aRole, ", namespace: tools", ""), []string{"Role reader"}, ""},
		"rights elsewhere": {"rbac, other-namespaces", aRole, []string{"Role reader in namespace tools"}, ""},
		"a namespace":      {"cluster-scoped:Namespace", aNamespace, []string{"Namespace tools"}, ""},
		"an extension's":   {"cluster-scoped:ClusterIssuer.cert-manager.io", anIssuer, []string{"ClusterIssuer main"}, ""},
		"of an extension":  {"kind:Database.example.com", "apiVersion: example.com/v1\nkind: Database\nmetadata: {name: main}\n", []string{"Database main"}, ""},
		"literal values":   {"literal-secrets", aSecret, []string{"Secret made"}, ""},
		"a hook":           {"hooks", aJob + "---\n" + configMap("x"), []string{"ConfigMap made"}, "Job migrate: It is a Helm hook (pre-upgrade,pre-install), and hooks are not run."},
		"a test":           {"", aTest, nil, "Pod try: It is a Helm test, which is not part of the application."},
	} {
		t.Run(name, func(t *testing.T) {
			r := release()
			r.ClusterScoped = true
			got, err := allowing(t, tc.allows, tc.template).Render(context.Background(), nil, r)
			if err != nil {
				t.Fatal(err)
			}
			want := append(tc.want, "ConfigMap slipway-checkout")
			var names []string
			for _, ref := range got.Set.RefsIn(r.Place.Namespace) {
				names = append(names, ref.String())
			}
			slices.Sort(names)
			if slices.Sort(want); !slices.Equal(names, want) {
				t.Errorf("it makes %v, want %v", names, want)
			}
			said := ""
			for _, s := range got.Skipped {
				said += s.Ref.String() + ": " + s.Reason
			}
			if said != tc.skipped {
				t.Errorf("skipped %q, want %q", said, tc.skipped)
			}
		})
	}
}

func TestTargetsDecideOnWhatLeavesTheNamespace(t *testing.T) {
	for name, tpl := range map[string]*Template{
		"Namespace tools": allowing(t, "cluster-scoped:Namespace", aNamespace),
		"Role reader":     allowing(t, "rbac,other-namespaces", aRole),
	} {
		_, err := tpl.Render(context.Background(), nil, release())
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "payments / staging takes nothing outside its own namespace") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneDeclarationDoesNotAllowAnother(t *testing.T) {
	r := release()
	r.ClusterScoped = true
	all := map[string]string{
		"rbac": strings.ReplaceAll(aRole, ", namespace: tools", ""), "other-namespaces": strings.ReplaceAll(configMap("x"), "name: made", "name: made\n  namespace: tools"),
		"hooks": aJob, "literal-secrets": aSecret, "cluster-scoped:Namespace": aNamespace,
	}
	for want, template := range all {
		var others []string
		for word := range all {
			if word != want {
				others = append(others, word)
			}
		}
		_, err := allowing(t, strings.Join(others, ","), template).Render(context.Background(), nil, r)
		if err == nil || !strings.Contains(err.Error(), `"`+want+`" under slipway.dev/allows`) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestLoadRefusesOtherDeclarations(t *testing.T) {
	for _, word := range []string{
		"everything", "cluster-scoped", "cluster-scoped:", "cluster-scoped:Pod", "cluster-scoped:Deployment.apps",
		"cluster-scoped:Role.rbac.authorization.k8s.io", "cluster-scoped:ValidatingWebhookConfiguration", "cluster-scoped:.example.com",
		"kind", "kind:", "kind:Pod", "kind:DaemonSet.apps", "kind:Role.rbac.authorization.k8s.io", "kind:Namespace", "kind:.example.com",
	} {
		tpl := Load(chartFS(map[string]string{"Chart.yaml": "apiVersion: v2\nname: sample\nversion: 0.1.0\nannotations:\n  slipway.dev/allows: \"" + word + "\"\n"}), "x")
		if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), word) {
			t.Errorf("%s: %v", word, tpl.Broken)
		}
	}
}

// A member of another namespace is named by the ApplySet's list, and keeps its namespace.
func TestTheListNamesOtherNamespaces(t *testing.T) {
	r := release()
	r.ClusterScoped = true
	got, err := allowing(t, "rbac,other-namespaces,cluster-scoped:Namespace", aRole+"---\n"+aNamespace).Render(context.Background(), nil, r)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "outside.yaml", yamlOf(t, got.Set))
}

func TestTokensStayInSecrets(t *testing.T) {
	sealer, err := manifest.NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	in := Inputs{"value": string(sealer.Seal(release().Place, "hunter2"))}
	for name, tc := range map[string]struct{ template, want string }{
		"stringData": {strings.ReplaceAll(aSecret, "b}", "{{ .Values.value }}}"), ""},
		"data":       {"apiVersion: v1\nkind: Secret\nmetadata: {name: made}\ndata: {a: {{ .Values.value | b64enc }}}\n", ""},
		"in a text":  {strings.ReplaceAll(aSecret, "b}", `"postgres://app:{{ .Values.value }}@db/app"}`), ""},
		"its hash":   {configMap("{{ .Values.value | sha256sum }}"), ""},
		"elsewhere":  {configMap("{{ .Values.value }}"), "a secret value into ConfigMap made, at data.text"},
		"in base64":  {configMap("{{ .Values.value | b64enc }}"), "a secret value into ConfigMap made, at data.text"},
		"a name":     {strings.ReplaceAll(aSecret, "name: made", "name: {{ .Values.value }}"), "a secret value into Secret"},
		"quoted":     {strings.ReplaceAll(aSecret, "b}", "{{ .Values.value | quote }}}"), ""},
		"no base64":  {"apiVersion: v1\nkind: Secret\nmetadata: {name: made}\ndata: {a: \"?\"}\n", "data that cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := loadChart(t, map[string]string{
				"values.schema.json": `{"type": "object", "properties": {"value": {"type": "string", "x-ui-secret": true}}}`, "templates/a.yaml": tc.template,
			})
			got, err := tpl.Render(context.Background(), in, release())
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("the error does not say %q: %v", tc.want, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range got.Set {
				if manifest.IsSecret(u) && len(manifest.Tokens(u)) != 1 {
					t.Errorf("the token is lost: %v", u.Object)
				}
			}
		})
	}
}
