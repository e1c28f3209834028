package change_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// A chart may make a host name of something that is no host field, and one may go back to what was allowed
// once: the team gets neither.
func TestHostsOfOthersAreRefusedWhereverTheyComeFrom(t *testing.T) {
	t.Run("a plain field", func(t *testing.T) {
		h := newHouse(t)
		cat, err := catalog.Open(fstest.MapFS{
			"web/Chart.yaml":             {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
			"web/values.schema.json":     {Data: []byte(`{"type": "object", "properties": {"hosts": {"type": "array", "items": {"type": "object", "properties": {"host": {"type": "string"}}}}, "path": {"type": "string", "default": "/"}}}`)},
			"web/templates/ingress.yaml": webChart["web/templates/ingress.yaml"],
		})
		if err != nil {
			t.Fatal(err)
		}
		h.service.Templates, h.service.Domains = cat, map[string][]string{"payments": {"pay.example.com"}}
		if _, err := h.service.Preview(t.Context(), petra, webDraft("shop.PAY.example.com", "/")); err != nil {
			t.Error(err)
		}
		var errs catalog.Errors
		if _, err := h.service.Preview(t.Context(), petra, webDraft("search.example.com", "/")); !errors.As(err, &errs) || len(errs) != 1 ||
			errs[0].Message != "`search.example.com` is not this team's. Take pay.example.com or a name that ends with .pay.example.com: this team has no other host names." {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a former revision", func(t *testing.T) {
		h := hostHouse(t, true)
		h.work(t, h.submit(t, petra, webDraft("old.example.com", "/"), "1").ID)
		d := webDraft("pay.example.com", "/")
		d.Kind = change.Update
		h.work(t, h.submit(t, petra, d, "2").ID)
		back := change.Draft{Kind: change.Rollback, App: d.App, Revision: 1}
		if _, err := h.service.Preview(t.Context(), petra, back); err != nil {
			t.Fatal(err)
		}
		h.service.Domains = map[string][]string{"payments": {"pay.example.com"}}
		var refusal *change.Refusal
		if _, err := h.service.Preview(t.Context(), petra, back); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "Revision 1 cannot be gone back to as it is. `old.example.com`") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what runs", func(t *testing.T) {
		h := newShop(t)
		restart, scale := restartOf(staging, h.service.RestartAt(time.Time{})), scaleOf(staging, 5)
		h.service.Domains = map[string][]string{"payments": {"pay.example.com"}}
		var refusal *change.Refusal
		if _, err := h.service.Preview(t.Context(), petra, restart); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "It cannot be restarted as it is. `shop.example.com`") {
			t.Errorf("a restart: %v", err)
		}
		var errs catalog.Errors
		if _, err := h.service.Preview(t.Context(), petra, scale); !errors.As(err, &errs) {
			t.Errorf("another number of pods: %v", err)
		}
	})
}

// What a revision made outside its namespace is not made again where that is no longer taken.
func TestRollbackStaysInsideTheNamespace(t *testing.T) {
	h := newHouse(t)
	cat, err := catalog.Open(fstest.MapFS{
		"space/Chart.yaml":          {Data: []byte("apiVersion: v2\nname: space\nversion: 1.0.0\nannotations: {slipway.dev/allows: \"cluster-scoped:Namespace\"}\n")},
		"space/values.schema.json":  {Data: []byte(`{"type": "object", "properties": {"space": {"type": "string", "default": ""}}}`)},
		"space/templates/all.yaml":  {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: here}\n---\n{{ with .Values.space }}\napiVersion: v1\nkind: Namespace\nmetadata: {name: {{ . }}}\n{{ end }}\n")},
		"space/templates/NOTES.txt": {Data: []byte("")},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.service.Templates, h.service.ClusterScoped = cat, map[policy.Target]bool{staging: true}
	d := change.Draft{Kind: change.Create, App: change.AppKey{Target: staging, Name: "api"}, Template: catalog.TemplateID{Name: "space", Version: "1.0.0"}, Inputs: catalog.Inputs{"space": "outside"}}
	h.work(t, h.submit(t, petra, d, "1").ID)
	d.Kind, d.Inputs = change.Update, catalog.Inputs{}
	h.work(t, h.submit(t, petra, d, "2").ID)
	back := change.Draft{Kind: change.Rollback, App: d.App, Revision: 1}
	if _, err := h.service.Preview(t.Context(), petra, back); err != nil {
		t.Fatal(err)
	}
	h.service.ClusterScoped = nil
	var refusal *change.Refusal
	if _, err := h.service.Preview(t.Context(), petra, back); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, "takes nothing outside its own namespace any more") {
		t.Errorf("got %v", err)
	}
}
