package templates

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds the main parts still, so that a change of the markup is seen.
func TestGolden(t *testing.T) {
	p := samplePage(NavApplications, "api", Crumb{"Applications", "/applications"}, Crumb{"api", ""})
	for name, c := range map[string]templ.Component{
		"live-fragments":         LiveFragments(p, livePage()),
		"change-fragments":       ChangeFragments(p, ChangeData{Change: sampleChange(change.Failed), Can: Can{Resume: true, Change: true}}),
		"applications-fragments": ApplicationsFragments(p, applicationsPage()),
		"preview-fragments":      PreviewFragments(p, formPage(false)),
		"plan":                   Plan(p, planPage()),
		"form":                   Form(p, formPage(true)),
		"queue":                  Queue(p, queuePage()),
		"audit":                  Audit(p, auditData()),
		"not-found":              NotFound(p),
	} {
		t.Run(name, func(t *testing.T) {
			// One element a line, so that differences can be read.
			got := strings.ReplaceAll(draw(t, c), "><", ">\n<") + "\n"
			file := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as before; run the tests with -update and look at the difference", name)
			}
		})
	}
}

var (
	idAttribute = regexp.MustCompile(`\sid="([^"]*)"`)
	references  = regexp.MustCompile(`\s(?:for|aria-labelledby|aria-describedby|popovertarget|form|data-copy)="([^"]*)"`)
	inline      = regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|javascript:|<style|<script[^>]*>[^<]`)
	tags        = regexp.MustCompile(`<[^>]*>`)
	hxAttribute = regexp.MustCompile(`<[^>]*\shx-[a-z]+[^>]*>`)
)

// TestEveryPage holds what the Content-Security-Policy and accessibility ask of every page.
func TestEveryPage(t *testing.T) {
	for _, v := range gallery() {
		t.Run(v.name, func(t *testing.T) {
			html := draw(t, v.page)
			if found := inline.FindString(html); found != "" {
				t.Errorf("inline script or style: %q", found)
			}
			var ids []string
			for _, m := range idAttribute.FindAllStringSubmatch(html, -1) {
				if slices.Contains(ids, m[1]) {
					t.Errorf("the id %q is there twice", m[1])
				}
				ids = append(ids, m[1])
			}
			for _, m := range references.FindAllStringSubmatch(html, -1) {
				for _, id := range strings.Fields(m[1]) {
					if !slices.Contains(ids, id) {
						t.Errorf("%s refers to nothing", m[0])
					}
				}
			}
			for _, tag := range hxAttribute.FindAllString(html, -1) {
				if !strings.Contains(tag, `hx-nonce="sample"`) {
					t.Errorf("without hx-nonce it is ignored: %s", tag)
				}
			}
			if n := strings.Count(html, "<h1"); n != 1 {
				t.Errorf("%d first headings", n)
			}
			if n := strings.Count(html, "<main"); n != 1 {
				t.Errorf("%d main landmarks", n)
			}
			if words := tags.ReplaceAllString(html, "\n"); strings.Contains(words, "!\n") || strings.Contains(words, "! ") {
				t.Error("an exclamation mark")
			}
		})
	}
}

// TestFragmentsCarryNoHtmx: what a stream sends has no nonce, so it must need none.
func TestFragmentsCarryNoHtmx(t *testing.T) {
	p := samplePage(NavApplications, "api")
	other := regexp.MustCompile(`\shx-(?:get|post|trigger|target|nonce|sse)`)
	for name, html := range map[string]string{
		"live":   draw(t, LiveFragments(p, livePage())),
		"change": draw(t, ChangeFragments(p, ChangeData{Change: sampleChange(change.Pending), Can: Can{Approve: true, Reject: true}})),
	} {
		if found := other.FindString(html); found != "" {
			t.Errorf("%s holds %s", name, found)
		}
		if !strings.Contains(html, `hx-swap-oob="outerMorph"`) {
			t.Errorf("%s is swapped nowhere", name)
		}
	}
}

// TestFragmentsFit: every part of a stream has its place on the page that it renews.
func TestFragmentsFit(t *testing.T) {
	p := samplePage(NavApplications, "api")
	d := ChangeData{Change: sampleChange(change.Applying), Live: "/changes/1284/stream"}
	oob := regexp.MustCompile(`<[a-z]+ id="([^"]+)"[^>]* hx-swap-oob`)
	for name, c := range map[string]struct{ page, fragments templ.Component }{
		"live":         {Live(p, livePage()), LiveFragments(p, livePage())},
		"change":       {Change(p, d), ChangeFragments(p, d)},
		"applications": {Applications(p, applicationsPage()), ApplicationsFragments(p, applicationsPage())},
		"form":         {Form(p, formPage(false)), PreviewFragments(p, formPage(false))},
	} {
		page, found := draw(t, c.page), oob.FindAllStringSubmatch(draw(t, c.fragments), -1)
		if len(found) == 0 {
			t.Errorf("%s: nothing is swapped", name)
		}
		for _, m := range found {
			if !strings.Contains(page, ` id="`+m[1]+`"`) {
				t.Errorf("%s: the page has no %q", name, m[1])
			}
		}
	}
}

const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// TestNothingIsMarkup puts markup into everything that people or clusters write.
func TestNothingIsMarkup(t *testing.T) {
	who := policy.Person{Identity: policy.Identity{Issuer: evil, Subject: evil}, Name: evil, Email: evil}
	p := samplePage(NavApplications, evil, Crumb{evil, "/applications"}, Crumb{evil, ""})
	p.Person, p.Search, p.Target.Team, p.Clusters[0].Name = who, evil, evil, evil
	c := sampleChange(change.Failed)
	c.Title, c.Reason, c.Requester, c.Failure, c.App.Name = evil, evil, who, evil, evil
	c.Approvals[0].By, c.Approvals[0].Comment = who, evil
	c.Outcomes[4].Problem = &manifest.Problem{Sentence: evil, Said: evil}
	c.Plan.Effects[0].Sentence, c.Plan.Effects[0].Why, c.Plan.Inputs[0].To = evil, evil, evil
	plan := planPage()
	plan.Title, plan.Reason, plan.Plan = evil, evil, blockedPlan()
	plan.Diff.Hidden = []HiddenField{{evil, evil}}
	plan.Plan.Objects[0].After = evil + "\n"
	plan.Plan.Objects[2].Warnings, plan.Plan.Objects[2].Conflicts[0].Live = []string{evil}, evil
	plan.Plan.Objects[1].Problem.Said, plan.Plan.Unchecked[0] = evil, evil
	form := formPage(true)
	form.Name, form.NameError = evil, evil
	form.View.Sections[0].Controls[0].Value, form.View.Sections[0].Controls[0].Error = evil, evil
	form.View.Sections[0].Controls[0].Field.Help, form.View.Errors[0].Message = evil, evil
	form.Manifests = ManifestsData{Problem: evil, Objects: []ManifestObject{{YAML: "a: " + evil, By: map[int]MarkedBy{1: {evil, evil}}}}}
	live := livePage()
	live.App.Name, live.By, live.Snapshot.Sentence = evil, evil, evil
	live.Snapshot.Wrong[0].Title, live.Snapshot.Wrong[0].Said = evil, evil
	live.Snapshot.Events[0].Message, live.Snapshot.Tree[0].Reason = evil, evil
	live.Snapshot.Hosts[0].Name = evil
	log := auditData()
	log.Page.Entries[1].Detail, log.Page.Entries[1].Actor.Person, log.Page.Entries[1].Request.UserAgent = evil, who, evil
	log.Query.Set("text", evil)
	for name, page := range map[string]templ.Component{
		"change": Change(p, ChangeData{Change: c, Comment: evil, CommentError: evil, Problem: evil}),
		"plan":   Plan(p, plan), "form": Form(p, form), "live": Live(p, live), "audit": Audit(p, log),
		"queue":   Queue(p, QueueData{Changes: []change.Change{c}, Review: &ReviewData{Change: c, Comment: evil, Can: Can{Approve: true}}}),
		"refused": Refused(p, RefusedData{Reason: evil, Back: "javascript:alert(1)", Request: evil}),
		"sign-in": SignIn(Page{Title: evil}, SignInData{Next: evil, Provider: evil, Problem: evil}),
	} {
		html := draw(t, page)
		for _, bad := range []string{"<script>", "<img", `="` + evil, "alert(1)</script>", `href="javascript:`} {
			if strings.Contains(html, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		if !strings.Contains(html, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not show what was written", name)
		}
	}
}

// TestLongValues: nothing that is needed is cut by the server, and what may be long may wrap.
func TestLongValues(t *testing.T) {
	p := samplePage(NavApplications, "api")
	path := `.spec.template.spec.containers[name="api"].env[name="A_VARIABLE_WITH_A_LONG_NAME"].valueFrom`
	plan := planPage()
	plan.Plan = blockedPlan()
	plan.Plan.Objects[2].Conflicts[0].Field = path
	html := draw(t, Plan(p, plan))
	for _, want := range []string{templ.EscapeString(path), string(sampleDigest)[8:]} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not there in full", want)
		}
	}
	log := draw(t, Audit(p, auditData()))
	if !strings.Contains(log, groups(string(sampleDigest))) {
		t.Error("the digest of an entry is not there in full")
	}
}

func TestVerdict(t *testing.T) {
	none := change.Plan{Objects: []manifest.DryRun{{Op: manifest.Unchanged}}}
	unset := samplePlan()
	unset.Objects[1].Problem = &manifest.Problem{Kind: manifest.UnsetSecret, Sentence: "`TOKEN` has no value yet."}
	for want, got := range map[string]string{
		"This creates **1 object**, changes **1**, deletes **1** and restarts **3 pods** of `api`. **`redis` is away briefly: its old pod stops before the new one starts.**": verdict(change.Update, samplePlan()),
		"**The cluster would not take this**: 1 of 4 objects has a problem.":                                                                                                  verdict(change.Update, blockedPlan()),
		"**This cannot be applied yet**: secret values are missing.":                                                                                                          verdict(change.Update, unset),
		"**Nothing would change**: the cluster already has all of this.":                                                                                                      verdict(change.Update, none),
		"Two people must approve.":  approvalSentence(samplePlan().Demands),
		"Nobody has to approve it.": approvalSentence(nil),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSteps(t *testing.T) {
	for state, want := range map[change.State]string{
		change.Pending: "done|now||", change.Approved: "done|done|now|", change.Applying: "done|done|now|",
		change.Applied: "done|done|done|done", change.Failed: "done|done|now bad|", change.Rejected: "done|now bad||",
	} {
		var got []string
		for _, s := range steps(sampleChange(state)) {
			got = append(got, s.Class)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %q", state, strings.Join(got, "|"), want)
		}
	}
}

func TestSplitRows(t *testing.T) {
	h := manifest.Hunks("a\nb\nc\n", "a\nx\ny\nc\n", manifest.AllLines)
	rows := splitRows(h[0].Lines)
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	if rows[1].Left.Op != manifest.Removed || rows[1].Right.Op != manifest.Added || rows[2].Left != nil || rows[2].Right == nil {
		t.Errorf("got %+v", rows)
	}
}
