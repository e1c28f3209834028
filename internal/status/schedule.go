package status

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// unscheduled is the verdict on a pod that has no node.
func unscheduled(p *corev1.Pod) (verdict, bool) {
	c := condition(p, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse {
		return verdict{}, false
	}
	v := homeless(c)
	v.wrong.said, v.wrong.since = c.Message, c.LastTransitionTime.Time
	return v, true
}

func homeless(c *corev1.PodCondition) verdict {
	switch {
	case c.Reason == corev1.PodReasonSchedulingGated:
		return verdict{word: Pending, reason: "is held back by a scheduling gate", wrong: &cause{
			id: "gate", title: "is held back",
			sentence: "A scheduling gate keeps its pods from getting a node. Whoever set the gate has to remove it.",
		}}
	case noClaim.MatchString(c.Message):
		return missing(c.Message)
	case strings.Contains(c.Message, "unbound immediate PersistentVolumeClaims"):
		return verdict{word: Pending, reason: "its claim has no volume yet", wrong: &cause{
			id: "claim", title: "waits for its volume",
			sentence: "It gets no node before its claim has a volume. The claim stands among the objects, with what keeps it; often its storage class does not exist, or nobody makes volumes of it.",
		}}
	}
	why, advice := tooLittle(c.Message)
	return verdict{word: Pending, reason: "no node has room: " + why, wrong: &cause{
		id: "unschedulable", title: "waits for a node", sentence: fmt.Sprintf("No node has room for it: %s. %s", why, advice),
	}}
}

// filters are what the scheduler says of nodes that do not do
// (https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins), in words that follow their
// number. place tells that the pod's own wishes stand in the way, and not its size.
var filters = []struct {
	said      *regexp.Regexp
	one, many string
	place     bool
}{
	{regexp.MustCompile(`^Insufficient (\S+)$`), "has too little $1 left", "have too little $1 left", false},
	{regexp.MustCompile(`^Too many pods$`), "is full of pods", "are full of pods", false},
	{regexp.MustCompile(`^node\(s\) had untolerated taint\(?s?\)? ?\{?([^}]*?):? ?\}?$`), "is kept for others (`$1`)", "are kept for others (`$1`)", true},
	{regexp.MustCompile(`^node\(s\) didn't match Pod's node affinity/selector$`), "is not one of those it asks for", "are not of those it asks for", true},
	{regexp.MustCompile(`^node\(s\) didn't (?:match|satisfy) .*anti-affinity rules$`), "runs a pod that it must not be beside", "run a pod that it must not be beside", true},
	{regexp.MustCompile(`^node\(s\) didn't match pod topology spread constraints`), "would have more of its pods than may be", "would have more of its pods than may be", true},
	{regexp.MustCompile(`^node\(s\) didn't have free ports`), "has its port in use", "have its port in use", true},
	{regexp.MustCompile(`^node\(s\) had volume node affinity conflict$`), "cannot reach its volume", "cannot reach its volume", true},
	{regexp.MustCompile(`^node\(s\) didn't find available persistent volumes to bind$`), "has no volume for its claim", "have no volume for its claim", true},
	{regexp.MustCompile(`^node\(s\) were unschedulable$`), "takes no pods at present", "take no pods at present", false},
}

var counted = regexp.MustCompile(`^(\d+) (.+)$`)

// tooLittle is the scheduler's list of reasons in plain words, and what can be done. What is not known here
// stays as it was said.
func tooLittle(message string) (why, advice string) {
	advice = "Ask for less, or have a node added."
	m := nodes.FindStringSubmatch(message)
	if m == nil {
		return strings.TrimRight(cmp.Or(message, "the scheduler does not say why"), "."), advice
	}
	var parts []string
	for _, said := range strings.Split(m[1], ", ") {
		part, place := plainFilter(said)
		parts = append(parts, part)
		if place {
			advice = "Change where its pods may run, or have a node added that fits."
		}
	}
	return strings.Join(parts, ", "), advice
}

func plainFilter(said string) (words string, place bool) {
	m := counted.FindStringSubmatch(said)
	if m == nil {
		return said, false
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil {
		return said, false
	}
	for _, f := range filters {
		at := f.said.FindStringSubmatchIndex(m[2])
		if at == nil {
			continue
		}
		to := map[bool]string{true: f.one, false: f.many}[n == 1]
		return times(int32(n), "node") + " " + string(f.said.ExpandString(nil, to, m[2], at)), f.place
	}
	return said, false
}
