package environ_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
)

// around are a ConfigMap and a Secret of the application itself.
const around = `
apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: shop}
data: {PORT: "8000", HOST: shared.example, LOG_LEVEL: info, "with=sign": x}
binaryData: {ICON: AAEC}
---
apiVersion: v1
kind: Secret
metadata: {name: secrets, namespace: shop}
data: {PASSWORD: aHVudGVyMg==, HOST: aHVudGVyMg==}
stringData: {TOKEN: hunter2}
---
`

// pod is a Deployment whose one container has the lines.
func pod(lines string) string {
	return around + `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec:
      enableServiceLinks: false
      containers:
        - name: api
          image: api:1
` + indented(lines, "          ")
}

func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimLeft(text, "\n")) {
		b.WriteString(by + line)
	}
	return b.String()
}

func TestEnvironment(t *testing.T) {
	known := map[manifest.Ref]manifest.Keyed{
		{Version: "v1", Kind: "Secret", Name: "outside"}:   {Exists: true, Keys: []string{"A", "B"}},
		{Version: "v1", Kind: "ConfigMap", Name: "absent"}: {},
	}
	for _, tc := range []struct{ name, container, want string }{
		{"nothing", ``, `
api/api
`},
		{"own settings win over shared ones", `
env: [{name: PORT, value: "3000"}, {name: HOSTNAME, value: 0.0.0.0}]
envFrom: [{configMapRef: {name: shared}}]
`, `
api/api, all of ConfigMap shared gives 3, passes over with=sign
  HOST=shared.example of ConfigMap shared
  HOSTNAME=0.0.0.0 own
  LOG_LEVEL=info of ConfigMap shared
  PORT=3000 own, overrides 8000 of ConfigMap shared
`},
		{"the later of two wins", `
envFrom: [{configMapRef: {name: shared}}, {secretRef: {name: secrets}}]
`, `
api/api, all of ConfigMap shared gives 3, passes over with=sign, all of Secret secrets gives 3
  HOST hidden of Secret secrets, overrides shared.example of ConfigMap shared
  LOG_LEVEL=info of ConfigMap shared
  PASSWORD hidden of Secret secrets
  PORT=8000 of ConfigMap shared
  TOKEN hidden of Secret secrets
`},
		{"the other way round", `
envFrom: [{secretRef: {name: secrets}}, {configMapRef: {name: shared, optional: true}}]
`, `
api/api, all of Secret secrets gives 3, all of ConfigMap shared gives 3, optional, passes over with=sign
  HOST=shared.example of ConfigMap shared, overrides hidden of Secret secrets
  LOG_LEVEL=info of ConfigMap shared
  PASSWORD hidden of Secret secrets
  PORT=8000 of ConfigMap shared
  TOKEN hidden of Secret secrets
`},
		{"a prefix makes a key a name", `
envFrom: [{prefix: DB_, secretRef: {name: outside}}]
env: [{name: DB_A, value: mine}]
`, `
api/api, all of Secret outside with DB_ gives 2
  DB_A=mine own, overrides hidden of Secret outside A
  DB_B hidden of Secret outside B
`},
		{"what nobody knows", `
envFrom: [{secretRef: {name: elsewhere}}, {configMapRef: {name: absent, optional: true}}, {configMapRef: {name: absent}}]
`, `
api/api, all of Secret elsewhere unknown, all of ConfigMap absent missing, optional, all of ConfigMap absent missing
`},
		{"single keys", `
env:
  - {name: ONE, valueFrom: {secretKeyRef: {name: secrets, key: PASSWORD}}}
  - {name: TWO, valueFrom: {configMapKeyRef: {name: shared, key: PORT}}}
  - {name: THREE, valueFrom: {secretKeyRef: {name: secrets, key: NOPE}}}
  - {name: FOUR, valueFrom: {secretKeyRef: {name: elsewhere, key: K, optional: true}}}
  - {name: FIVE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: SIX, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
`, `
api/api
  FIVE of field metadata.name
  FOUR hidden of Secret elsewhere K, optional, unseen
  ONE hidden of Secret secrets PASSWORD
  SIX of resource limits.memory
  THREE hidden of Secret secrets NOPE, missing
  TWO=8000 of ConfigMap shared PORT
`},
		{"an optional key that is not there leaves what was there", `
envFrom: [{configMapRef: {name: shared}}]
env:
  - {name: PORT, valueFrom: {secretKeyRef: {name: secrets, key: PORT, optional: true}}}
  - {name: GONE, valueFrom: {secretKeyRef: {name: secrets, key: GONE, optional: true}}}
`, `
api/api, all of ConfigMap shared gives 3, passes over with=sign
  HOST=shared.example of ConfigMap shared
  LOG_LEVEL=info of ConfigMap shared
  PORT=8000 of ConfigMap shared
`},
		{"references", `
env:
  - {name: BEFORE, value: "$(LATER)"}
  - {name: LATER, value: x}
  - {name: AFTER, value: "$(LATER) and $(LATER), $$(LATER), $(open, $x$(NONE)"}
`, `
api/api
  AFTER=$(LATER) and $(LATER), $$(LATER), $(open, $x$(NONE) own, expands LATER, literal open, $x$(NONE
  BEFORE=$(LATER) own, literal LATER
  LATER=x own
`},
		{"a reference to what may come from anywhere", `
envFrom: [{secretRef: {name: elsewhere}}]
env: [{name: URL, value: "http://$(USER)@db"}]
`, `
api/api, all of Secret elsewhere unknown
  URL=http://$(USER)@db own
`},
		{"the same name twice", `
env: [{name: A, value: "1"}, {name: A, value: "2"}, {name: A, value: ""}]
`, `
api/api
  A= own, overrides 2 own, overrides 1 own
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := describe(environ.Of(set(t, pod(tc.container)), "shop", known))
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "aHVudGVyMg") {
				t.Error("a secret value is told")
			}
		})
	}
}

func TestWhereContainersAre(t *testing.T) {
	const text = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: dump, namespace: shop}
spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: wait, env: [{name: A, value: a}]}, {name: proxy, restartPolicy: Always}], containers: [{name: dump}]}}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: shop}
spec: {containers: [{name: one}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: elsewhere, namespace: other}
spec: {template: {spec: {containers: [{name: one}]}}}
---
apiVersion: example.com/v1
kind: Deployment
metadata: {name: not-of-kubernetes, namespace: shop}
spec: {template: {spec: {containers: [{name: one}]}}}
`
	want := "dump/wait, init, links\n  A=a own\ndump/proxy, links\ndump/dump, links\nalone/one, links\n"
	if diff := cmp.Diff(want, describe(environ.Of(set(t, text), "shop", nil))); diff != "" {
		t.Error(diff)
	}
}

// What the cluster is asked about is what the objects do not tell.
func TestWanted(t *testing.T) {
	text := pod(`
envFrom: [{configMapRef: {name: shared}}, {secretRef: {name: outside, optional: true}}]
env:
  - {name: A, valueFrom: {secretKeyRef: {name: secrets, key: PASSWORD}}}
  - {name: B, valueFrom: {configMapKeyRef: {name: there, key: K}}}
  - {name: B, value: mine}
  - {name: C, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
`)
	var got []string
	for _, r := range environ.Wanted(set(t, text), "shop") {
		got = append(got, r.String())
	}
	if want := []string{"ConfigMap there", "Secret outside"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever stands in an object, there is an answer, in which no value of a Secret is.
func FuzzEnvironment(f *testing.F) {
	f.Add("PORT", "$(HOST)", "shared", "secrets", "")
	f.Add("A", "$$(A) $(", "secrets", "shared", "P_")
	f.Add("", "\x00", "", "outside", "=")
	f.Fuzz(func(t *testing.T, name, value, config, secret, prefix string) {
		objects := set(t, pod(""))
		container := map[string]any{
			"name": "c",
			"env": []any{
				map[string]any{"name": name, "value": value},
				map[string]any{"name": name, "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": secret, "key": value, "optional": true}}},
			},
			"envFrom": []any{
				map[string]any{"prefix": prefix, "configMapRef": map[string]any{"name": config}},
				map[string]any{"prefix": prefix, "secretRef": map[string]any{"name": secret}},
			},
		}
		spec := objects[len(objects)-1].Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
		spec["containers"] = []any{container}
		for _, c := range environ.Of(objects, "shop", nil) {
			if !slices.IsSortedFunc(c.Variables, func(a, b environ.Variable) int { return strings.Compare(a.Name, b.Name) }) {
				t.Error("not in order of name")
			}
			for _, v := range c.Variables {
				for _, o := range append([]environ.Origin{v.Origin}, v.Overrides...) {
					if o.Kind == environ.Secret && (o.Shown || o.Value != "") {
						t.Errorf("%s shows a value of a Secret", v.Name)
					}
				}
			}
		}
	})
}

func set(t testing.TB, text string) manifest.Set {
	t.Helper()
	s, err := manifest.Decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// describe writes environments so that a person can judge them.
func describe(all []environ.Container) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s/%s", c.Workload.Name, c.Name)
		flag := func(yes bool, words string) {
			if yes {
				b.WriteString(", " + words)
			}
		}
		flag(c.Init, "init")
		flag(c.Links, "links")
		for _, s := range c.Sources {
			fmt.Fprintf(&b, ", all of %s %s", s.Kind, s.Name)
			if s.Prefix != "" {
				b.WriteString(" with " + s.Prefix)
			}
			switch {
			case s.Missing:
				b.WriteString(" missing")
			case !s.Known:
				b.WriteString(" unknown")
			default:
				fmt.Fprintf(&b, " gives %d", s.Gives)
			}
			flag(s.Optional, "optional")
			flag(len(s.Unusable) > 0, "passes over "+strings.Join(s.Unusable, " "))
		}
		b.WriteString("\n")
		for _, v := range c.Variables {
			b.WriteString("  " + v.Name + value(v.Name, v.Origin))
			for _, o := range v.Overrides {
				b.WriteString(", overrides " + strings.TrimPrefix(strings.TrimPrefix(value(v.Name, o), "="), " "))
			}
			flag(len(v.Expands) > 0, "expands "+strings.Join(v.Expands, " "))
			flag(len(v.Literal) > 0, "literal "+strings.Join(v.Literal, " "))
			b.WriteString("\n")
		}
	}
	return b.String()
}

func value(name string, o environ.Origin) string {
	s := " hidden"
	switch {
	case o.Shown:
		s = "=" + o.Value
	case o.Kind == environ.Field, o.Kind == environ.Resource:
		s = ""
	}
	switch o.Kind {
	case environ.Own:
		s += " own"
	case environ.Field, environ.Resource:
		s += fmt.Sprintf(" of %s %s", o.Kind, o.Name)
	default:
		s += fmt.Sprintf(" of %s %s", o.Kind, o.Name)
		if o.Key != name {
			s += " " + o.Key
		}
	}
	if o.Optional {
		s += ", optional"
	}
	if o.Unseen {
		s += ", unseen"
	}
	if o.Missing {
		s += ", missing"
	}
	return s
}
