package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Cache keeps on disk what remote sources gave, so that the portal starts while they are away, and
// remembers which digest each version had. The zero Cache keeps nothing.
type Cache struct{ Dir string }

// kept is what a cache holds of one source: by version.
type kept map[string]keptVersion

// keptVersion is one version: what pins it, and its packed chart.
type keptVersion struct {
	Pin  string `json:"pin"`  // digest of the manifest, or commit
	Sum  string `json:"sum"`  // SHA-256 of data
	Data []byte `json:"-"`    // a packed chart
	Seen string `json:"seen"` // when, for people
}

func (c Cache) folder(source string) string {
	sum := sha256.Sum256([]byte(source))
	return filepath.Join(c.Dir, hex.EncodeToString(sum[:12]))
}

// load gives what was kept. What is damaged is left out: it is fetched again.
func (c Cache) load(source string) kept {
	out := kept{}
	if c.Dir == "" {
		return out
	}
	dir := c.folder(source)
	raw, err := os.ReadFile(filepath.Join(dir, "index.json")) //nolint:gosec // a path of our own making
	if err != nil || json.Unmarshal(raw, &out) != nil {
		return kept{}
	}
	for version, v := range out {
		data, err := os.ReadFile(filepath.Join(dir, filepath.Base(v.Sum))) //nolint:gosec // a path of our own making
		if err != nil || sumOf(data) != v.Sum {
			v.Data = nil // the pin holds all the same
		} else {
			v.Data = data
		}
		out[version] = v
	}
	return out
}

// store replaces what was kept. The index is written last, so that it never names what is not there.
func (c Cache) store(source string, all kept) error {
	if c.Dir == "" {
		return nil
	}
	dir := c.folder(source)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the cache cannot be written: %w", err)
	}
	for _, v := range all {
		file := filepath.Join(dir, v.Sum)
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) || v.Data == nil {
			continue
		}
		if err := replaceFile(file, v.Data); err != nil {
			return fmt.Errorf("the cache cannot be written: %w", err)
		}
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = replaceFile(filepath.Join(dir, "index.json"), raw)
	}
	if err != nil {
		return fmt.Errorf("the cache cannot be written: %w", err)
	}
	return nil
}

func replaceFile(file string, data []byte) error {
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
