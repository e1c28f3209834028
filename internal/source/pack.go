package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits of a packed chart.
const (
	maxPackedBytes   = 8 << 20
	maxUnpackedBytes = 16 << 20
	maxPackedFiles   = 2000
)

// unpack reads a chart as `helm package` packs it: a gzipped tar whose files stand in one folder, which
// is named after the chart. The files come back without that folder.
func unpack(data []byte) (name string, files *tree, err error) {
	if len(data) > maxPackedBytes {
		return "", nil, fmt.Errorf("the packed chart is larger than %d MiB", maxPackedBytes>>20)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", nil, fmt.Errorf("it is not a packed chart (.tgz): %w", err)
	}
	// One byte more than may be there, so that what is too large is told from what just fits.
	limited := &io.LimitedReader{R: z, N: maxUnpackedBytes + 1}
	files = newTree()
	r := tar.NewReader(limited)
	for {
		h, err := r.Next()
		switch {
		case limited.N <= 0:
			return "", nil, fmt.Errorf("unpacked, the chart is larger than %d MiB", maxUnpackedBytes>>20)
		case errors.Is(err, io.EOF):
			return finishPack(name, files)
		case err != nil:
			return "", nil, fmt.Errorf("it is not a packed chart (.tgz): %w", err)
		}
		if name, err = unpackOne(r, h, name, files); err != nil {
			if limited.N <= 0 {
				err = fmt.Errorf("unpacked, the chart is larger than %d MiB", maxUnpackedBytes>>20)
			}
			return "", nil, err
		}
	}
}

func finishPack(name string, files *tree) (string, *tree, error) {
	if len(files.files) == 0 {
		return "", nil, errors.New("the packed chart holds no files")
	}
	return name, files, nil
}

// unpackOne takes one entry of a tar. Links and devices are refused: a chart is files.
func unpackOne(r io.Reader, h *tar.Header, name string, files *tree) (string, error) {
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return name, nil
	case tar.TypeReg:
	default:
		return name, fmt.Errorf("the packed chart holds %q, which is not a regular file", h.Name)
	}
	clean := path.Clean(h.Name)
	top, rest, nested := strings.Cut(clean, "/")
	if !nested || top == ".." || path.IsAbs(clean) || strings.Contains(h.Name, "\\") {
		return name, fmt.Errorf("the packed chart holds %q, which is not a path within the chart", h.Name)
	}
	if name != "" && top != name {
		return name, fmt.Errorf("the packed chart holds two folders, %q and %q", name, top)
	}
	if len(files.files) == maxPackedFiles {
		return name, fmt.Errorf("the packed chart holds more than %d files", maxPackedFiles)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return name, fmt.Errorf("the packed chart is cut off in %q: %w", h.Name, err)
	}
	return top, files.put(rest, data)
}
