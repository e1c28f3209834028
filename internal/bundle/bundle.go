// Package bundle makes of an application's objects what can be carried away: a folder for kubectl and
// kustomize, as a .zip, or single files of it. It is what the portal would apply, or has applied, without
// the values of Secrets.
//
// Secrets that have values are not among what kustomize applies, since a placeholder would overwrite the
// value that is there. They stand in a file of their own that says how to make them.
//
// The same arguments give the same bytes.
package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// Bundle is what a folder is made of.
type Bundle struct {
	Name     string          // of the folder and of the .zip, without its ending: "shop-r3"
	Title    string          // of the README: "shop, revision 3"
	From     string          // where it was downloaded: the page's address
	Document change.Document // template, target, name and inputs
	Place    manifest.Place
	Rendered []byte          // the objects, as manifest.Set.YAML wrote them; with tokens for secret values
	Digest   manifest.Digest // the plan's, as the page shows it; "" where there is none
	Deleted  []manifest.Ref  // objects that the plan deletes
}

// File is one file of a bundle.
type File struct {
	Name string
	Data []byte
}

// The names of the files.
const (
	Kustomization = "kustomization.yaml"
	Manifests     = "manifests.yaml"
	Secrets       = "secrets.example.yaml"
	Inputs        = "inputs.yaml"
	Readme        = "README.md"
)

// contents are the objects, the Secrets with values apart from the others.
type contents struct{ others, secrets manifest.Set }

func (b Bundle) contents() (contents, error) {
	var c contents
	if len(bytes.TrimSpace(b.Rendered)) == 0 {
		return c, nil // of a change that deletes
	}
	set, err := manifest.Decode(bytes.NewReader(b.Rendered))
	if err != nil {
		return c, fmt.Errorf("bundle: %w", err)
	}
	for _, u := range set {
		if !manifest.IsSecret(u) || !holdsValues(u) {
			c.others = append(c.others, u)
			continue
		}
		u, err := example(u)
		if err != nil {
			return c, fmt.Errorf("bundle: %w", err)
		}
		c.secrets = append(c.secrets, u)
	}
	return c, nil
}

// holdsValues tells whether a Secret has a value that is not empty.
func holdsValues(u manifest.Object) bool {
	for _, field := range []string{"data", "stringData"} {
		m, _ := u.Object[field].(map[string]any)
		for _, v := range m {
			if v != "" {
				return true
			}
		}
	}
	return false
}

// example is a Secret with placeholders, as text that a person can edit.
func example(u manifest.Object) (manifest.Object, error) {
	u, err := manifest.Placeholders(u)
	if err != nil {
		return nil, err
	}
	text := map[string]any{}
	for _, field := range []string{"data", "stringData"} {
		m, _ := u.Object[field].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			text[key] = plainly(field, key, m[key])
		}
		delete(u.Object, field)
	}
	u.Object["stringData"] = text
	return u, nil
}

// plainly is a value as text. What is no placeholder, neither in whole nor in part, was written into the
// chart; it is none of a download's business either.
func plainly(field, key string, v any) string {
	s, _ := v.(string)
	if field == "data" {
		raw, err := base64.StdEncoding.DecodeString(s)
		if err != nil || !utf8.Valid(raw) {
			return manifest.Placeholder(key)
		}
		s = string(raw)
	}
	if s != "" && !strings.Contains(s, manifest.PlaceholderPrefix) {
		return manifest.Placeholder(key)
	}
	return s
}

// Manifests are the objects without Secrets that have values.
func (b Bundle) Manifests() ([]byte, error) {
	c, err := b.contents()
	if err != nil {
		return nil, err
	}
	return c.others.YAML()
}

// Inputs is the document from which a form can be filled, or `portal render` makes the same objects.
func (b Bundle) Inputs() ([]byte, error) {
	var out bytes.Buffer
	err := change.WriteDocument(&out, b.Document)
	return out.Bytes(), err
}

// Files are all files, in the order of their names.
func (b Bundle) Files() ([]File, error) {
	c, err := b.contents()
	if err != nil {
		return nil, err
	}
	inputs, err := b.Inputs()
	if err != nil {
		return nil, err
	}
	files := []File{{Readme, b.readme(c)}, {Inputs, inputs}}
	if len(c.others) > 0 {
		text, err := c.others.YAML()
		if err != nil {
			return nil, err
		}
		files = append(files, File{Kustomization, []byte(kustomization)}, File{Manifests, text})
	}
	if len(c.secrets) > 0 {
		text, err := c.secrets.YAML()
		if err != nil {
			return nil, err
		}
		files = append(files, File{Secrets, append([]byte(secretsHead), text...)})
	}
	return files, nil
}

const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- manifests.yaml
`

const secretsHead = `# The values of these Secrets are in the cluster alone. kustomization.yaml leaves them out, so that what is
# there stays. Where there is nothing yet, write each value in place of its REPLACE_WITH_, and then:
#   kubectl apply --server-side -f secrets.example.yaml
# Do not commit this file with values in it.
`

// zipEpoch is the first moment that a .zip can hold. Files have it, so that the same files make the
// same archive.
var zipEpoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes the files in a folder of the bundle's name.
func (b Bundle) Zip(w io.Writer) error {
	files, err := b.Files()
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, f := range files {
		to, err := z.CreateHeader(&zip.FileHeader{Name: b.Name + "/" + f.Name, Method: zip.Deflate, Modified: zipEpoch})
		if err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		if _, err := to.Write(f.Data); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return z.Close()
}
