package handlers

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

var fileIn = regexp.MustCompile(`href="(/[^"]*/(?:bundle\.zip|manifests\.yaml|inputs\.yaml)[^"]*)"`)

// Plans without a form of a template offer their files before they are submitted: the bytes that would be
// signed, which are those of the change that the plan becomes.
func TestPlansOfActionsCanBeDownloaded(t *testing.T) {
	p := newChorus(t)
	alto := "plan=1&only=" + (manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "alto"}).Path()
	for name, tc := range map[string]struct {
		page  echo.HandlerFunc
		query string
		file  func(string) echo.HandlerFunc
		files int
		has   []string
	}{
		"restart":  {p.restart, alto, p.restartFile, 3, []string{manifest.AnnotationRestarted, "name: alto"}},
		"scale":    {p.scale, "plan=1&in/pods=5", p.scaleFile, 3, []string{"replicas: 5", "name: tenor"}},
		"rollback": {p.rollback, "revision=1", p.rollbackFile, 3, []string{"replicas: 2", "name: tenor"}},
		"delete":   {p.server.delete, "", p.deleteFile, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			links := fileIn.FindAllStringSubmatch(p.ask(t, tc.page, "staging", tc.query, nil).Body.String(), -1)
			if len(links) != tc.files {
				t.Fatalf("%d files are offered, want %d: %v", len(links), tc.files, links)
			}
			for _, l := range links {
				path, query, _ := strings.Cut(html.UnescapeString(l[1]), "?")
				if want := "/targets/payments/staging/apps/api/" + name + "/"; !strings.HasPrefix(path, want) {
					t.Fatalf("%s is not below %s", path, want)
				}
				file := path[strings.LastIndexByte(path, '/')+1:]
				w := p.ask(t, tc.file(file), "staging", query, nil)
				if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Disposition"), `filename="api-plan`) || w.Body.Len() == 0 {
					t.Errorf("%s: it answered %d, %v", file, w.Code, w.Header())
				}
				if file != "manifests.yaml" {
					continue
				}
				for _, want := range tc.has {
					if !strings.Contains(w.Body.String(), want) {
						t.Errorf("no %q in\n%s", want, w.Body)
					}
				}
			}
		})
	}
	if w := p.ask(t, p.scaleFile("bundle.zip"), "staging", "in/pods=many", nil); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Write a whole number") {
		t.Errorf("a number that is none: %d", w.Code)
	}
	if _, err := p.try(t, p.restartFile("bundle.zip"), "staging", "only=apps/v1/Deployment/bass", nil); statusOf(err) != http.StatusNotFound {
		t.Errorf("a workload that is not there: %v", err)
	}
}

// What is carried away of a plan is what is submitted: the same digest, objects and inputs.
func TestAProspectIsWhatBecomesOfTheDraft(t *testing.T) {
	p := newChorus(t)
	d := change.Draft{Kind: change.ScalePods, App: change.AppKey{Target: chorusTarget, Name: "api"}, Pods: map[string]int{"/pods": 7}}
	would, err := p.Changes.Prospect(t.Context(), p.petra, d)
	if err != nil || would.ID != 0 {
		t.Fatalf("#%d, %v", would.ID, err)
	}
	is, err := p.Changes.Store.Change(t.Context(), p.submitted(t, d))
	if err != nil || is.Plan.Digest != would.Plan.Digest || string(is.Rendered) != string(would.Rendered) || len(is.Inputs) != len(would.Inputs) || is.Title != would.Title {
		t.Errorf("it became %q with %s, want %q with %s; %v", is.Title, is.Plan.Digest, would.Title, would.Plan.Digest, err)
	}
}
