// Package docs_test holds the documentation to what is there.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements is how many the documents have.
const requirements = 203

var (
	row    = regexp.MustCompile(`^\| (P\d+) \| ([MSCO]) \|`)
	quoted = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][^`]*|charts/[a-z-]+: [^`]+)`")
	marked = regexp.MustCompile(`[✓–○]`)
)

// Each requirement stands once, whatever is ticked names a test, and each test that is named exists.
func TestRequirements(t *testing.T) {
	text, err := os.ReadFile("requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for line := range strings.Lines(string(text)) {
		found := row.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		times[found[1]]++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 6 {
			t.Errorf("%s has %d cells", found[1], len(cells))
			continue
		}
		said := false
		for _, cell := range cells[3:] {
			said = said || strings.TrimSpace(cell) != ""
			for _, wrong := range judge(cell) {
				t.Errorf("%s: %s", found[1], wrong)
			}
		}
		if !said {
			t.Errorf("%s: nothing is said about it", found[1])
		}
	}
	for n := range requirements {
		if name := fmt.Sprintf("P%d", n+1); times[name] != 1 {
			t.Errorf("%s stands there %d times", name, times[name])
		}
	}
	if len(times) != requirements {
		t.Errorf("%d numbers of %d", len(times), requirements)
	}
	named := quoted.FindAllStringSubmatch(string(text), -1)
	if len(named) < requirements {
		t.Errorf("%d names of tests were found", len(named))
	}
	known := tests(t)
	for _, n := range named {
		if !known.has(n[1]) {
			t.Errorf("there is no %s", n[1])
		}
	}
}

// judge tells what is wrong with a cell: text before its first mark, or a tick without a test.
func judge(cell string) (wrong []string) {
	cell = strings.TrimSpace(cell)
	at := marked.FindAllStringIndex(cell, -1)
	if cell != "" && (len(at) == 0 || at[0][0] != 0) {
		return []string{fmt.Sprintf("%q begins without a mark", cell)}
	}
	for i, m := range at {
		end := len(cell)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if part := cell[m[0]:end]; strings.HasPrefix(part, "✓") && !quoted.MatchString(part) {
			wrong = append(wrong, fmt.Sprintf("%q names no test", part))
		}
	}
	return wrong
}

func TestJudgeOfCells(t *testing.T) {
	for cell, want := range map[string]int{
		"": 0, "– not yet": 0, "○": 0, "✓ it does: `TestIt`": 0, "✓ `charts/worker: least`; – not yet": 0,
		"it does": 1, "✓ it does": 1, "✓ `field`; – see `TestIt`": 1, "✓ `TestIt`; ✓ and that": 1,
	} {
		if got := judge(cell); len(got) != want {
			t.Errorf("%q: %q", cell, got)
		}
	}
}

// known are the tests of this repository: the folders and texts of the files that each function stands in,
// and the cases of each chart.
type known struct {
	functions map[string][]string // by name: files
	texts     map[string]string   // by file
	cases     map[string]bool     // "charts/NAME: CASE"
}

var (
	function = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	named    = regexp.MustCompile(`(?m)^name: (\S+)$`)
)

func tests(t *testing.T) known {
	t.Helper()
	k := known{functions: map[string][]string{}, texts: map[string]string{}, cases: map[string]bool{}}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		chart, isCase := strings.CutSuffix(filepath.ToSlash(filepath.Dir(path)), "/tests")
		isCase = isCase && filepath.Ext(path) == ".yaml"
		if d.IsDir() || !isCase && !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if isCase {
			for _, m := range named.FindAllStringSubmatch(string(text), -1) {
				k.cases[strings.TrimPrefix(chart, "../")+": "+m[1]] = true
			}
			return nil
		}
		for _, m := range function.FindAllStringSubmatch(string(text), -1) {
			k.functions[m[1]] = append(k.functions[m[1]], path)
			k.texts[path] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// has tells whether a test is there. A part of one is written in its file as a text, or is a file beside it
// that it reads: test data, or what is expected of a system.
func (k known) has(name string) bool {
	if strings.HasPrefix(name, "charts/") {
		return k.cases[name]
	}
	name, part, isPart := strings.Cut(name, "/")
	return slices.ContainsFunc(k.functions[name], func(file string) bool {
		if !isPart || strings.Contains(k.texts[file], `"`+part+`"`) {
			return true
		}
		for _, folder := range []string{"testdata", "expect"} {
			beside, _ := filepath.Glob(filepath.Join(filepath.Dir(file), folder, part+".*"))
			if len(beside) > 0 {
				return true
			}
		}
		return false
	})
}

// Every decision is in the list of decisions.
func TestDecisionsAreListed(t *testing.T) {
	list, err := os.ReadFile("adr/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("adr/[0-9]*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	for _, file := range files {
		if !strings.Contains(string(list), "("+filepath.Base(file)+")") {
			t.Errorf("%s is not in adr/README.md", file)
		}
	}
}
