package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// ErrNoCases is returned by Test for a chart without cases.
var ErrNoCases = errors.New("there are no cases in tests/*.yaml")

// Result is what became of one case.
type Result struct {
	Case
	Set     manifest.Set // what the template made; empty where it refused the inputs
	Failed  string       // what is not as it should be, in one or several lines; "" for nothing
	Updated bool         // its golden file was written
}

// Test runs the cases of the chart in dir. With update, golden files that differ are written, and those
// of cases that are gone are removed. It returns ErrNoCases, findings where the files of the cases
// cannot be read, or an error for the folder.
func Test(ctx context.Context, dir string, update bool) ([]Result, []Finding, error) {
	c, err := open(dir)
	switch {
	case err != nil:
		return nil, nil, err
	case c.library:
		return nil, nil, errors.New("a library chart makes nothing by itself; test the templates that use it")
	case c.template.Broken != nil:
		return nil, nil, fmt.Errorf("the template cannot be used: %w", c.template.Broken)
	}
	cases, wrong := readCases(os.DirFS(c.dir))
	if len(wrong) > 0 {
		return nil, wrong, nil
	}
	if len(cases) == 0 {
		return nil, nil, ErrNoCases
	}
	var results []Result
	golden := map[string]bool{}
	for _, one := range cases {
		r := c.run(ctx, one, update)
		golden[one.golden()] = len(one.Errors) == 0
		results = append(results, r)
	}
	return results, c.leftOver(golden, update), nil
}

// leftOver finds golden files that no case has, and with remove removes them.
func (c *chart) leftOver(golden map[string]bool, remove bool) []Finding {
	have, err := fs.Glob(os.DirFS(c.dir), goldenFolder+"/*.yaml")
	if err != nil {
		return nil
	}
	var found []Finding
	for _, name := range have {
		if golden[name] {
			continue
		}
		if !remove || os.Remove(filepath.Join(c.dir, filepath.FromSlash(name))) != nil {
			found = append(found, Finding{name, 0, "no case has this golden file; -update removes it"})
		}
	}
	return found
}

func (c *chart) run(ctx context.Context, one Case, update bool) Result {
	r := Result{Case: one}
	in := sealed(c.template.Fields, one.Inputs)
	rendered, err := c.template.Render(ctx, in, one.Release)
	var fields catalog.Errors
	if err != nil && !errors.As(err, &fields) {
		r.Failed = err.Error()
		return r
	}
	if r.Failed = unexpected(c.template, in, one.Errors, fields); r.Failed != "" || len(fields) > 0 {
		return r
	}
	if one.Warnings != nil {
		if r.Failed = unexpected(c.template, in, one.Warnings, c.template.Warnings(in, one.Release)); r.Failed != "" {
			return r
		}
	}
	r.Set = rendered.Set
	text, err := Manifests(r.Set)
	if err != nil {
		r.Failed = err.Error()
		return r
	}
	path := filepath.Join(c.dir, filepath.FromSlash(one.golden()))
	want, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(want, text):
	case update:
		r.Failed, r.Updated = writeGolden(path, text), true
	case errors.Is(err, fs.ErrNotExist):
		r.Failed = one.golden() + " is not there; -update writes it"
	case err != nil:
		r.Failed = one.golden() + " cannot be read"
	default:
		r.Failed = "it makes something else than " + one.golden() + ":\n" + firstDifference(string(want), string(text))
	}
	return r
}

func writeGolden(path string, text []byte) string {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err.Error()
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err.Error()
	}
	return ""
}

// Manifests writes objects with placeholders where secret values belong.
func Manifests(set manifest.Set) ([]byte, error) {
	out := make(manifest.Set, len(set))
	for i, u := range set {
		var err error
		if out[i], err = manifest.Placeholders(u); err != nil {
			return nil, err
		}
	}
	return out.YAML()
}

// unexpected compares what a person would be told with what the case asks for.
func unexpected(t *catalog.Template, in catalog.Inputs, want map[string]string, got catalog.Errors) string {
	left := maps.Clone(want)
	var lines []string
	for _, e := range got {
		at := t.PointerOf(in, e.Path)
		if at == "" {
			at = "/"
		}
		switch message, expected := left[at]; {
		case expected && message == e.Message:
			delete(left, at)
		case expected:
			lines = append(lines, fmt.Sprintf("%s: the message is %q instead of %q", at, e.Message, message))
			delete(left, at)
		default:
			lines = append(lines, fmt.Sprintf("%s: %s (%s)", at, e.Message, e.Title))
		}
	}
	for _, at := range slices.Sorted(maps.Keys(left)) {
		lines = append(lines, fmt.Sprintf("%s: nothing is said; %q was expected", at, left[at]))
	}
	return strings.Join(lines, "\n")
}

// around is how many equal lines are shown before a difference, and lines after it.
const around = 3

// firstDifference shows where two texts part.
func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	var out strings.Builder
	fmt.Fprintf(&out, "line %d\n", i+1)
	for _, s := range a[max(0, i-around):i] {
		out.WriteString("  " + s + "\n")
	}
	for _, s := range a[i:min(len(a), i+around)] {
		out.WriteString("- " + s + "\n")
	}
	for _, s := range b[i:min(len(b), i+around)] {
		out.WriteString("+ " + s + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}
