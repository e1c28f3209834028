// Package author is what the writer of a template needs besides an editor: a chart to begin with (New),
// a check that names the file and the line (Lint), and cases with golden files (Test). The built-in
// templates are held to the same with the same code.
//
// A template is looked at where it is written, in a folder with its siblings, and it is loaded by
// package catalog as the portal loads it. What Lint finds besides is what loading lets pass: keywords
// that nobody reads, defaults that the schema refuses, pickers that lead nowhere, missing words.
package author

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"slipway.dev/slipway/internal/catalog"
)

// ErrNoChart is returned for a folder that has no Chart.yaml.
var ErrNoChart = errors.New("there is no Chart.yaml in it")

// Finding is something to mend, and where.
type Finding struct {
	File string // relative to the chart's folder: "values.schema.json"
	Line int    // from 1; 0 for the file as a whole
	Says string // one sentence without a full stop at its end
}

// String is one line: "values.schema.json:12: there is no keyword x-ui-sectoin; …".
func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Says
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Says)
}

// chart is a chart's folder while it is looked at.
type chart struct {
	dir      string
	template *catalog.Template
	library  bool
	found    []Finding
}

func (c *chart) find(file string, line int, format string, args ...any) {
	c.found = append(c.found, Finding{file, line, fmt.Sprintf(format, args...)})
}

// findings are sorted by file and line, each once.
func (c *chart) findings() []Finding {
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Says, b.Says))
	})
	return slices.Compact(c.found)
}

func (c *chart) read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.dir, name)) }

// open loads the chart in dir as the portal would, with the siblings that it depends on.
func open(dir string) (*chart, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c := &chart{dir: abs}
	raw, err := c.read("Chart.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoChart
	}
	if err != nil {
		return nil, err
	}
	var about struct {
		Type         string                        `yaml:"type"`
		Dependencies []struct{ Repository string } `yaml:"dependencies"`
	}
	_ = yaml.Unmarshal(raw, &about) // what is wrong with it is found by loading
	c.library = about.Type == "library"
	if c.library {
		return c, nil
	}
	only := chosen{FS: os.DirFS(filepath.Dir(abs)), folders: []string{filepath.Base(abs)}}
	for _, d := range about.Dependencies {
		if name, ok := strings.CutPrefix(d.Repository, "file://../"); ok && !strings.Contains(name, "/") {
			only.folders = append(only.folders, name)
		}
	}
	all, err := catalog.LoadAll(only)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.Origin.Folder == filepath.Base(abs) {
			c.template = t
			return c, nil
		}
	}
	return nil, fmt.Errorf("%s is no template", dir)
}

// Open loads the template in dir. One that cannot be used is Broken. A library chart is no template:
// it is nil then.
func Open(dir string) (*catalog.Template, error) {
	c, err := open(dir)
	if err != nil {
		return nil, err
	}
	return c.template, nil
}

// chosen is a file system of which only some folders at the top are seen.
type chosen struct {
	fs.FS
	folders []string
}

// ReadDir lists the chosen folders alone at the top.
func (c chosen) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(c.FS, name)
	if name != "." {
		return entries, err
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !slices.Contains(c.folders, e.Name()) }), err
}
