package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// Record is what the portal has written down of an application: what it is to have, as against what is
// there.
type Record struct {
	Refs []manifest.Ref // seen from the application's namespace
	// Applied is when its current revision was applied.
	Applied time.Time
	// Settled tells that the last attempt to apply something came to a good end. Otherwise some of Refs may
	// not be there yet, or not any more, and nothing is wrong with that.
	Settled bool
}

// Unseen is an object that the application is to have and that cannot be looked at.
type Unseen struct {
	Ref manifest.Ref
	Why Blindness
}

// Blindness is why an object cannot be looked at.
type Blindness string

// The reasons.
const (
	NotAllowed Blindness = "not allowed"  // the portal's own account may not read its kind there
	NoSuchKind Blindness = "no such kind" // the cluster does not have its kind in that version
	NotListed  Blindness = "not listed"   // it was asked for, and there was no answer yet, or not a good one
)

// appearsWithin is how long after it was applied an object may be missing before it counts as gone: the
// news that it is there takes its way through a watch.
const appearsWithin = 10 * time.Second

// vanishes tells kinds whose objects go by themselves when they are done.
func vanishes(kind string) bool { return kind == "Job" || kind == "Pod" }

// Lacks tells whether something is expected that is not there.
func (in Input) Lacks() bool { return len(in.lacking()) > 0 }

func (in Input) lacking() []manifest.Ref {
	if len(in.Expected) == 0 {
		return nil
	}
	here := map[manifest.Ref]bool{}
	for _, u := range in.Objects {
		here[unversioned(manifest.RefIn(u, in.Key.Namespace))] = true
	}
	var out []manifest.Ref
	for _, r := range in.Expected {
		if !here[unversioned(r)] && !vanishes(r.Kind) {
			out = append(out, r)
		}
	}
	return out
}

// missing are the expected objects that are not there, workloads first, then by name.
func (l *look) missing(in Input) []manifest.Ref {
	out := in.lacking()
	if len(out) > 0 && l.until(in.Applied.Add(appearsWithin)) {
		return nil
	}
	slices.SortFunc(out, func(a, b manifest.Ref) int {
		return cmp.Or(cmp.Compare(Bit(!runsPods(a.Kind)), Bit(!runsPods(b.Kind))), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace))
	})
	return out
}

func unversioned(r manifest.Ref) manifest.Ref {
	r.Version = ""
	return r
}

// absent are the nodes of what is not there or cannot be seen: the workloads, which stand for themselves,
// and the rest.
func (l *look) absent(in Input) (works, rest []Node) {
	add := func(r manifest.Ref, v verdict) {
		n := Node{Ref: r, Word: v.word, Reason: v.reason, Want: -1}
		if r.Namespace != "" {
			n.Note = "in namespace " + r.Namespace
		}
		if runsPods(r.Kind) {
			works = append(works, n)
		} else {
			rest = append(rest, n)
		}
	}
	for _, r := range l.missing(in) {
		add(r, verdict{word: Failed, reason: "is not in the cluster"})
	}
	for _, u := range in.Unseen {
		switch u.Why {
		case NoSuchKind:
			add(u.Ref, verdict{word: Failed, reason: "the cluster does not have its kind"})
		case NotAllowed:
			add(u.Ref, verdict{word: Unknown, reason: "Slipway may not look at it"})
		default:
			add(u.Ref, verdict{word: Unknown, reason: "not seen yet"})
		}
	}
	return works, rest
}

// wrongAbsent says what is wrong when something that was applied is not there.
func (l *look) wrongAbsent(in Input) []Wrong {
	var all []Wrong
	if gone := l.missing(in); len(gone) > 0 {
		w := Wrong{Word: Failed, Ref: gone[0], Title: "is not in the cluster",
			Sentence: "It was applied, and somebody has deleted it since, or taken the label `slipway.dev/app` off it. A new version with the same inputs makes it again; its plan shows what that would be."}
		if n := int32(len(gone) - 1); n > 0 {
			w.Title = fmt.Sprintf("and %s are not in the cluster", times(n, "more object"))
			w.Sentence = "They were applied, and somebody has deleted them since, or taken the label `slipway.dev/app` off them. A new version with the same inputs makes them again; its plan shows what that would be."
		}
		all = append(all, w)
	}
	for _, u := range in.Unseen {
		if u.Why == NoSuchKind {
			all = append(all, Wrong{Word: Failed, Ref: u.Ref, Title: "is of a kind that the cluster does not have",
				Sentence: fmt.Sprintf("It was applied as %s of `%s`, which is not installed any more, or no longer in this version. Whoever runs the cluster can bring it back.", withArticle(u.Ref.Kind), apiVersion(u.Ref))})
		}
	}
	return all
}

func apiVersion(r manifest.Ref) string { return r.GVK().GroupVersion().String() }

// withArticle is "an Ingress", "a Service".
func withArticle(kind string) string {
	if kind != "" && slices.Contains([]byte("AEIO"), kind[0]) {
		return "an " + kind
	}
	return "a " + kind
}
