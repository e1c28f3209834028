package main

import (
	"context"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/goccy/go-yaml/ast"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/source"
	"slipway.dev/slipway/web/templates"
)

// templateSources say where the templates are. The built-in ones come last, unless they are named in
// another place or switched off.
type templateSources []templateSource

// templateSource is one place. Exactly one of Folder, BuiltIn, OCI and Git is set.
type templateSource struct {
	Folder   string
	BuiltIn  *bool
	OCI      string // a repository, once checked without its scheme
	Versions []string
	Git      string // the address of a repository
	Ref      string // of Git
	Path     string // of Git
	Username string
	Password secret
	CA       string // a file
	Every    time.Duration

	plain bool   // http
	ca    []byte // what is in CA
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
	return fields{
		"folder": text(&t.Folder), "builtIn": truth(&t.BuiltIn),
		"oci": text(&t.OCI), "versions": texts(&t.Versions),
		"git": text(&t.Git), "ref": text(&t.Ref), "path": text(&t.Path), "username": text(&t.Username), "password": t.Password.field("a password"),
		"ca": text(&t.CA), "every": duration(&t.Every, 10*time.Second, 24*time.Hour),
	}
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
		switch sources := t.kinds(); {
		case len(sources) == 0:
			k.wrong(key, "says no source; it needs folder, oci, git or builtIn")
		case len(sources) > 1:
			k.wrong(key, "is %s at once; make an entry of each", strings.Join(sources, " and "))
		case t.BuiltIn != nil && named:
			k.wrong(key, "names the built-in templates a second time")
		case t.BuiltIn != nil:
			named = true
		case t.Folder != "":
			t.Folder = k.path(t.Folder)
			if info, err := k.out.stat(t.Folder); err != nil || !info.IsDir() {
				k.wrong(join(key, "folder"), "%s is not a folder that can be read", t.Folder)
			}
		case t.Git != "":
			k.git(key, t)
		default:
			k.registry(key, t)
		}
		k.belongs(key, t)
	}
	if k.c.TemplateCache == "" && k.c.Database.Driver == "sqlite" {
		k.c.TemplateCache = filepath.Join(filepath.Dir(k.c.Database.Path), "templates")
	} else if k.c.TemplateCache != "" {
		k.c.TemplateCache = k.path(k.c.TemplateCache)
	}
}

// kinds names which of the sources an entry sets.
func (t *templateSource) kinds() []string {
	var out []string
	for _, s := range []struct {
		name string
		set  bool
	}{{"folder", t.Folder != ""}, {"oci", t.OCI != ""}, {"git", t.Git != ""}, {"builtIn", t.BuiltIn != nil}} {
		if s.set {
			out = append(out, s.name)
		}
	}
	return out
}

// belongs refuses what only another kind of source has.
func (k *checker) belongs(key string, t *templateSource) {
	remote := t.OCI != "" || t.Git != ""
	for _, s := range []struct {
		name string
		fits bool
		of   string
	}{
		{"versions", t.OCI != "", "oci"}, {"ref", t.Git != "", "git"}, {"path", t.Git != "", "git"},
		{"username", remote, "oci or git"}, {"password", remote, "oci or git"}, {"ca", remote, "oci or git"}, {"every", remote, "oci or git"},
	} {
		if _, set := k.lines[join(key, s.name)]; set && !s.fits {
			k.wrong(join(key, s.name), "is for a source with %s", s.of)
		}
	}
}

func (k *checker) git(key string, t *templateSource) {
	u, err := url.Parse(t.Git)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		k.wrong(join(key, "git"), "this is not an address such as https://git.example.com/platform/charts.git; credentials stand in username and password")
	case u.Scheme == "http" && !local(u.Hostname()):
		k.wrong(join(key, "git"), "%q must not be plain http, which is for localhost only: whoever is on the way could put in another template", t.Git)
	case t.Ref == "":
		k.wrong(key, "has no ref; name a tag, or a commit by its 40 digits")
	case strings.HasPrefix(t.Path, "/") || t.Path != "" && !fs.ValidPath(strings.TrimSuffix(t.Path, "/")):
		k.wrong(join(key, "path"), "%q is not a folder in the repository, such as platform/charts", t.Path)
	default:
		t.plain, t.Path = u.Scheme == "http", strings.TrimSuffix(t.Path, "/")
		k.access(key, t)
	}
}

// repository is a registry's host and a path in it, as the distribution specification has them.
var repository = regexp.MustCompile(`^[a-zA-Z0-9.\[\]:-]+(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)

func (k *checker) registry(key string, t *templateSource) {
	scheme, rest, ok := strings.Cut(t.OCI, "://")
	if !ok {
		scheme, rest = "oci", t.OCI
	}
	host, _, _ := strings.Cut(rest, "/")
	u, err := url.Parse("//" + host)
	switch {
	case err != nil || !repository.MatchString(rest) || scheme != "oci" && scheme != "https" && scheme != "http":
		k.wrong(join(key, "oci"), "%q is not a repository such as oci://registry.example.com/charts/web-service", t.OCI)
		return
	case scheme == "http" && !local(u.Hostname()):
		k.wrong(join(key, "oci"), "%q must not be plain http, which is for localhost only: whoever is on the way could put in another template", t.OCI)
		return
	}
	t.OCI, t.plain = rest, scheme == "http"
	for i, v := range t.Versions {
		version, digest, pinned := strings.Cut(v, "@")
		_, exact := semver.StrictNewVersion(version)
		_, ranged := semver.NewConstraint(version)
		switch {
		case exact != nil && (pinned || ranged != nil):
			k.wrong(at(join(key, "versions"), i), "%q is neither a version such as 1.2.0, nor one with its digest such as 1.2.0@sha256:…, nor a range such as ^1.2", v)
		case pinned && !contentDigest.MatchString(digest):
			k.wrong(at(join(key, "versions"), i), "%q is not a digest, which is sha256: and 64 hexadecimal digits", digest)
		}
	}
	k.access(key, t)
}

var contentDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// access reads what a remote source is reached with.
func (k *checker) access(key string, t *templateSource) {
	k.resolve(join(key, "password"), &t.Password)
	if (t.Username == "") != !t.Password.isSet() {
		k.wrong(key, "has a username or a password, and needs both or neither")
	}
	if t.CA == "" {
		return
	}
	t.CA = k.path(t.CA)
	b, err := k.out.read(t.CA)
	switch {
	case err != nil:
		k.wrong(join(key, "ca"), "%s: %s", t.CA, plainly(err))
	case !x509.NewCertPool().AppendCertsFromPEM(b):
		k.wrong(join(key, "ca"), "%s holds no certificate in PEM", t.CA)
	}
	t.ca = b
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
		switch {
		case t.OCI != "":
			all = append(all, &source.OCI{
				Repository: t.OCI, Versions: t.Versions, Plain: t.plain, Interval: t.Every, Cache: source.Cache{Dir: c.TemplateCache},
				Access: source.Access{User: t.Username, Password: t.Password.value, CA: t.ca},
			})
			continue
		case t.Git != "":
			all = append(all, &source.Git{
				URL: t.Git, Ref: t.Ref, Path: t.Path, Plain: t.plain, Interval: t.Every, Cache: source.Cache{Dir: c.TemplateCache},
				Access: source.Access{User: t.Username, Password: t.Password.value, CA: t.ca},
			})
			continue
		case t.BuiltIn == nil:
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
