package main

import (
	"context"
	"log/slog"

	"github.com/goccy/go-yaml/ast"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/source"
	"slipway.dev/slipway/web/templates"
)

// templateSources say where the templates are. The built-in ones come last, unless they are named in
// another place or switched off.
type templateSources []templateSource

// templateSource is one place. Exactly one of the three is set.
type templateSource struct {
	Folder  string
	BuiltIn *bool
}

// field reads a list of sources, or a single folder in place of the built-in templates, as it was
// written before there were several.
func (t *templateSources) field() field {
	return func(r *reader, key string, n ast.Node) {
		if _, single := n.(ast.MapNode); !single {
			list((*[]templateSource)(t), templateFields)(r, key, n)
			return
		}
		var folder string
		section(fields{"folder": text(&folder)})(r, key, n)
		if folder != "" {
			off := false
			*t = templateSources{{Folder: folder}, {BuiltIn: &off}}
		}
	}
}

func templateFields(t *templateSource) fields {
	return fields{"folder": text(&t.Folder), "builtIn": truth(&t.BuiltIn)}
}

func truth(to **bool) field {
	return func(r *reader, key string, n ast.Node) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.notA(key, n, "true or false")
			return
		}
		*to = &b.Value
	}
}

// templates checks what is set, and makes paths absolute.
func (k *checker) templates() {
	named := false
	for i := range k.c.Templates {
		t, key := &k.c.Templates[i], at("templates", i)
		if _, single := k.lines["templates.folder"]; single {
			key = "templates"
		}
		switch {
		case t.BuiltIn != nil && t.Folder != "":
			k.wrong(key, "is a folder and the built-in templates at once; make two entries of it")
		case t.BuiltIn != nil && named:
			k.wrong(key, "names the built-in templates a second time")
		case t.BuiltIn != nil:
			named = true
		case t.Folder == "":
			k.wrong(key, "says no source; it needs folder or builtIn")
		default:
			t.Folder = k.path(t.Folder)
			if info, err := k.out.stat(t.Folder); err != nil || !info.IsDir() {
				k.wrong(join(key, "folder"), "%s is not a folder that can be read", t.Folder)
			}
		}
	}
}

// openTemplates reads the sources once. One that is away, or a template that is broken, is shown as
// such and takes nothing else down.
func openTemplates(ctx context.Context, c *config, log *slog.Logger) (*source.Library, error) {
	return source.Open(ctx, log, templatesFrom(c)...), ctx.Err()
}

// templatesFrom are the sources, in the order in which they count.
func templatesFrom(c *config) []source.Source {
	builtIn := true
	var all []source.Source
	for _, t := range c.Templates {
		if t.BuiltIn == nil {
			all = append(all, &source.Folder{Path: t.Folder})
			continue
		}
		builtIn = false // they stand here, or nowhere
		if *t.BuiltIn {
			all = append(all, source.Embedded{FS: charts.FS})
		}
	}
	if builtIn {
		all = append(all, source.Embedded{FS: charts.FS})
	}
	return all
}

// sources is what the admin page shows of them.
func (h *house) sources() []templates.TemplateSource {
	var out []templates.TemplateSource
	for _, s := range h.library.Sources() {
		out = append(out, templates.TemplateSource{
			Name: s.Name, Read: s.Read, Problem: s.Problem, Cached: s.Cached, Notes: s.Notes, Usable: s.Templates, Broken: s.Broken,
		})
	}
	return out
}
