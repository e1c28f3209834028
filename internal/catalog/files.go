package catalog

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

// fileReader collects a chart's files within the limits of a chart as a whole, packed dependencies
// included: their size is that of what is in them.
type fileReader struct {
	files []*archive.BufferedFile
	total int
}

// readFiles reads all files of a chart.
func readFiles(fsys fs.FS) ([]*archive.BufferedFile, error) {
	r := &fileReader{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		err = r.add(name, f, 0)
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("the chart cannot be read: %w", err)
	}
	return r.files, nil
}

// add reads one file; a packed chart within charts/ is unpacked, so that nobody else does it unbounded.
func (r *fileReader) add(name string, f io.Reader, depth int) error {
	if len(r.files) == maxChartFiles {
		return tooMuch("a chart", maxChartFiles, "files")
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(maxChartBytes-r.total)+1))
	if err != nil {
		return err
	}
	if r.total += len(data); r.total > maxChartBytes {
		return tooMuch("a chart", maxChartBytes, "bytes")
	}
	if dir := path.Dir(name); path.Base(dir) == "charts" && strings.HasSuffix(name, ".tgz") {
		if err := r.unpack(dir, data, depth+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	r.files = append(r.files, &archive.BufferedFile{Name: name, Data: data})
	return nil
}

// unpack adds the files of a chart as "helm package" packs it: all in one folder, named after the chart.
func (r *fileReader) unpack(dir string, data []byte, depth int) error {
	if depth > 5 {
		return errors.New("charts are packed within charts too deeply")
	}
	zipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("it is no packed chart: %w", err)
	}
	// What stands between the files, which add does not count, has an end too.
	for t := tar.NewReader(io.LimitReader(zipped, 2*maxChartBytes)); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is no packed chart, or too large: %w", err)
		}
		name := path.Clean(h.Name)
		switch {
		case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader:
			continue
		case h.Typeflag != tar.TypeReg:
			return fmt.Errorf("%s is not a regular file", name)
		case !fs.ValidPath(name) || !strings.Contains(name, "/"):
			return fmt.Errorf("%s is not inside a chart's folder", name)
		}
		if err := r.add(path.Join(dir, name), t, depth); err != nil {
			return err
		}
	}
}
