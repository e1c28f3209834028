package manifest

import (
	"reflect"
	"strings"
)

// What stands in place of a Secret's values. The texts depend neither on a value nor on its length.
const (
	Hidden        = "(hidden)"          // a value that is the same on both sides, or has only one
	HiddenBefore  = "(hidden, before)"  // a value that differs: the side that is
	HiddenChanged = "(hidden, changed)" // a value that differs: the side that would be
)

// secretFields are the fields of a Secret whose values are secret.
var secretFields = []string{"data", "stringData"}

// Mask copies o with every value of a Secret replaced by Hidden, in a list of Secrets too. Where
// there is nothing to hide it returns o itself.
func Mask(o Object) Object {
	masked, _ := MaskPair(o, nil)
	return masked
}

// MaskPair masks two states of one object, either of which may be nil, so that their difference
// still tells which values are set, removed, changed and unchanged: equal values become Hidden on
// both sides, different ones HiddenBefore and HiddenChanged. Where there is nothing to hide it
// returns the objects themselves.
func MaskPair(before, after Object) (Object, Object) {
	return maskOne(before, after, HiddenBefore), maskOne(after, before, HiddenChanged)
}

// maskOne masks o; where other has a different value for the same key the mask is differs.
func maskOne(o, other Object, differs string) Object {
	if o == nil || !holdsSecret(o.Object) {
		return o
	}
	out := o.DeepCopy()
	var theirs map[string]any
	if other != nil {
		theirs = other.Object
	}
	maskMap(out.Object, theirs, differs)
	return out
}

func isSecret(m map[string]any) bool { return m["kind"] == "Secret" }

// holdsSecret tells whether m is a Secret or a list that may hold some.
func holdsSecret(m map[string]any) bool {
	if isSecret(m) {
		return true
	}
	kind, _ := m["kind"].(string)
	_, hasItems := m["items"]
	return strings.HasSuffix(kind, "List") && hasItems
}

func maskMap(m, other map[string]any, differs string) {
	if isSecret(m) {
		maskSecret(m, other, differs)
		return
	}
	items, _ := m["items"].([]any)
	for _, item := range items {
		child, ok := item.(map[string]any)
		switch {
		case !ok:
		case m["kind"] == "SecretList": // its items need not name their kind
			maskSecret(child, nil, differs)
		case holdsSecret(child):
			maskMap(child, nil, differs)
		}
	}
}

func maskSecret(m, other map[string]any, differs string) {
	for _, f := range secretFields {
		if v, set := m[f]; set {
			m[f] = maskValues(v, other[f], differs)
		}
	}
	if meta, ok := m["metadata"].(map[string]any); ok {
		otherMeta, _ := other["metadata"].(map[string]any)
		maskAnnotations(meta, otherMeta, differs)
	}
}

// maskValues masks the values of a map and keeps its keys. A field that is no map, which the API
// server would refuse, is masked as a whole.
func maskValues(v, other any, differs string) any {
	values, ok := v.(map[string]any)
	if !ok {
		return maskOf(v, other, other != nil, differs)
	}
	theirs, _ := other.(map[string]any)
	out := make(map[string]any, len(values))
	for k, val := range values {
		their, has := theirs[k]
		out[k] = maskOf(val, their, has, differs)
	}
	return out
}

func maskOf(v, other any, has bool, differs string) any {
	if has && !reflect.DeepEqual(v, other) {
		return differs
	}
	if v == HiddenBefore || v == HiddenChanged {
		return v // masked already
	}
	return Hidden
}

// maskAnnotations masks the one annotation that repeats the whole object.
func maskAnnotations(meta, other map[string]any, differs string) {
	annotations, ok := meta["annotations"].(map[string]any)
	if !ok || annotations[annotationLastApplied] == nil {
		return
	}
	theirs, _ := other["annotations"].(map[string]any)
	their, has := theirs[annotationLastApplied]
	annotations[annotationLastApplied] = maskOf(annotations[annotationLastApplied], their, has, differs)
}
