package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
)

// digestVersion is the first thing that goes into a digest. It changes whenever the encoding does, so
// that a digest of the old form can never be taken for one of the new.
const digestVersion = "slipway plan digest v3"

// Decision is what a person decided about a field that somebody else owns.
type Decision struct {
	Ref     Ref
	Field   string // dotted path
	Manager string // the owner that was shown
	Take    bool   // true: the field becomes ours; false: it is left
}

// DigestInput is all that a plan rests on: what is sent to the cluster, and what was seen there.
type DigestInput struct {
	Cluster, Namespace string
	Template, Version  string // the template's name and version
	Rendered           []byte // the bytes that are applied
	Prune              []Ref  // what is deleted, in any order
	Objects            []DryRun
	Decisions          []Decision // in any order
}

// NewDigest is the SHA-256 of in: of every part, and for each object its operation, the UID of the live one that is
// changed or deleted, and the fields that change, with what they are now. Other texts of a DryRun, such as warnings
// and times, are not part of it, because they say nothing about what would happen.
//
// Every text and every number of things is preceded by its length as 8 bytes, most significant
// first, so that no two different inputs have the same encoding.
func NewDigest(in DigestInput) Digest {
	d := digester{h: sha256.New()}
	d.text(digestVersion)
	d.text(in.Cluster)
	d.text(in.Namespace)
	d.text(in.Template)
	d.text(in.Version)
	d.text(string(in.Rendered))
	d.prune(in.Prune)
	d.objects(in.Objects)
	d.decisions(in.Decisions)
	return Digest(hex.EncodeToString(d.h.Sum(nil)))
}

type digester struct{ h hash.Hash }

// The methods ignore what Write returns: a hash never fails to take bytes (see hash.Hash).

func (d digester) number(n int) {
	_, _ = d.h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func (d digester) text(s string) {
	d.number(len(s))
	_, _ = d.h.Write([]byte(s))
}

func (d digester) ref(r Ref) {
	d.text(r.Group)
	d.text(r.Version)
	d.text(r.Kind)
	d.text(r.Name)
	d.text(r.Namespace)
}

func (d digester) prune(refs []Ref) {
	refs = slices.Clone(refs)
	slices.SortFunc(refs, compareRefs)
	d.number(len(refs))
	for _, r := range refs {
		d.ref(r)
	}
}

func (d digester) objects(objects []DryRun) {
	objects = slices.Clone(objects)
	slices.SortStableFunc(objects, func(a, b DryRun) int { return compareRefs(a.Ref, b.Ref) })
	d.number(len(objects))
	for _, o := range objects {
		d.ref(o.Ref)
		d.text(string(o.Op))
		d.text(uidOf(o))
		d.number(len(o.Fields))
		for _, f := range o.Fields {
			d.text(f.Path)
			d.text(string(f.Op))
			d.text(f.From)
		}
	}
}

// uidOf is the UID that what happens to an object rests on.
func uidOf(o DryRun) string {
	if o.Op == Change || o.Op == Delete {
		return o.UID
	}
	return ""
}

func (d digester) decisions(ds []Decision) {
	ds = slices.Clone(ds)
	slices.SortFunc(ds, func(a, b Decision) int {
		return cmp.Or(compareRefs(a.Ref, b.Ref), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Manager, b.Manager))
	})
	d.number(len(ds))
	for _, x := range ds {
		d.ref(x.Ref)
		d.text(x.Field)
		d.text(x.Manager)
		take := 0
		if x.Take {
			take = 1
		}
		d.number(take)
	}
}

func compareRefs(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
