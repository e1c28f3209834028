package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// Limits of what a Git server sends. The pack itself is limited by the client, see maxBody.
const (
	maxPackObjects = 50_000
	maxInflated    = 128 << 20 // of all objects together, unpacked
)

// objects are what a pack holds, by hash. Each is what its hash says, since the hash was computed here.
type objects map[plumbing.Hash]gitObject

type gitObject struct {
	kind plumbing.ObjectType
	data []byte
}

// readPack reads a pack (gitformat-pack) into memory within limits. The library's own reader has none:
// a few bytes of a pack can stand for any number when they are unpacked.
func readPack(r io.Reader) (objects, error) {
	s := packfile.NewScanner(r)
	_, n, err := s.Header()
	if err != nil {
		return nil, fmt.Errorf("what it sent is no pack: %w", err)
	}
	if n > maxPackObjects {
		return nil, fmt.Errorf("it sends more than %d objects", maxPackObjects)
	}
	p := &packReader{all: objects{}, at: map[int64]gitObject{}, left: maxInflated}
	for range n {
		h, err := s.NextObjectHeader()
		if err != nil {
			return nil, fmt.Errorf("what it sent is no pack: %w", err)
		}
		buf := &limitedBuffer{left: p.left}
		if _, _, err := s.NextObject(buf); err != nil {
			return nil, fmt.Errorf("what it sent is no pack: %w", err)
		}
		if err := p.take(h, buf.Bytes()); err != nil {
			return nil, err
		}
	}
	return p.all, nil
}

type packReader struct {
	all  objects
	at   map[int64]gitObject // by where it stands in the pack, for deltas
	left int
}

// take keeps an object, after its delta is resolved. A base must stand before what rests on it, as it
// does in what servers send.
func (p *packReader) take(h *packfile.ObjectHeader, data []byte) error {
	p.left -= len(data)
	o := gitObject{h.Type, data}
	if h.Type.IsDelta() {
		base := p.at[h.OffsetReference]
		if h.Type == plumbing.REFDeltaObject {
			base = p.all[h.Reference]
		}
		if base.data == nil {
			return errors.New("its pack holds a difference without what it differs from")
		}
		if size := targetSize(data); size > p.left {
			return errInflated
		}
		full, err := packfile.PatchDelta(base.data, data)
		if err != nil {
			return fmt.Errorf("its pack is damaged: %w", err)
		}
		p.left -= len(full)
		o = gitObject{base.kind, full}
	}
	if p.left < 0 {
		return errInflated
	}
	if o.data == nil {
		o.data = []byte{}
	}
	p.at[h.Offset] = o
	p.all[plumbing.ComputeHash(o.kind, o.data)] = o
	return nil
}

var errInflated = fmt.Errorf("unpacked, it is larger than %d MiB", maxInflated>>20)

// targetSize is the size that a delta announces: its second number (gitformat-pack, "Deltified
// representation"). What is no number is as large as can be.
func targetSize(delta []byte) int {
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return maxInflated + 1
	}
	size, n := binary.Uvarint(delta[n:])
	if n <= 0 || size > maxInflated {
		return maxInflated + 1
	}
	return int(size)
}

// limitedBuffer fails when more is written than it may hold, which ends the unpacking.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errInflated
	}
	return b.Buffer.Write(p)
}

// treeOf gives the tree of a commit.
func (o objects) treeOf(commit plumbing.Hash) (plumbing.Hash, error) {
	c, ok := o[commit]
	if !ok || c.kind != plumbing.CommitObject {
		return plumbing.ZeroHash, errors.New("it did not send the commit that was asked for")
	}
	line, _, _ := bytes.Cut(c.data, []byte("\n"))
	hex, ok := bytes.CutPrefix(line, []byte("tree "))
	if !ok || !plumbing.IsHash(string(hex)) {
		return plumbing.ZeroHash, errors.New("its commit names no tree")
	}
	return plumbing.NewHash(string(hex)), nil
}

// gitEntry is one line of a tree.
type gitEntry struct {
	name string
	mode string // "40000" a folder, "100644" and "100755" files, "120000" a link, "160000" another repository
	hash plumbing.Hash
}

// entries reads a tree: mode, space, name, NUL, twenty bytes of hash.
func (o objects) entries(tree plumbing.Hash) ([]gitEntry, error) {
	t, ok := o[tree]
	if !ok || t.kind != plumbing.TreeObject {
		return nil, errors.New("it did not send all folders of the commit")
	}
	var out []gitEntry
	for rest := t.data; len(rest) > 0; {
		head, after, ok := bytes.Cut(rest, []byte{0})
		mode, name, split := bytes.Cut(head, []byte(" "))
		if !ok || !split || len(after) < len(plumbing.ZeroHash) {
			return nil, errors.New("one of its folders is damaged")
		}
		e := gitEntry{name: string(name), mode: string(mode)}
		copy(e.hash[:], after)
		out = append(out, e)
		rest = after[len(e.hash):]
	}
	return out, nil
}
