package catalog

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

// Catalog is all templates, each in the versions that there are. It does not change and is safe for
// concurrent use.
type Catalog struct {
	all    map[TemplateID]*Template
	sorted []*Template // by name; of one name the newest usable version first, and the broken ones last
	newest []*Template // one for each name, in the order of the page
}

// Open makes a catalogue of the charts in fsys. See LoadAll.
func Open(fsys fs.FS) (*Catalog, error) {
	all, err := LoadAll(fsys)
	if err != nil {
		return nil, err
	}
	c, _ := New(all)
	return c, nil
}

// LoadAll loads every folder at the top of fsys as a chart. A chart that cannot be used is kept with
// Template.Broken and takes no other down; the error is for fsys itself. No two have the same ID.
//
// A library chart is there for the others and is no template: those which name it as a dependency with
// the repository "file://../FOLDER" get it.
//
// Of before, what an earlier call gave, the templates are taken whose files are the same, with those of
// their libraries: loading is dear, and one who saves a chart waits for it.
func LoadAll(fsys fs.FS, before ...*Template) ([]*Template, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("catalog: reading the folder of templates: %w", err)
	}
	known := map[string]*Template{}
	for _, t := range before {
		known[t.content] = t
	}
	var all []*Template
	taken := map[TemplateID]bool{}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		t := loadOrReuse(fsys, e.Name(), known)
		if errors.Is(t.Broken, errLibrary) {
			continue
		}
		if taken[t.ID] {
			t = twin(t, e.Name())
		}
		t.Origin.Folder = e.Name()
		taken[t.ID] = true
		all = append(all, t)
	}
	return all, nil
}

// loadOrReuse loads a folder, unless a usable template of the very same files is known. A copy of that
// is given, since the other one is in use and its Origin is about to be set.
func loadOrReuse(fsys fs.FS, folder string, known map[string]*Template) *Template {
	files, err := readWithSiblings(fsys, folder)
	content := ""
	if err == nil {
		content = digestOf(folder, files)
	}
	if t := known[content]; t != nil && content != "" && t.Broken == nil {
		again := *t
		return &again
	}
	t := load(folder, func() ([]*archive.BufferedFile, error) { return files, err })
	t.content = content
	return t
}

func digestOf(folder string, files []*archive.BufferedFile) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", folder)
	for _, f := range files {
		fmt.Fprintf(h, "%q %d\n", f.Name, len(f.Data))
		h.Write(f.Data)
	}
	return string(h.Sum(nil))
}

// twin is what stands for a chart whose name and version another folder has already.
func twin(t *Template, folder string) *Template {
	return &Template{
		ID:     TemplateID{Name: folder, Version: t.ID.Version},
		About:  t.About,
		Broken: fmt.Errorf("%s stands in two folders; %q is one of them", t.ID, folder),
	}
}

// New makes a catalogue of templates. Where two have the same ID the first one counts; the others are
// given back.
func New(all []*Template) (c *Catalog, shadowed []*Template) {
	c = &Catalog{all: map[TemplateID]*Template{}}
	for _, t := range all {
		if _, taken := c.all[t.ID]; taken {
			shadowed = append(shadowed, t)
			continue
		}
		c.all[t.ID] = t
		c.sorted = append(c.sorted, t)
	}
	slices.SortFunc(c.sorted, func(a, b *Template) int {
		return cmp.Or(cmp.Compare(a.ID.Name, b.ID.Name), broken(a)-broken(b), -CompareVersions(a.ID.Version, b.ID.Version))
	})
	c.newest = slices.CompactFunc(slices.Clone(c.sorted), func(a, b *Template) bool { return a.ID.Name == b.ID.Name })
	slices.SortStableFunc(c.newest, func(a, b *Template) int { return cmp.Compare(a.About.Title, b.About.Title) })
	return c, shadowed
}

// Versions are all versions of a template, by number from the newest on, broken ones among them. It is
// empty for a name that the catalogue has not.
func (c *Catalog) Versions(name string) []*Template {
	var out []*Template
	for _, t := range c.sorted {
		if t.ID.Name == name {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *Template) int { return -CompareVersions(a.ID.Version, b.ID.Version) })
	return out
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

// CompareVersions orders two versions as Semantic Versioning 2.0.0 does, section 11; what is none is ordered
// as text.
func CompareVersions(a, b string) int {
	x, errX := semver.NewVersion(a)
	y, errY := semver.NewVersion(b)
	if err := errors.Join(errX, errY); err != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}
