package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Embedded is the source of the templates that are built into the portal.
type Embedded struct{ FS fs.FS }

// Name says "built in".
func (Embedded) Name() string { return "built in" }

// Every is never again.
func (Embedded) Every() time.Duration { return 0 }

// Patience is a minute.
func (Embedded) Patience() time.Duration { return time.Minute }

// Read gives the files.
func (e Embedded) Read(context.Context) (Content, error) { return Content{Files: e.FS}, nil }

// Folder is a folder on this machine. It is looked at every second; what changes in it is there as soon
// as it has stood still for a moment.
//
// Charts in it are NAME/ or NAME/VERSION/, each with its Chart.yaml, or packed as *.tgz. What begins
// with a dot is passed over, and links are not followed, except that the folder itself may be one.
type Folder struct {
	Path string

	seen string // fingerprint of what was read last
}

// Name is the folder's path.
func (f *Folder) Name() string { return f.Path }

// Every is half a second: who saves a chart wants to see it.
func (f *Folder) Every() time.Duration { return 500 * time.Millisecond }

// Patience is a minute.
func (f *Folder) Patience() time.Duration { return time.Minute }

// still is how long a folder must not change before it is read: editors and copying take a moment.
const still = 100 * time.Millisecond

// Read gives the folder's charts.
func (f *Folder) Read(ctx context.Context) (Content, error) {
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return Content{}, fmt.Errorf("the folder cannot be opened: %w", bare(err))
	}
	defer func() { _ = root.Close() }() // only read from
	now, err := fingerprint(root.FS())
	if err != nil {
		return Content{}, fmt.Errorf("the folder cannot be read: %w", bare(err))
	}
	if now == f.seen {
		return Content{}, ErrUnchanged
	}
	for before := ""; now != before; {
		before = now
		select {
		case <-time.After(still):
		case <-ctx.Done():
			return Content{}, ctx.Err()
		}
		if now, err = fingerprint(root.FS()); err != nil {
			return Content{}, fmt.Errorf("the folder cannot be read: %w", bare(err))
		}
	}
	c, err := collect(root.FS())
	if err != nil {
		return Content{}, fmt.Errorf("the folder cannot be read: %w", bare(err))
	}
	f.seen = now
	return c, nil
}

// bare leaves out of a file's error what the reader knows: the operation.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// fingerprint is a digest over names, sizes and times. A file that goes away while it is taken is
// simply not in it.
func fingerprint(fsys fs.FS) (string, error) {
	h := sha256.New()
	n := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case name == "." && err != nil:
			return err
		case err != nil:
			fmt.Fprintf(h, "%q cannot be read\n", name)
			return nil
		case name != "." && hidden(d):
			return skip(d)
		}
		if n++; n > maxTreeFiles {
			return fmt.Errorf("it holds more than %d files", maxTreeFiles)
		}
		info, err := d.Info()
		if err == nil && d.Type()&fs.ModeSymlink != 0 { // in a mounted ConfigMap only the file behind it changes
			info, err = fs.Stat(fsys, name)
		}
		if err == nil {
			fmt.Fprintf(h, "%q %v %d %d\n", name, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func hidden(d fs.DirEntry) bool { return strings.HasPrefix(d.Name(), ".") }

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// collect reads the charts of a folder into memory.
func collect(fsys fs.FS) (Content, error) {
	c := collector{fsys: fsys, files: newTree(), content: Content{Broken: map[string]error{}, Pins: map[string]string{}}}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return Content{}, err
	}
	for _, e := range entries {
		switch {
		case hidden(e):
		case e.IsDir():
			c.folder(e.Name())
		case strings.HasSuffix(e.Name(), ".tgz"):
			c.packed(e.Name())
		}
	}
	c.content.Files = c.files.seal()
	return c.content, nil
}

type collector struct {
	fsys    fs.FS
	files   *tree
	content Content
}

// folder takes NAME/, or each NAME/VERSION/ if the chart's file is only there.
func (c *collector) folder(name string) {
	if c.isChart(name) {
		c.take(name, name)
		return
	}
	versions, err := fs.ReadDir(c.fsys, name)
	if err != nil {
		c.content.Broken[name] = bare(err)
		return
	}
	found := false
	for _, v := range versions {
		if v.IsDir() && !hidden(v) && c.isChart(path.Join(name, v.Name())) {
			found = true
			c.take(path.Join(name, v.Name()), folderFor(name, v.Name()))
		}
	}
	if !found {
		c.content.Broken[name] = errors.New("there is no Chart.yaml in the folder, nor in a folder for each version in it")
	}
}

func (c *collector) isChart(folder string) bool {
	_, err := fs.Stat(c.fsys, path.Join(folder, "Chart.yaml"))
	return err == nil
}

// take reads the files of one chart. What is wrong with them breaks this chart alone.
func (c *collector) take(from, as string) {
	chart := newTree()
	err := fs.WalkDir(c.fsys, from, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != from && hidden(d) && !strings.HasPrefix(d.Name(), ".helm"):
			return skip(d)
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file", name)
		case len(chart.files) == maxPackedFiles:
			return fmt.Errorf("it holds more than %d files", maxPackedFiles)
		}
		data, err := readLimited(c.fsys, name, maxUnpackedBytes-chart.bytes)
		if err != nil {
			return err
		}
		return chart.put(strings.TrimPrefix(name, from+"/"), data)
	})
	c.add(as, chart, err)
}

func (c *collector) packed(file string) {
	folder := strings.TrimSuffix(file, ".tgz")
	data, err := readLimited(c.fsys, file, maxPackedBytes)
	if err != nil {
		c.content.Broken[folder] = bare(err)
		return
	}
	_, chart, err := unpack(data)
	c.add(folder, chart, err)
}

func (c *collector) add(folder string, chart *tree, err error) {
	if err == nil {
		err = c.files.merge(folder, chart)
	}
	if err != nil {
		c.content.Broken[folder] = bare(err)
		return
	}
	c.content.Pins[folder] = chart.digest()
}

func readLimited(fsys fs.FS, name string, limit int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(data) > limit {
		err = fmt.Errorf("with %s it is larger than %d MiB", name, max(limit>>20, 1))
	}
	return data, err
}

// digest is the digest of the files of a folder of a tree: over each path and content, in order.
func (t *tree) digest() string {
	h := sha256.New()
	names := make([]string, 0, len(t.files))
	for name := range t.files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%q %d\n", name, len(t.files[name]))
		h.Write(t.files[name])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
