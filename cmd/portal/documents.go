package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/source"
)

// standard names the standard input among files.
const standard = "-"

// document is one application of a file, and what became of it.
type document struct {
	change.Document
	file     string
	place    manifest.Place
	template *catalog.Template
	rendered catalog.Rendered
}

// documents are the applications of some files, and all that is wrong with them.
type documents struct {
	config  *config
	library *source.Library
	kube    string // version of Kubernetes to render for; "" for the assumed one
	list    []*document
	wrong   complaints
	notes   complaints // what stops nothing
}

// complaint is one sentence about a place in a file.
type complaint struct {
	file string
	line int
	says string
}

// complaints are an error: lines such as "shop.yaml:12: document 2: name: …".
type complaints []complaint

// Error gives a line for each.
func (c complaints) Error() string {
	var b strings.Builder
	for i, one := range c {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.file)
		if one.line > 0 {
			fmt.Fprintf(&b, ":%d", one.line)
		}
		b.WriteString(": " + one.says)
	}
	return b.String()
}

// read reads the files in their order.
func (d *documents) read(files []string, stdin io.Reader) error {
	for _, name := range files {
		in := stdin
		if name != standard {
			f, err := os.Open(name)
			if err != nil {
				return usage{fmt.Errorf("portal: %s: %s", name, plainly(err))}
			}
			defer f.Close()
			in = f
		}
		d.readFile(name, in)
	}
	d.once()
	return nil
}

func (d *documents) readFile(name string, in io.Reader) {
	if name == standard {
		name = "standard input"
	}
	docs, err := change.ReadDocuments(in)
	var wrong change.DocumentErrors
	switch {
	case errors.As(err, &wrong):
		for _, w := range wrong {
			line := w.Line
			w.Line = 0
			d.wrong = append(d.wrong, complaint{name, line, w.Error()})
		}
	case err != nil:
		d.wrong = append(d.wrong, complaint{name, 0, plainly(err)})
	}
	for _, one := range docs {
		d.list = append(d.list, &document{Document: one, file: name})
	}
}

// once sees to it that no two files describe the same application.
func (d *documents) once() {
	seen := map[change.AppKey]*document{}
	for _, one := range d.list {
		key := one.Draft().App
		if first, again := seen[key]; again {
			d.fail(one, "name", "%s of %s is in %s, line %d, already", key.Name, key.Target, first.file, first.Line("name"))
			continue
		}
		seen[key] = one
	}
}

// fail notes what is wrong with a field of a document, or with a JSON pointer into its inputs.
func (d *documents) fail(one *document, at, format string, args ...any) {
	d.wrong = append(d.wrong, one.complain(at, fmt.Sprintf(format, args...)))
}

func (one *document) complain(at, says string) complaint {
	where := fmt.Sprintf("document %d", one.Number())
	if one.Name != "" {
		where += " (" + one.Name + ")"
	}
	switch {
	case strings.HasPrefix(at, "/"):
		where += ": " + change.FieldName(at)
	case at != "":
		where += ": " + at
	}
	return complaint{one.file, one.Line(at), where + ": " + says}
}

// render makes the objects of all documents that can be made.
func (d *documents) render(ctx context.Context) error {
	for _, one := range d.list {
		if d.place(one) && d.find(one) {
			d.make(ctx, one)
		}
	}
	d.addresses()
	if len(d.wrong) > 0 {
		slices.SortStableFunc(d.wrong, func(a, b complaint) int {
			return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
		})
		return d.wrong
	}
	return ctx.Err()
}

// place looks up the target of a document.
func (d *documents) place(one *document) bool {
	before, c := len(d.wrong), d.config
	target := policy.Target{Team: one.Team, Environment: one.Environment}
	if names := namesOf(c.Teams, func(t team) string { return t.Name }); !slices.Contains(names, one.Team) {
		d.fail(one, "team", "there is no team %q; %s", one.Team, suggestion(one.Team, names))
	}
	if names := namesOf(c.Environments, func(e environment) string { return e.Name }); !slices.Contains(names, one.Environment) {
		d.fail(one, "environment", "there is no environment %q; %s", one.Environment, suggestion(one.Environment, names))
	}
	place, ok := c.places()[target]
	if !ok && len(d.wrong) == before {
		d.fail(one, "environment", "team %s has no target there; add one to the configuration, or take another environment", one.Team)
	}
	for _, e := range change.CheckName(one.Name) {
		d.fail(one, "name", "%s", e.Message)
	}
	one.place = place
	return len(d.wrong) == before
}

// find looks up the template of a document.
func (d *documents) find(one *document) bool {
	versions := d.library.Versions(one.Template)
	var err error
	switch {
	case len(versions) == 0:
		names := namesOf(d.library.Templates(), func(t *catalog.Template) string { return t.ID.Name })
		d.fail(one, "template", "there is no template %q; %s", one.Template, suggestion(one.Template, names))
		return false
	case one.Version == "":
		one.template, err = d.library.Newest(one.Template)
	default:
		one.template, err = d.library.Template(catalog.TemplateID{Name: one.Template, Version: one.Version})
	}
	if err != nil {
		have := namesOf(versions, func(t *catalog.Template) string { return t.ID.Version })
		d.fail(one, "version", "there is no version %q of %s; there are %s", one.Version, one.Template, strings.Join(have, ", "))
		return false
	}
	if broken := one.template.Broken; broken != nil {
		d.fail(one, "template", "template %s cannot be used: %v", one.template.ID, broken)
		return false
	}
	return true
}

func (d *documents) make(ctx context.Context, one *document) {
	app := one.Draft().App
	release := catalog.Release{
		App: app.Name, Target: app.Target, Place: one.place, Revision: 1, KubeVersion: d.kube,
		Domains: d.config.domainsOf(app.Target), ClusterScoped: d.config.clusterScoped()[app.Target],
	}
	var err error
	var fields catalog.Errors
	var broken *catalog.TemplateError
	one.rendered, err = one.template.Render(ctx, one.Inputs, release)
	switch {
	case errors.As(err, &fields):
		for _, f := range fields {
			d.wrong = append(d.wrong, one.about(f))
		}
	case errors.As(err, &broken):
		d.fail(one, "template", "template %s cannot make manifests of these inputs: %v", broken.Template, broken.Err)
	case err != nil:
		d.fail(one, "", "%v", err)
	default:
		d.note(one, release)
	}
}

// note gathers what does not stop the document but should be known.
func (d *documents) note(one *document, release catalog.Release) {
	for _, w := range one.template.Warnings(one.Inputs, release) {
		c := one.about(w)
		c.says = "warning: " + c.says
		d.notes = append(d.notes, c)
	}
	for _, s := range one.rendered.Skipped {
		d.notes = append(d.notes, one.complain("", s.Ref.String()+" is left out. "+s.Reason))
	}
}

// addresses sees to it that no two applications of a cluster serve the same host and path.
func (d *documents) addresses() {
	type address struct {
		served manifest.Served
		by     *document
	}
	taken := map[string][]address{} // by cluster
	for _, one := range d.list {
		for _, u := range one.rendered.Set {
			for _, mine := range manifest.ServedBy(u) {
				for _, other := range taken[one.place.Cluster] {
					if other.by != one && mine.Host != "" && mine.Clashes(other.served) {
						d.fail(one, one.claim(mine.Host), "%s%s is served by %s of %s in %s already", mine.Host, mine.Path, other.by.Name, other.by.Draft().App.Target, other.by.file)
					}
				}
				taken[one.place.Cluster] = append(taken[one.place.Cluster], address{mine, one})
			}
		}
	}
}

// claim is where in the inputs a host is asked for; "" where a template makes it up.
func (one *document) claim(host string) string {
	for _, h := range one.template.Hosts(one.Inputs) {
		if h.Host == host {
			return one.template.PointerOf(one.Inputs, h.Path)
		}
	}
	return ""
}

// about words what is wrong with an input at the place in the file where it stands.
func (one *document) about(f catalog.FieldError) complaint {
	pointer := one.template.PointerOf(one.Inputs, f.Path)
	if pointer == "" {
		pointer = "inputs"
	}
	says := f.Message
	if f.Title != "" {
		says = f.Title + ": " + says
	}
	return one.complain(pointer, says)
}
