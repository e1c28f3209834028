package author

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// skeleton is a chart that runs an image and is asked over HTTP: few fields, one of each common kind.
//
//go:embed all:skeleton
var skeleton embed.FS

// ErrExists is returned by New for a folder that is there.
var ErrExists = errors.New("there is something of this name already")

// New makes a chart in the folder dir, which must not exist: of the skeleton, or where from is not nil
// of the chart in the folder from.Name of from.Charts, with the schema that is made of values.yaml where it
// has none. Its name is the folder's. It returns ErrExists.
func New(dir string, from *Origin) error {
	name := filepath.Base(dir)
	if !caseName.MatchString(name) {
		return fmt.Errorf("%q cannot be a chart's name: take small letters, digits and dashes", name)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return ErrExists
	}
	if from == nil {
		sub, err := fs.Sub(skeleton, "skeleton")
		if err != nil {
			return err
		}
		return copyChart(sub, dir, name)
	}
	sub, err := fs.Sub(from.Charts, from.Name)
	if err != nil {
		return err
	}
	if err := copyChart(sub, dir, name); err != nil {
		return err
	}
	if err := from.libraries(dir); err != nil {
		return err
	}
	return writeSchema(dir)
}

// writeSchema writes down the schema that the portal makes of a chart's values.yaml, so that it can be worked
// on. A chart that has one, or that cannot be used as it is, is left alone.
func writeSchema(dir string) error {
	c, err := open(dir)
	if err != nil || c.library || c.template.Broken != nil || !c.template.About.Derived {
		return err
	}
	var text bytes.Buffer
	if err := json.Indent(&text, c.template.Schema(), "", "  "); err != nil {
		return err
	}
	text.WriteByte('\n')
	return os.WriteFile(filepath.Join(dir, schemaFile), text.Bytes(), 0o644)
}

// Origin is the chart that another one begins as.
type Origin struct {
	Charts fs.FS // with a folder for each chart
	Name   string
}

var (
	nameLine    = regexp.MustCompile(`(?m)^name:.*$`)
	versionLine = regexp.MustCompile(`(?m)^version:.*$`)
	titleLine   = regexp.MustCompile(`(?m)^(\s*slipway\.dev/title:).*$`)
	libraryLine = regexp.MustCompile(`(?m)^\s*(?:- )?repository:\s*"?file://\.\./([-a-z0-9]+)/?"?\s*$`)
)

func copyChart(from fs.FS, dir, name string) error {
	return fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		switch path {
		case "Chart.yaml":
			text = nameLine.ReplaceAll(text, []byte("name: "+name))
			text = versionLine.ReplaceAll(text, []byte("version: 0.1.0"))
			text = titleLine.ReplaceAll(text, []byte("${1} "+inWords(name)))
		case "README.md":
			text = bytes.Replace(text, []byte("# NAME"), []byte("# "+inWords(name)), 1)
		}
		return os.WriteFile(to, text, 0o644)
	})
}

// libraries copies the library charts that the new one depends on to where it looks for them: beside it.
// One that is there is left alone.
func (o *Origin) libraries(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "Chart.yaml"))
	if err != nil {
		return err
	}
	for _, m := range libraryLine.FindAllSubmatch(raw, -1) {
		name := string(m[1])
		to := filepath.Join(filepath.Dir(dir), name)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		sub, err := fs.Sub(o.Charts, name)
		if err != nil {
			return err
		}
		if err := os.CopyFS(to, sub); err != nil {
			return err
		}
	}
	return nil
}

// inWords makes a title of a chart's name: "partner-api" becomes "Partner api".
func inWords(name string) string {
	s := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
