package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// wordClass is the look of a status: icon and colour come with it.
func wordClass(w status.Word) string {
	if w == "" {
		w = status.Unknown
	}
	return "st st-" + string(w)
}

// stateClass is the look of a change's state.
func stateClass(s change.State) string {
	switch s {
	case change.Pending:
		return "st st-pending"
	case change.Approved:
		return "st st-ready st-approved"
	case change.Applying:
		return "st st-progressing"
	case change.Applied:
		return "st st-ready"
	case change.Failed:
		return "st st-failed"
	case change.Stale:
		return "st st-drifted st-stale"
	case change.Rejected:
		return "st st-refused"
	case change.Withdrawn:
		return "st st-paused st-withdrawn"
	}
	return "st st-none"
}

// stateWord is a change's state for people.
func stateWord(c change.Change) string {
	switch c.State {
	case change.Pending:
		return "waits for approval"
	case change.Approved:
		return "approved, to be applied"
	case change.Applying:
		if done, all := progress(c.Outcomes); all > 0 {
			return "applying, " + thousands(int64(done)) + " of " + thousands(int64(all))
		}
		return "applying"
	case change.Failed:
		return "failed, can be resumed"
	}
	return string(c.State)
}

// progress is how many objects are done, of how many.
func progress(outcomes []manifest.Outcome) (done, all int) {
	for _, o := range outcomes {
		if o.State == manifest.Succeeded {
			done++
		}
	}
	return done, len(outcomes)
}

// verdictWord is what the pill of an application says.
func verdictWord(s status.Snapshot) string {
	switch {
	case computing(s):
		return "computing…"
	case s.Sentence != "":
		return s.Sentence
	}
	return string(s.Verdict)
}

// computing tells whether nothing was seen yet, so that there is nothing to show, not even old things.
func computing(s status.Snapshot) bool { return s.At.IsZero() || !s.Synced && s.Objects == 0 }

// verdictClass is the look of the pill.
func verdictClass(s status.Snapshot) string {
	if computing(s) {
		return "st st-progressing pill"
	}
	return wordClass(s.Verdict) + " pill"
}

// old tells whether what is shown may no longer be so, because the watch is cut.
func old(s status.Snapshot) bool { return !s.Synced && !computing(s) }

// notAllowed says which kinds cannot be shown because the portal has no right to read them.
func notAllowed(d LiveData) []string {
	var out []string
	for _, u := range d.Snapshot.Unseen {
		if u.Why != status.NotAllowed {
			continue
		}
		where := cmp.Or(u.Ref.Namespace, d.App.Place.Namespace)
		s := fmt.Sprintf("How objects of the kind %s (`%s`) do is not known: Slipway's own account may not list and watch them in the namespace `%s`. Whoever runs Slipway can give it that right.", u.Ref.Kind, u.Ref.Group, where)
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// nodeID is where an object stands in the tree.
func nodeID(r manifest.Ref) string { return "n-" + strings.ToLower(r.Kind) + "-" + r.Name }

// unfolded tells whether a node shows what it owns from the start: in small applications all do, else
// those where something is not right.
func unfolded(n status.Node, objects int) bool { return objects <= 16 || n.Word != status.Ready }

// readyOf is "2 / 3", or nothing for what has no number.
func readyOf(n status.Node) string {
	if n.Want < 0 {
		return ""
	}
	return thousands(int64(n.Ready)) + " / " + thousands(int64(n.Want))
}

// flat are the nodes of a tree as a list, worst first, in the tree's order otherwise.
func flat(tree []status.Node) []status.Node {
	var all []status.Node
	var walk func(nodes []status.Node)
	walk = func(nodes []status.Node) {
		for _, n := range nodes {
			all = append(all, n)
			walk(n.Children)
		}
	}
	walk(tree)
	var out []status.Node
	for _, w := range wordOrder {
		for _, n := range all {
			if n.Word == w {
				out = append(out, n)
			}
		}
	}
	return out
}

// wordOrder is the order of need.
var wordOrder = []status.Word{status.Failed, status.Unknown, status.Progressing, status.Pending, status.Paused, status.Ready}

// podBlocks are at most 20 blocks of a rollout; more are said in numbers only.
func podBlocks(pods []status.PodState) []status.PodState {
	if len(pods) > 20 {
		return nil
	}
	return pods
}

// podWords are the same pods in words: "1 ready, 1 starting".
func podWords(pods []status.PodState) string {
	var said []string
	for _, s := range []status.PodState{status.PodReady, status.PodStarting, status.PodFailed, status.PodToCome, status.PodOld} {
		n := 0
		for _, p := range pods {
			if p == s {
				n++
			}
		}
		if n > 0 {
			said = append(said, thousands(int64(n))+" "+podWord(s))
		}
	}
	if len(said) == 0 {
		return "none"
	}
	return strings.Join(said, ", ")
}

func podWord(s status.PodState) string {
	switch s {
	case status.PodToCome:
		return "to come"
	case status.PodOld:
		return "still running"
	}
	return string(s)
}

// shortImage is what differs between two versions of an image: its tag or digest.
func shortImage(image string) string {
	if _, digest, ok := strings.Cut(image, "@"); ok {
		return digest
	}
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[i+1:]
	}
	return image
}

// rolloutWord is failed once the rollout's workload is: it does not get there by itself any more.
func rolloutWord(s status.Snapshot, r status.Rollout) status.Word {
	for _, w := range s.Wrong {
		if w.Word == status.Failed && w.Ref.Same(r.Ref) {
			return status.Failed
		}
	}
	return status.Progressing
}

// rolloutVerb stands between a workload's name and the version.
func rolloutVerb(s status.Snapshot, r status.Rollout) string {
	if rolloutWord(s, r) == status.Failed {
		return "does not get to"
	}
	return "is rolling out"
}

// rolloutTime says how long a rollout has taken, and how long the cluster bears no progress while that
// is still to come.
func rolloutTime(now time.Time, s status.Snapshot, r status.Rollout) string {
	said := "for " + since(now, r.Since)
	if r.Deadline > now.Sub(r.Since) && rolloutWord(s, r) != status.Failed {
		said += ", counts as failed after " + span(r.Deadline) + " without progress"
	}
	return said
}

// hostURL is where an application answers.
func hostURL(h status.Host) string {
	scheme := "http://"
	if h.TLS {
		scheme = "https://"
	}
	return scheme + h.Name + h.Path
}

// kubectlGet is an application's state by hand.
func kubectlGet(a change.Application) string {
	return "kubectl get all,ingress,pvc \\\n  -n " + a.Place.Namespace + " \\\n  -l slipway.dev/app=" + a.Name
}

// kindAndNote is what stands after an object's name: "Deployment, exactly one pod".
func kindAndNote(n status.Node) string {
	if n.Note == "" || n.Ref.Kind == "" { // what several workloads share stands under a head without a kind
		return n.Ref.Kind + n.Note
	}
	return n.Ref.Kind + ", " + n.Note
}
