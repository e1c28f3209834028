package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Genesis is the Prev of the first entry.
var Genesis = strings.Repeat("0", sha256.Size*2)

// entryVersion is the first thing in the canonical form. It changes whenever the form does.
const entryVersion = "slipway audit entry v1"

// Canonical is the form of an entry that is hashed: every field but Hash, in the order below. A text
// is preceded by its length in bytes; lengths and numbers are 8 bytes, most significant first; a time
// is its seconds since 1970 and its nanoseconds; a boolean is the number 0 or 1. So no two
// different entries have the same form, and one can be checked without this program.
func (e Entry) Canonical() []byte {
	b := make(canonical, 0, 1024)
	b.text(entryVersion)
	b.number(e.Seq)
	b.number(e.Time.Unix())
	b.number(int64(e.Time.Nanosecond()))
	b.text(e.Actor.Issuer)
	b.text(e.Actor.Subject)
	b.text(e.Actor.Name)
	b.text(e.Actor.Email)
	b.boolean(e.Actor.Portal)
	b.text(string(e.Action))
	b.text(string(e.Outcome))
	b.text(e.Target.Team)
	b.text(e.Target.Environment)
	b.text(e.Application)
	b.number(e.Change)
	b.text(e.Object)
	b.text(e.Digest)
	b.text(e.RanAs)
	b.text(e.Detail)
	b.text(e.Request.ID)
	b.text(e.Request.RemoteIP)
	b.text(e.Request.UserAgent)
	b.text(e.Prev)
	return b
}

type canonical []byte

func (b *canonical) number(n int64) { *b = binary.BigEndian.AppendUint64(*b, uint64(n)) }

func (b *canonical) text(s string) {
	b.number(int64(len(s)))
	*b = append(*b, s...)
}

func (b *canonical) boolean(v bool) {
	if v {
		b.number(1)
		return
	}
	b.number(0)
}

// sum is what Hash should be.
func (e Entry) sum() string {
	h := sha256.Sum256(e.Canonical())
	return hex.EncodeToString(h[:])
}

// Seal makes e the entry after the one whose hash is prev (Genesis for the first). It brings the
// fields within their limits first (see Tidy), so what it returns is what must be stored. Seq and
// Time have to be set.
func Seal(prev string, e Entry) Entry {
	e = Tidy(e)
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	e.Prev = prev
	e.Hash = e.sum()
	return e
}

// BrokenLink says where a chain is not as it was written.
type BrokenLink struct {
	Seq    int64
	Reason string // a sentence without its full stop, such as "entry 7 is not as it was written"
}

// Error is the reason.
func (b *BrokenLink) Error() string { return "audit: " + b.Reason }

// Run is a part of the log without gaps, in which every entry is proved to follow the one before it.
type Run struct{ First, Last int64 }

// Verifier checks entries one by one, in their order, in constant memory. Its zero value is ready
// for an export, which may begin anywhere and may have gaps where a filter left entries out.
type Verifier struct {
	// Whole demands the whole log: entry 1 first, and no gaps.
	Whole bool

	count       int
	first, last Entry
	run         Run
	runs        int
	longest     Run
}

// Add checks that e is as it was written, and that it follows the entry before it. It returns a
// *BrokenLink if not, and goes on from e with the next call.
func (v *Verifier) Add(e Entry) error {
	err := v.check(e)
	if v.count == 0 {
		v.first = e
	}
	follows := v.count > 0 && e.Seq == v.last.Seq+1 && e.Prev == v.last.Hash
	if !follows {
		v.run = Run{First: e.Seq}
		v.runs++
	}
	v.run.Last = e.Seq
	if v.run.Last-v.run.First > v.longest.Last-v.longest.First || v.runs == 1 {
		v.longest = v.run
	}
	v.count++
	v.last = e
	return err
}

func (v *Verifier) check(e Entry) error {
	broken := func(format string, args ...any) error {
		return &BrokenLink{Seq: e.Seq, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case e.Hash != e.sum():
		return broken("entry %d is not as it was written", e.Seq)
	case e.Seq < 1:
		return broken("an entry has the number %d; the first is 1", e.Seq)
	case (e.Seq == 1) != (e.Prev == Genesis):
		return broken("entry %d does not begin the log as the first one does", e.Seq)
	case v.count == 0 && v.Whole && e.Seq != 1:
		return broken("the log begins with entry %d; what was before it is missing", e.Seq)
	case v.count == 0:
		return nil
	case e.Seq <= v.last.Seq:
		return broken("entry %d comes after entry %d", e.Seq, v.last.Seq)
	case e.Seq == v.last.Seq+1 && e.Prev != v.last.Hash:
		return broken("entry %d does not follow entry %d: one of the two was put in later", e.Seq, v.last.Seq)
	case e.Seq > v.last.Seq+1 && v.Whole:
		return broken("between entry %d and entry %d, %d are missing", v.last.Seq, e.Seq, e.Seq-v.last.Seq-1)
	}
	return nil
}
