package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Catalog is all templates, each in the versions that there are. It does not change and is safe for
// concurrent use.
type Catalog struct {
	all    map[TemplateID]*Template
	newest []*Template // one for each name, in the order of the page
}

// Open loads every folder at the top of fsys as a chart. A chart that cannot be used is kept with
// Template.Broken and takes no other down; the error is for fsys itself.
func Open(fsys fs.FS) (*Catalog, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("catalog: reading the folder of templates: %w", err)
	}
	c := &Catalog{all: map[TemplateID]*Template{}}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		sub, err := fs.Sub(fsys, e.Name())
		if err != nil {
			return nil, fmt.Errorf("catalog: %w", err)
		}
		c.add(Load(sub, e.Name()), e.Name())
	}
	for _, t := range c.all {
		c.newest = append(c.newest, t)
	}
	slices.SortFunc(c.newest, func(a, b *Template) int {
		return cmp.Or(cmp.Compare(a.ID.Name, b.ID.Name), broken(a)-broken(b), -compareVersions(a.ID.Version, b.ID.Version))
	})
	c.newest = slices.CompactFunc(c.newest, func(a, b *Template) bool { return a.ID.Name == b.ID.Name })
	slices.SortStableFunc(c.newest, func(a, b *Template) int { return cmp.Compare(a.About.Title, b.About.Title) })
	return c, nil
}

func (c *Catalog) add(t *Template, folder string) {
	if _, taken := c.all[t.ID]; taken {
		t = &Template{
			ID:     TemplateID{Name: folder, Version: t.ID.Version},
			About:  t.About,
			Broken: fmt.Errorf("%s stands in two folders; %q is one of them", t.ID, folder),
		}
	}
	c.all[t.ID] = t
}

// Templates are the newest usable version of each template, ordered by title. A template of which no
// version is usable is there with Broken.
func (c *Catalog) Templates() []*Template { return slices.Clone(c.newest) }

// Template returns one version, or ErrUnknownTemplate. It may be Broken.
func (c *Catalog) Template(id TemplateID) (*Template, error) {
	if t, ok := c.all[id]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownTemplate, id)
}

// Newest returns the newest usable version of a template, or ErrUnknownTemplate. It is Broken only if
// every version is.
func (c *Catalog) Newest(name string) (*Template, error) {
	for _, t := range c.newest {
		if t.ID.Name == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownTemplate, name)
}

func broken(t *Template) int {
	if t.Broken != nil {
		return 1
	}
	return 0
}

func compareVersions(a, b string) int {
	x, errX := semver.NewVersion(a)
	y, errY := semver.NewVersion(b)
	if err := errors.Join(errX, errY); err != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}
