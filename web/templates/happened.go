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

// happening is a line of "What happened": equal events of several objects, or a revision.
type happening struct {
	Word  status.Word
	Who   string // "api", "3 pods", "Revision 4"
	What  string // "could not pull the image"
	Said  string // the cluster's own words of the newest event, where ours do not say all
	Times int32
	Time  time.Time // of the newest event

	Revision int // set where a revision was applied, with the three below
	App      change.AppKey
	Change   int64
}

// happened are the lines of "What happened", newest first: those that stand open, and the others.
func happened(d LiveData) (recent, earlier []happening) {
	all := grouped(d.Snapshot.Events)
	if d.App.Revision > 0 {
		all = append(all, happening{
			Word: status.Ready, Who: "Revision " + thousands(int64(d.App.Revision)), What: "applied", Time: d.App.Changed,
			Revision: d.App.Revision, App: d.App.AppKey, Change: d.Change,
		})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return b.Time.Compare(a.Time) })
	n := min(len(all), recentHappenings)
	return all[:n], all[n:]
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
			h := happening{Word: word, What: what, Time: e.Time}
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
				out[i].Times = 1
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
