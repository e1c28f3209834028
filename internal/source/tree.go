package source

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Limits of what one source gives. What one chart may hold is limited by package catalog besides.
const (
	maxTreeFiles = 20_000
	maxTreeBytes = 64 << 20
)

// tree is files in memory by their slash-separated paths. It is an fs.FS once it is complete.
type tree struct {
	files map[string][]byte
	in    map[string]bool // folders that a file is in
	dirs  map[string][]fs.DirEntry
	bytes int
}

func newTree() *tree { return &tree{files: map[string][]byte{}, in: map[string]bool{}} }

// put adds a file. It refuses paths that lead elsewhere, and more than the limits.
func (t *tree) put(name string, data []byte) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%q is not a path within the chart", name)
	}
	t.bytes += len(data)
	switch {
	case t.bytes > maxTreeBytes:
		return fmt.Errorf("it holds more than %d MiB", maxTreeBytes>>20)
	case len(t.files) >= maxTreeFiles:
		return fmt.Errorf("it holds more than %d files", maxTreeFiles)
	}
	if t.in[name] {
		return fmt.Errorf("%q is a file and a folder", name)
	}
	for dir := path.Dir(name); dir != "." && !t.in[dir]; dir = path.Dir(dir) {
		if _, file := t.files[dir]; file {
			return fmt.Errorf("%q is a file and a folder", dir)
		}
		t.in[dir] = true
	}
	t.files[name] = data
	return nil
}

// merge adds the files of other under folder.
func (t *tree) merge(folder string, other *tree) error {
	for name, data := range other.files {
		if err := t.put(path.Join(folder, name), data); err != nil {
			return err
		}
	}
	return nil
}

// seal makes the folders; afterwards nothing may be put in.
func (t *tree) seal() *tree {
	t.dirs = map[string][]fs.DirEntry{".": nil}
	for name, data := range t.files {
		t.list(name, entry{name: path.Base(name), size: int64(len(data))})
	}
	for _, entries := range t.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t
}

// list puts an entry into its folder, and that one into its own if it is new.
func (t *tree) list(name string, e entry) {
	for {
		dir := path.Dir(name)
		_, known := t.dirs[dir]
		t.dirs[dir] = append(t.dirs[dir], e)
		if known {
			return
		}
		name, e = dir, entry{name: path.Base(dir), dir: true}
	}
}

// Open opens a file or a folder.
func (t *tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if entries, ok := t.dirs[name]; ok {
		return &openDir{entry: entry{name: path.Base(name), dir: true}, entries: entries}, nil
	}
	if data, ok := t.files[name]; ok {
		return &openFile{entry: entry{name: path.Base(name), size: int64(len(data))}, Reader: *bytes.NewReader(data)}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// entry is a file or a folder as it is listed. Neither has a time, and both can only be read.
type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Size() int64                { return e.size }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type openFile struct {
	entry
	bytes.Reader
}

func (f *openFile) Size() int64                { return f.entry.size }
func (f *openFile) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	entry
	entries []fs.DirEntry
	at      int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.entry, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

// ReadDir lists the folder as fs.ReadDirFile asks.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.entries[d.at:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && len(rest) > n {
		rest = rest[:n]
	}
	d.at += len(rest)
	return slices.Clone(rest), nil
}
