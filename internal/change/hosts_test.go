package change_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var webChart = fstest.MapFS{
	"web/Chart.yaml":  {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
	"web/values.yaml": {Data: []byte("hosts: []\npath: /\n")},
	"web/values.schema.json": {Data: []byte(`{"type": "object", "required": ["hosts"], "properties": {
		"hosts": {"type": "array", "title": "Addresses", "items": {"type": "object", "properties": {"host": {"type": "string", "title": "Host", "x-ui-host": true}}}},
		"path": {"type": "string", "title": "Path"}}}`)},
	"web/templates/ingress.yaml": {Data: []byte(`{{- range $i, $at := .Values.hosts }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: {{ $.Release.Name }}{{ if $i }}-{{ $i }}{{ end }}}
spec:
  rules: [{host: {{ .host }}, http: {paths: [{path: {{ $.Values.path }}, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}}]
---
{{- end }}
`)},
}

// hostHouse is a house whose cluster serves what served says.
func hostHouse(t *testing.T, known bool, served ...manifest.Served) *house {
	t.Helper()
	h := newHouse(t)
	cat, err := catalog.Open(webChart)
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates = cat
	h.service.Serving = func(cluster, host string) ([]manifest.Served, bool) {
		var out []manifest.Served
		for _, s := range served {
			if s.Host == host && cluster == "local" {
				out = append(out, s)
			}
		}
		return out, known
	}
	return h
}

func webDraft(host, path string) change.Draft {
	return change.Draft{
		Kind: change.Create, App: change.AppKey{Target: staging, Name: "api"}, Template: catalog.TemplateID{Name: "web", Version: "1.0.0"},
		Inputs: catalog.Inputs{"hosts": []any{map[string]any{"host": host}}, "path": path},
	}
}

func TestHostThatIsServedAlready(t *testing.T) {
	own := manifest.Served{Host: "own.example.com", Namespace: "payments-staging", Name: "api", App: "api", Team: "payments"}
	sibling := manifest.Served{Host: "pay.example.com", Namespace: "payments-production", Name: "shop", App: "shop", Team: "payments"}
	strange := manifest.Served{Host: "search.example.com", Namespace: "search-production", Name: "find", App: "find", Team: "search"}
	wild := manifest.Served{Host: "old.example.com", Path: "/v1", Namespace: "payments-staging", Name: "by-hand"}
	inner := manifest.Served{Host: "inner.example.com", Class: "inner", Namespace: "search-production", Name: "find"}
	for name, row := range map[string]struct {
		host, path string
		want       string // of the message; empty for no error
		not        string
	}{
		"one's own":                 {"own.example.com", "/", "", ""},
		"nobody's":                  {"new.example.com", "/", "", ""},
		"another one's that I see":  {"pay.example.com", "/", "`pay.example.com` is served already, by the application `shop` of payments / production.", ""},
		"whatever the letters":      {"PAY.example.com", "/", "`pay.example.com` is served already", ""},
		"another one's, other path": {"pay.example.com", "/api", "", ""},
		"one that I may not see":    {"search.example.com", "/", "`search.example.com` is served already. Choose another host or path, or ask your platform team.", "find"},
		"no application's":          {"old.example.com", "/v1/", "by the Ingress `by-hand` in the namespace `payments-staging`", ""},
		"of a class that it may be": {"inner.example.com", "/", "is served already", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := hostHouse(t, true, own, sibling, strange, wild, inner)
			_, err := h.service.Preview(t.Context(), petra, webDraft(row.host, row.path))
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var errs catalog.Errors
			if !errors.As(err, &errs) || len(errs) != 1 {
				t.Fatalf("got %v", err)
			}
			if e := errs[0]; e.Path != "/hosts/0/host" || !strings.Contains(e.Message, row.want) || row.not != "" && strings.Contains(e.Message, row.not) {
				t.Errorf("%+v", e)
			}
		})
	}
}

// A canary has the host of what it stands beside: that it is taken is one thing to mend, and told once.
func TestHostOfSeveralIngressesIsToldOnce(t *testing.T) {
	h := hostHouse(t, true, manifest.Served{Host: "search.example.com", Namespace: "search-production", Name: "find", App: "find"})
	d := webDraft("search.example.com", "/")
	d.Inputs["hosts"] = []any{map[string]any{"host": "search.example.com"}, map[string]any{"host": "search.example.com"}}
	_, err := h.service.Preview(t.Context(), petra, d)
	var errs catalog.Errors
	if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Path != "/hosts/0/host" {
		t.Errorf("got %v", err)
	}
}

func TestHostThatWasTakenMeanwhile(t *testing.T) {
	h := hostHouse(t, true)
	d := webDraft("pay.example.com", "/")
	c := h.submit(t, petra, d, "k")
	h.service.Serving = func(string, string) ([]manifest.Served, bool) {
		return []manifest.Served{{Host: "pay.example.com", Namespace: "search-production", Name: "find", App: "find"}}, true
	}
	if _, err := h.service.Submit(t.Context(), petra, audit.Request{}, change.Submission{Draft: d, Seen: c.Plan.Digest}); err == nil {
		t.Error("it could be submitted again")
	}
	c = h.work(t, c.ID)
	if c.State != change.Failed || !strings.Contains(c.Failure, "`pay.example.com` is served already") {
		t.Errorf("%s: %s", c.State, c.Failure)
	}
	if got := h.cluster.names(); len(got) != 0 {
		t.Errorf("the cluster has %v", got)
	}
}

func TestHostOfWhichNothingIsKnown(t *testing.T) {
	h := hostHouse(t, false)
	plan, err := h.service.Preview(t.Context(), petra, webDraft("pay.example.com", "/"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(plan.Unchecked, func(s string) bool { return strings.Contains(s, "`pay.example.com`") }) {
		t.Errorf("unchecked: %q", plan.Unchecked)
	}
}

func TestReleaseKnowsTheTeamsDomains(t *testing.T) {
	h := hostHouse(t, true)
	h.service.Domains = map[string][]string{"payments": {"pay.example.com"}}
	h.service.ClusterScoped = map[policy.Target]bool{staging: true}
	for target, want := range map[policy.Target]bool{staging: true, production: false, foreign: false} {
		r, err := h.service.Release(t.Context(), change.AppKey{Target: target, Name: "api"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if r.ClusterScoped != want || (len(r.Domains) == 1) != (target.Team == "payments") {
			t.Errorf("%s: %+v", target, r)
		}
	}
}
