package status

import (
	"cmp"
	"slices"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// Input is all that Evaluate needs to know about an application.
type Input struct {
	Key    Key
	Now    time.Time
	Synced bool      // see Snapshot.Synced
	Since  time.Time // see Snapshot.Since
	// Objects are the application's live objects, with its ReplicaSets, Pods, Jobs and EndpointSlices.
	// They are only read.
	Objects []manifest.Object
	Events  []Event // about those objects, in any order
	// Expected are the objects that the application is to have and that would be among Objects if they were
	// there: Refs of a Record that is settled, of kinds that have been listed.
	Expected []manifest.Ref
	Applied  time.Time // when what is expected was applied
	Unseen   []Unseen  // what else it is to have
}

// maxEvents is how many events a Snapshot keeps.
const maxEvents = 50

// Evaluate says how the application is doing. It is pure: the same Input gives the same Snapshot, and
// nothing in it is kept or changed.
func Evaluate(in Input) Snapshot {
	l := newLook(in)
	works, rest := l.sort(in.Objects)
	for _, w := range works {
		w.judge(l)
	}
	gone, lost := l.absent(in)
	shared := l.place(works, rest, lost)

	s := Snapshot{
		Key: in.Key, At: in.Now, Synced: in.Synced, Since: in.Since,
		Hosts:  hosts(in.Objects),
		Unseen: in.Unseen,
		Events: newest(in.Events),
		Pods:   members(in.Objects),
	}
	for _, w := range works {
		s.Tree = append(s.Tree, w.node(l))
		s.Wrong = append(s.Wrong, w.wrongs()...)
		if r, ok := w.rollout(); ok {
			s.Rollouts = append(s.Rollouts, r)
		}
		s.PodsReady += w.ready
		s.PodsWant += max(w.want, 0)
	}
	s.Workloads = overviews(works, in.Objects)
	s.Wrong = append(append(s.Wrong, l.wrongAround()...), l.wrongAbsent(in)...)
	s.Tree = append(sortNodes(append(s.Tree, gone...)), shared...)
	sortWrong(s.Wrong)
	slices.SortFunc(s.Rollouts, func(a, b Rollout) int { return cmp.Compare(a.Ref.Name, b.Ref.Name) })
	s.Objects = count(s.Tree)
	s.Verdict, s.Sentence = conclude(s, works)
	s.Due = l.due
	return s
}

// look is one evaluation: the moment, what was reported, and which objects own which.
type look struct {
	now    time.Time
	home   string // the application's namespace
	due    time.Time
	events map[string][]Event // by kind and name, newest first
	owned  map[string][]manifest.Object
	slices map[string][]manifest.Object // EndpointSlices by Service
	around map[manifest.Object]verdict  // what was judged outside the workloads
}

func newLook(in Input) *look {
	l := &look{
		now:    in.Now,
		home:   in.Key.Namespace,
		events: map[string][]Event{},
		owned:  map[string][]manifest.Object{},
		slices: map[string][]manifest.Object{},
		around: map[manifest.Object]verdict{},
	}
	for _, e := range newest(in.Events) {
		k := e.Object.Kind + "/" + e.Object.Name
		l.events[k] = append(l.events[k], e)
	}
	return l
}

// warnings are what was reported about an object for that reason, newest first.
func (l *look) warnings(kind, name, reason string) []Event {
	var found []Event
	for _, e := range l.events[kind+"/"+name] {
		if e.Reason == reason {
			found = append(found, e)
		}
	}
	return found
}

// until tells whether t is still to come, and remembers that the verdict may change then.
func (l *look) until(t time.Time) bool {
	if !l.now.Before(t) {
		return false
	}
	if l.due.IsZero() || t.Before(l.due) {
		l.due = t
	}
	return true
}

// newest are the events, newest first, at most maxEvents.
func newest(events []Event) []Event {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b Event) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Object.Name, b.Object.Name), cmp.Compare(a.Reason, b.Reason))
	})
	return sorted[:min(len(sorted), maxEvents)]
}

// sortNodes puts the worst first, then by name.
func sortNodes(nodes []Node) []Node {
	slices.SortStableFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(Rank(a.Word), Rank(b.Word)), cmp.Compare(a.Ref.Name, b.Ref.Name), cmp.Compare(a.Ref.Kind, b.Ref.Kind))
	})
	return nodes
}

// count is how many objects stand in the tree. The head of the shared ones is none.
func count(nodes []Node) int {
	n := 0
	for _, node := range nodes {
		if node.Ref.Kind != "" {
			n++
		}
		n += count(node.Children)
	}
	return n
}
