package templates

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
)

// longApplication is the form of an application with n workloads.
func longApplication(tb testing.TB, n int) FormData {
	tb.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(charts.FS, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := charts.FS.ReadFile(name)
		files[name] = &fstest.MapFile{Data: bytes.Replace(raw, []byte(`"minItems": 1, "maxItems": 30`), []byte(`"minItems": 1, "maxItems": 200`), 1)}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	all, err := catalog.LoadAll(files)
	if err != nil {
		tb.Fatal(err)
	}
	for _, t := range all {
		if t.ID.Name == "application" {
			in := catalog.Inputs{"workloads": manyWorkloads(n)}
			return FormData{Kind: change.Create, App: api, Template: t.ID, View: t.View(in, catalog.Around{}), Action: "/targets/payments/production/new/application"}
		}
	}
	tb.Fatal("no template application")
	return FormData{}
}

func manyWorkloads(n int) []any {
	rows := make([]any, n)
	for i := range rows {
		rows[i] = map[string]any{
			"name": fmt.Sprintf("worker-%03d", i), "kind": "worker", "image": fmt.Sprintf("registry.example.com/payments/worker:%d", i),
			"replicas": 3, "env": map[string]any{"QUEUE": fmt.Sprintf("queue-%d", i), "LOG_LEVEL": "info"},
			"resources": map[string]any{"limits": map[string]any{"cpu": "500m", "memory": "512Mi"}},
		}
	}
	return rows
}

// A form costs what is typed into it, and not what could be: 200 rows of more than a hundred controls each.
func TestLongFormsAreBounded(t *testing.T) {
	p, d := samplePage(NavCatalogue, "New application"), longApplication(t, 200)
	page, preview := draw(t, Form(p, d)), draw(t, PreviewFragments(p, d))
	if len(page) > 1<<20 || len(preview) > 100<<10 {
		t.Errorf("the page has %d KiB, what follows the typing %d KiB", len(page)>>10, len(preview)>>10)
	}
	if got := strings.Count(page, `name="_open"`); got != 200 {
		t.Errorf("%d rows can be opened", got)
	}
	posted := 0
	for _, values := range d.View.Form() {
		posted += len(values)
	}
	if posted > 4000 { // half of what the catalogue takes
		t.Errorf("it posts %d values", posted)
	}
}

// A list that is not long is shown whole.
func TestShortFormsAreWhole(t *testing.T) {
	page := draw(t, Form(samplePage(NavCatalogue, "New application"), longApplication(t, rowsWhole)))
	for _, none := range []string{`name="_open"`, `name="_opened"`, `name="_shut"`} {
		if strings.Contains(page, none) {
			t.Errorf("it has %s", none)
		}
	}
	if !strings.Contains(page, `<input id="in-workloads-19-image"`) {
		t.Error("the last row is not whole")
	}
}

// Of a long list those rows are whole that somebody works on, and what is wrong leads to each of the others.
func TestLongFormOpensRows(t *testing.T) {
	d := longApplication(t, 60)
	list := &d.View.Sections[0].Controls[0]
	list.Rows[7].Open = true
	d.Focus = "in/workloads/9/image"
	for i := 30; i < 60; i++ {
		image := &list.Rows[i].Item.Parts[slices.IndexFunc(list.Rows[i].Item.Parts, func(c catalog.Control) bool { return strings.HasSuffix(c.Name, "/image") })]
		image.Error = "Take another image."
		d.View.Errors = append(d.View.Errors, catalog.FieldError{Path: strings.TrimPrefix(image.Name, "in"), Title: "Workloads, image", Message: image.Error})
	}
	open := func() string {
		var all []string
		for i, whole := range d.whole(list) {
			if whole {
				all = append(all, fmt.Sprint(i))
			}
		}
		return strings.Join(all, " ")
	}
	if got := open(); got != "7 9" {
		t.Errorf("before anybody asked for a judgement open are %s", got)
	}
	d.Posted = true
	if got := open(); got != "7 9 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49" {
		t.Errorf("open are %s", got)
	}
	page := draw(t, Form(samplePage(NavCatalogue, "New application"), d))
	for text, want := range map[string]int{
		`href="#in-workloads-30-image"`: 1, `href="#in-workloads-50-image"`: 0, `name="_mend" value="in/workloads/50/image"`: 1, `name="_mend"`: 10,
		`name="_opened"`: 22, `name="_open"`: 38, `type="hidden" name="in/workloads/8/image" value="registry.example.com/payments/worker:8"`: 1,
	} {
		if got := strings.Count(page, text); got != want {
			t.Errorf("%d of %s, want %d", got, text, want)
		}
	}
	if d.RowTitle("in/workloads/50") != "worker-050" || d.RowTitle("in/workloads/60") != "" {
		t.Error("rows are not called after their names")
	}
}

func TestPaneFolds(t *testing.T) {
	object := func(name string, lines int) ManifestObject {
		return ManifestObject{Ref: ref("Deployment", name), YAML: strings.Repeat("a: b\n", lines)}
	}
	for _, tc := range []struct {
		limit      int
		asked, row string
		want       string
	}{
		{100, "", "", "app-a app-b app-c app-d"},
		{25, "", "", "app-a app-b"},
		{25, "", "d", "app-a app-d"},
		{25, "Deployment/app-c", "d", "app-c app-d"},
		{5, "Deployment/app-c", "d", "app-c"},
		{5, "", "", ""},
	} {
		d := ManifestsData{Objects: []ManifestObject{object("app-a", 10), object("app-b", 10), object("app-c", 10), object("app-d", 10)}}
		d.Fold(tc.limit, []string{tc.asked}, tc.row)
		var shown []string
		for _, o := range d.Objects {
			if !o.Folded {
				shown = append(shown, o.Ref.Name)
			}
		}
		if got := strings.Join(shown, " "); got != tc.want {
			t.Errorf("%+v: shown are %s", tc, got)
		}
	}
}
