package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"slipway.dev/slipway/internal/manifest"
)

// hidden stands for a value that must not be shown.
const hidden = "(hidden)"

// conflictsIn reads from a refusal who owns which field. It is empty if the refusal is about
// something else. live and wanted may be nil, and values are then left out.
func conflictsIn(err error, live, wanted manifest.Object) []manifest.Conflict {
	s, answered := answerOf(err)
	if !answered || s.Details == nil {
		return nil
	}
	var out []manifest.Conflict
	for _, cause := range s.Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		c := manifest.Conflict{Manager: managerIn(cause.Message), Field: cause.Field}
		if live != nil && wanted != nil {
			fill(&c, live, wanted)
		}
		out = append(out, c)
	}
	return out
}

// managerName matches the owner in `conflict with "kubectl-edit" using apps/v1 at 2026-01-02T03:04:05Z`.
var managerName = regexp.MustCompile(`conflict with ("(?:[^"\\]|\\.)*")`)

func managerIn(message string) string {
	if m := managerName.FindStringSubmatch(message); m != nil {
		var name string
		if json.Unmarshal([]byte(m[1]), &name) == nil {
			return name
		}
	}
	return strings.TrimPrefix(message, "conflict with ")
}

// fill adds since when the owner has the field, and the two values. The path is found among the
// owner's fields, where it is data, instead of being parsed from text.
func fill(c *manifest.Conflict, live, wanted manifest.Object) {
	var path fieldpath.Path
	for _, entry := range live.GetManagedFields() {
		if entry.Manager != c.Manager || entry.FieldsV1 == nil {
			continue
		}
		p, owns := ownedPath(entry.FieldsV1.GetRawBytes(), c.Field)
		if !owns {
			continue
		}
		path = p
		if entry.Time != nil && entry.Time.After(c.Since) {
			c.Since = entry.Time.UTC().Truncate(time.Second)
		}
	}
	if path == nil {
		return
	}
	if live.GetKind() == "Secret" {
		c.Live, c.Wanted = hidden, hidden
		return
	}
	c.Live, c.Wanted = shorten(valueAt(live.Object, path)), shorten(valueAt(wanted.Object, path))
}

// shorten keeps a value from filling the page; it may be a whole file in a ConfigMap.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= manifest.ValueLimit {
		return s
	}
	return string([]rune(s)[:manifest.ValueLimit-1]) + "…"
}

// ownedPath finds the field among those that FieldsV1 lists.
func ownedPath(fieldsV1 []byte, field string) (found fieldpath.Path, ok bool) {
	var set fieldpath.Set
	if err := set.FromJSON(bytes.NewReader(fieldsV1)); err != nil {
		return nil, false
	}
	set.Iterate(func(p fieldpath.Path) {
		if !ok && p.String() == field {
			found, ok = p.Copy(), true
		}
	})
	return found, ok
}

// valueAt is the value at a path as text, empty if there is none.
func valueAt(root any, path fieldpath.Path) string {
	at := root
	for _, step := range path {
		next, ok := stepInto(at, step)
		if !ok {
			return ""
		}
		at = next
	}
	switch v := at.(type) {
	case string:
		return v
	case map[string]any, []any:
		raw, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(raw)
	default:
		return fmt.Sprint(v)
	}
}

func stepInto(at any, step fieldpath.PathElement) (any, bool) {
	switch {
	case step.FieldName != nil:
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		v, ok := m[*step.FieldName]
		return v, ok
	case step.Index != nil:
		l, ok := at.([]any)
		if !ok || *step.Index < 0 || *step.Index >= len(l) {
			return nil, false
		}
		return l[*step.Index], true
	}
	l, _ := at.([]any)
	for _, item := range l {
		if step.Value != nil && value.Equals(*step.Value, value.NewValueInterface(item)) || step.Key != nil && hasKeys(item, *step.Key) {
			return item, true
		}
	}
	return nil, false
}

func hasKeys(item any, keys value.FieldList) bool {
	m, ok := item.(map[string]any)
	if !ok {
		return false
	}
	for _, k := range keys {
		v, ok := m[k.Name]
		if !ok || !value.Equals(k.Value, value.NewValueInterface(v)) {
			return false
		}
	}
	return true
}

// conflictProblem says in one sentence what conflicts mean.
func conflictProblem(cs []manifest.Conflict) *manifest.Problem {
	owners, fields := []string{}, []string{}
	for _, c := range cs {
		owners = addOnce(owners, c.Manager)
		fields = addOnce(fields, c.Field)
	}
	verb := "belongs"
	if len(fields) > 1 {
		verb = "belong"
	}
	return &manifest.Problem{
		Kind: manifest.Conflicting, Field: fields[0],
		Sentence: fmt.Sprintf("%s %s to %s, which set it to another value. Nothing was forced.", strings.Join(fields, ", "), verb, strings.Join(owners, ", ")),
	}
}

func addOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
