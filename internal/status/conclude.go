package status

import (
	"cmp"
	"fmt"
	"slices"

	"slipway.dev/slipway/internal/manifest"
)

// conclude is the verdict on the whole application. It rests on the workloads; of what stands around
// them only a failure counts, and an application without workloads is as well as its objects.
func conclude(s Snapshot, works []*workload) (Word, string) {
	switch {
	case len(s.Tree) == 0 && !s.Synced:
		return Unknown, "Not seen yet"
	case len(s.Tree) == 0:
		return Unknown, "Nothing of it is in the cluster"
	}
	if slices.ContainsFunc(s.Wrong, func(w Wrong) bool { return w.Word == Failed && !isWorkload(w.Ref, works) }) &&
		!slices.ContainsFunc(works, func(w *workload) bool { return w.word == Failed }) {
		i := slices.IndexFunc(s.Wrong, func(w Wrong) bool { return w.Word == Failed })
		return Failed, fmt.Sprintf("%s %s", s.Wrong[i].Ref, s.Wrong[i].Title)
	}
	if len(works) == 0 {
		return concludeObjects(s)
	}
	return concludeWorkloads(s, works)
}

func concludeWorkloads(s Snapshot, works []*workload) (Word, string) {
	word := worstOf(works)
	var of []*workload
	for _, w := range works {
		if w.word == word {
			of = append(of, w)
		}
	}
	n, all := int32(len(of)), int32(len(works))
	some := fmt.Sprintf("%d of %s", n, times(all, "workload"))
	switch word {
	case Failed:
		if all == 1 {
			return word, sentence(of[0].reason)
		}
		return word, some + " failed"
	case Unknown:
		if all == 1 {
			return word, sentence(cmp.Or(of[0].reason, "not seen"))
		}
		return word, some + " not seen"
	case Progressing:
		if n == 1 {
			return word, sentence(of[0].reason)
		}
		return word, some + " on their way"
	case Pending:
		if n == 1 {
			return word, sentence(of[0].reason)
		}
		return word, some + " wait"
	case Paused:
		return word, "No pods on purpose"
	}
	return word, allReady(s, works)
}

// worstOf is the worst word of the workloads. Those that are paused on purpose count only when all are.
func worstOf(works []*workload) Word {
	word, running := Ready, false
	for _, w := range works {
		if w.word == Paused {
			continue
		}
		running = true
		word = Worse(word, w.word)
	}
	if !running {
		return Paused
	}
	return word
}

// allReady is the sentence of an application of which nothing is wrong.
func allReady(s Snapshot, works []*workload) string {
	paused := int32(0)
	for _, w := range works {
		if w.word == Paused {
			paused++
		}
	}
	text := fmt.Sprintf("All %d pods are ready", s.PodsReady)
	switch {
	case s.PodsWant == 0 && len(works) == 1:
		text = sentence(cmp.Or(works[0].reason, "ready"))
	case s.PodsWant == 0:
		text = fmt.Sprintf("All %d workloads are ready", int32(len(works))-paused)
	case s.PodsWant == 1:
		text = "Its pod is ready"
	}
	if paused > 0 {
		text += fmt.Sprintf(", %s %s paused", times(paused, "workload"), are(paused))
	}
	return text
}

// concludeObjects is the verdict on an application that runs nothing.
func concludeObjects(s Snapshot) (Word, string) {
	word, n := Ready, int32(0)
	var visit func([]Node)
	visit = func(nodes []Node) {
		for _, node := range nodes {
			word = Worse(word, node.Word)
			visit(node.Children)
		}
	}
	visit(s.Tree)
	if word == Ready {
		if s.Objects == 1 {
			return word, "Its object is there"
		}
		return word, fmt.Sprintf("All %d objects are there", s.Objects)
	}
	visit = func(nodes []Node) {
		for _, node := range nodes {
			if node.Word == word && node.Ref.Kind != "" {
				n++
			}
			visit(node.Children)
		}
	}
	visit(s.Tree)
	return word, fmt.Sprintf("%d of %s %s %s", n, times(int32(s.Objects), "object"), are(n), word)
}

func isWorkload(r manifest.Ref, works []*workload) bool {
	return slices.ContainsFunc(works, func(w *workload) bool { return w.ref.Same(r) })
}

// wrongs are the causes of what is wrong with a workload, with what it means for those who use it.
func (w *workload) wrongs() []Wrong {
	_, serving := w.former()
	for i := range w.causes {
		c := &w.causes[i]
		switch {
		case w.ref.Kind == "Job" || w.ref.Kind == "CronJob" || w.ref.Kind == "Pod":
		case serving > 0:
			c.Sentence += fmt.Sprintf(" Meanwhile %s of the former version %s.", times(serving, "pod"), serve(serving))
		case w.ready > 0:
			c.Sentence += fmt.Sprintf(" Meanwhile %s %s.", times(w.ready, "pod"), serve(w.ready))
		default:
			c.Sentence += " No pod of it is ready."
		}
	}
	return w.causes
}

// wrongAround is what is not right with objects that are no workloads.
func (l *look) wrongAround() []Wrong {
	var all []Wrong
	for u, v := range l.around {
		if v.wrong == nil || v.word != Failed && v.word != Pending {
			continue
		}
		all = append(all, Wrong{Word: v.word, Ref: manifest.RefIn(u, l.home), Title: plain(v.wrong.title), Sentence: v.wrong.sentence,
			Said: v.wrong.said, Since: cmp.Or(v.wrong.since, u.GetCreationTimestamp().Time)})
	}
	return all
}

// sortWrong puts the worst first, then what is wrong for longest.
func sortWrong(all []Wrong) {
	slices.SortFunc(all, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(Rank(a.Word), Rank(b.Word)), a.Since.Compare(b.Since),
			cmp.Compare(a.Ref.Name, b.Ref.Name), cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Title, b.Title))
	})
}

// sentence begins a clause with a capital letter. One that begins with a name is left as it is.
func sentence(clause string) string {
	if clause == "" || clause[0] < 'a' || clause[0] > 'z' {
		return plain(clause)
	}
	return plain(string(clause[0]-'a'+'A') + clause[1:])
}
