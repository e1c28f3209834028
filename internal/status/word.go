package status

import (
	"fmt"
	"slices"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// worstFirst is the order of the words; see Worse.
var worstFirst = []Word{Failed, Unknown, Progressing, Pending, Paused, Ready}

// Rank is the place of w in the order of Worse; 0 is the worst. A word that is none of ours counts as
// Unknown: what we do not understand must never look like Ready.
func Rank(w Word) int {
	if i := slices.Index(worstFirst, w); i >= 0 {
		return i
	}
	return slices.Index(worstFirst, Unknown)
}

// Worse returns whichever of a and b stands further up in the order Failed, Unknown, Progressing,
// Pending, Paused, Ready.
func Worse(a, b Word) Word {
	if Rank(b) < Rank(a) {
		return b
	}
	return a
}

// wordOf is the word for what kstatus says about an object.
func wordOf(s kstatus.Status) Word {
	switch s {
	case kstatus.CurrentStatus:
		return Ready
	case kstatus.InProgressStatus, kstatus.TerminatingStatus:
		return Progressing
	case kstatus.FailedStatus:
		return Failed
	default: // NotFound, Unknown
		return Unknown
	}
}

// Reasons that several kinds share.
const (
	reasonDeleting  = "is being deleted"
	reasonComputing = "computing…"
)

// general is the verdict on an object of any kind by kstatus alone.
func general(u manifest.Object) verdict {
	if u.GetDeletionTimestamp() != nil {
		return verdict{word: Progressing, reason: reasonDeleting}
	}
	if !observed(u) {
		return verdict{word: Progressing, reason: reasonComputing}
	}
	res, err := kstatus.Compute(withoutData(u))
	if err != nil {
		return verdict{word: Unknown, reason: "its state cannot be read"}
	}
	v := verdict{word: wordOf(res.Status)}
	if v.word == Failed {
		v.wrong = &cause{
			id:       "object",
			title:    "failed",
			sentence: fmt.Sprintf("The cluster says that this %s failed, and will not get there by itself.", u.GetKind()),
			said:     res.Message,
		}
	}
	return v
}

// withoutData is u with what a status can rest on. kstatus copies the whole object by way of JSON, and
// the data of ConfigMaps and Secrets may be a megabyte.
func withoutData(u manifest.Object) manifest.Object {
	if u.Object["data"] == nil && u.Object["binaryData"] == nil {
		return u
	}
	thin := map[string]any{}
	for k, v := range u.Object {
		if k != "data" && k != "binaryData" && k != "stringData" {
			thin[k] = v
		}
	}
	return &unstructured.Unstructured{Object: thin}
}

// observed tells whether the controller of u has seen its newest generation. The kinds whose
// controllers always write observedGeneration count as not observed until they did: an empty status
// would otherwise pass for a state.
func observed(u manifest.Object) bool {
	seen, found, err := nestedInt(u, "status", "observedGeneration")
	if err != nil {
		return false
	}
	if found {
		return seen >= u.GetGeneration()
	}
	switch u.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return false
	}
	return true
}
