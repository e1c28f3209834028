package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/status"
)

// recentHappenings is how many lines of "What happened" stand unfolded.
const recentHappenings = 8

// happening is a line of "What happened": equal events of several objects, or what became of a change.
type happening struct {
	Word  status.Word
	Who   string // "api", "3 pods", "Revision 4", "#12"
	What  string // "could not pull the image"
	Said  string // the cluster's own words of the newest event, where ours do not say all
	Times int32
	Time  time.Time // of the newest event
	First time.Time // of the first one, where there were several

	Change   int64 // set where it is about a change, with those below
	Revision int   // that it became, if it did
	Title    string
	App      change.AppKey
}

// happened are the lines of "What happened", newest first: those that stand open, and the others. Kubernetes
// forgets its events after an hour; changes stay.
func happened(d LiveData) (recent, earlier []happening) {
	all := grouped(d.Snapshot.Events)
	for _, c := range d.History {
		all = append(all, became(c))
	}
	slices.SortStableFunc(all, func(a, b happening) int { return b.Time.Compare(a.Time) })
	n := min(len(all), recentHappenings)
	return all[:n], all[n:]
}

// became is the line about a change: how it ended, or who asked for it.
func became(c change.Change) happening {
	h := happening{Who: changeNumber(c.ID), Change: c.ID, App: c.App, Title: c.Title, Time: c.Finished}
	switch c.State {
	case change.Applied:
		h.Word, h.Revision, h.Who, h.What = status.Ready, c.Revision, "Revision "+thousands(int64(c.Revision)), "applied by "
		if c.Undoes != 0 {
			h.What = "rolled back by itself, by "
		}
	case change.Failed:
		h.Word, h.What, h.Said = status.Failed, "failed", c.Failure
	case change.Rejected, change.Withdrawn, change.Expired, change.Stale:
		h.Word, h.What = status.Paused, closedWords(c)
		if c.Closed != nil {
			h.Time, h.Said = c.Closed.At, c.Closed.Comment
		}
	case change.Applying:
		h.Word, h.What, h.Time = status.Progressing, "began to be applied", c.Started
	default:
		h.Word, h.What, h.Time = status.Pending, "was submitted by "+display(c.Requester), c.Submitted
	}
	if h.Time.IsZero() {
		h.Time = c.Submitted
	}
	return h
}

// closedWords say how a change ended that was not applied.
func closedWords(c change.Change) string {
	by := ""
	if c.Closed != nil && (c.Closed.By.Subject != "" || c.Closed.By.Name != "") {
		by = " by " + display(c.Closed.By)
	}
	switch c.State {
	case change.Rejected:
		return "was rejected" + by
	case change.Withdrawn:
		return "was withdrawn" + by
	case change.Expired:
		return "expired, as nobody decided"
	}
	return "became stale: the cluster had changed"
}

// grouped makes one line of the events that say the same of objects of one kind.
func grouped(events []status.Event) []happening {
	type key struct {
		kind, what string
		word       status.Word
	}
	var out []happening
	line := map[key]int{}
	names := map[key][]string{}
	for _, e := range events {
		what, complete := eventWords(e)
		word := e.Word
		if e.Reason == "BackOff" { // the cluster calls it normal; whoever waits for the pod does not
			word = status.Failed
		}
		k := key{e.Object.Kind, what, word}
		i, ok := line[k]
		if !ok {
			i = len(out)
			line[k] = i
			h := happening{Word: word, What: what, Time: e.Time, First: e.Time}
			if !complete {
				h.Said = e.Message
			}
			out = append(out, h)
		}
		h := &out[i]
		h.Times += max(e.Count, 1)
		if e.Time.After(h.Time) {
			h.Time = e.Time
		}
		if first := cmp.Or(e.First, e.Time); first.Before(h.First) {
			h.First = first
		}
		if !slices.Contains(names[k], e.Object.Name) {
			names[k] = append(names[k], e.Object.Name)
		}
		h.Who = names[k][0]
		if n := len(names[k]); n > 1 {
			h.Who = count(n, kindNoun(e.Object.Kind))
		}
	}
	for i := range out {
		// Two pods that each did it once are no repetition.
		for k, at := range line {
			if at == i && int(out[i].Times) <= len(names[k]) {
				out[i].Times, out[i].First = 1, out[i].Time
			}
		}
	}
	return out
}

// plainEvents are Kubernetes' reasons in words that follow the name of an object or a number
// of them. complete is false where the cluster's own message says more.
var plainEvents = map[string]struct {
	what     string
	complete bool
}{
	"Scheduled":               {"got a node", true},
	"Pulling":                 {"began to pull the image", true},
	"Pulled":                  {"got the image", true},
	"Created":                 {"made a container", true},
	"Started":                 {"started a container", true},
	"Killing":                 {"ended a container", true},
	"SuccessfulCreate":        {"made a pod", true},
	"SuccessfulDelete":        {"removed a pod", true},
	"ScalingReplicaSet":       {"changed the number of pods", false},
	"SuccessfulRescale":       {"scaled by load", false},
	"FailedScheduling":        {"found no node", false},
	"FailedCreate":            {"could not make a pod", false},
	"FailedMount":             {"could not mount a volume", false},
	"FailedAttachVolume":      {"could not attach a volume", false},
	"ProvisioningFailed":      {"got no volume", false},
	"ProvisioningSucceeded":   {"got a volume", true},
	"WaitForFirstConsumer":    {"waited for a pod that uses it", true},
	"ExternalProvisioning":    {"waited for a volume", true},
	"Provisioning":            {"waited for a volume", true},
	"Unhealthy":               {"failed a probe", false},
	"Evicted":                 {"had to leave the node", false},
	"Preempted":               {"gave way to a more important pod", false},
	"OOMKilling":              {"ran out of memory", false},
	"ErrImagePull":            {"could not pull the image", true},
	"ImagePullBackOff":        {"could not pull the image", true},
	"ErrImageNeverPull":       {"could not pull the image", false},
	"InvalidImageName":        {"could not read the image's name", false},
	"FailedGetResourceMetric": {"got no numbers to scale by", false},
	"NoPods":                  {"matched no pods", true},
	"SawCompletedJob":         {"finished a job", true},
	"BackoffLimitExceeded":    {"gave up", false},
	"Completed":               {"finished", true},
	"NodeNotReady":            {"lost the node", false},
	"TaintManagerEviction":    {"had to leave the node", false},
}

// eventWords says what happened in words that follow the object's name, and whether they say all.
func eventWords(e status.Event) (what string, complete bool) {
	switch e.Reason {
	case "BackOff", "Failed": // of a container that ends, and of an image that cannot be had
		if strings.Contains(strings.ToLower(e.Message), "image") {
			return "could not pull the image", true
		}
		if e.Reason == "BackOff" {
			return "ended again and again; the cluster waits before the next start", false
		}
		return "could not start a container", false
	}
	if p, ok := plainEvents[e.Reason]; ok {
		return p.what, p.complete
	}
	return "reported " + cmp.Or(e.Reason, "an event"), false
}

// dot is the look of the line's sign: only what is wrong has a colour, the rest has passed.
func (h happening) dot() string {
	switch {
	case h.Word == status.Failed:
		return "dot d-failed"
	case h.Revision > 0:
		return "dot d-ready"
	}
	return "dot"
}

// kindNoun is a kind in a sentence: pods are everybody's word, the others keep Kubernetes' spelling.
func kindNoun(kind string) string {
	if kind == "Pod" {
		return "pod"
	}
	return kind
}

// lasts tells whether it went on for a while, so that it matters since when.
func (h happening) lasts() bool { return h.Times > 1 && h.Time.Sub(h.First) >= time.Minute }
