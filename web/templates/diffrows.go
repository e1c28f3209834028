package templates

import (
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// contextLines is how many equal lines stand around a difference.
const contextLines = 2

// splitRow is one row of a difference that is shown in two columns. A side that has no line is nil.
type splitRow struct{ Left, Right *manifest.DiffLine }

// splitRows sets removed lines beside the added ones that replace them.
func splitRows(lines []manifest.DiffLine) []splitRow {
	var rows []splitRow
	for i := 0; i < len(lines); {
		if lines[i].Op == manifest.Same {
			rows = append(rows, splitRow{&lines[i], &lines[i]})
			i++
			continue
		}
		removed := i
		for i < len(lines) && lines[i].Op == manifest.Removed {
			i++
		}
		added := i
		for i < len(lines) && lines[i].Op == manifest.Added {
			i++
		}
		for j := range max(added-removed, i-added) {
			var row splitRow
			if removed+j < added {
				row.Left = &lines[removed+j]
			}
			if added+j < i {
				row.Right = &lines[added+j]
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// hunksOf is the difference of one object as v shows it.
func hunksOf(o manifest.DryRun, v DiffView) []manifest.Hunk {
	context := contextLines
	if v.All == o.Ref.String() || o.Op != manifest.Change {
		context = manifest.AllLines
	}
	return manifest.Hunks(o.Before, o.After, context)
}

// masked splits a line of a Secret that ends in a hidden value into what stands before it and the
// word for the value. ok is false for any other line.
func masked(kind string, l manifest.DiffLine) (before, word string, ok bool) {
	if kind != "Secret" {
		return "", "", false
	}
	var b strings.Builder
	for _, s := range l.Spans {
		b.WriteString(s.Text)
	}
	text := b.String()
	for _, m := range []struct{ value, word string }{
		{manifest.Hidden, "value hidden"},
		{manifest.HiddenBefore, "value before · hidden"},
		{manifest.HiddenChanged, "another value · hidden"},
	} {
		for _, quoted := range []string{m.value, `"` + m.value + `"`, "'" + m.value + "'"} {
			if before, ok := strings.CutSuffix(text, quoted); ok {
				return before, m.word, true
			}
		}
	}
	return "", "", false
}

// number is a line's number, or nothing where the line is not there.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return thousands(int64(n))
}

// gapWords says what is hidden.
func gapWords(g manifest.Gap, first bool) string {
	if first && g.Old == 1 {
		return "Lines 1–" + thousands(int64(g.Count)) + " are the same"
	}
	return count(g.Count, "line") + " " + verb(g.Count, "is", "are") + " the same"
}

// url is the address that shows the same plan with parameters changed.
func (v DiffView) url(pairs ...string) string {
	base := v.URL
	if base == "" {
		base = v.Post
	}
	diff, unchanged := "", ""
	if v.Split {
		diff = "split"
	}
	if v.Unchanged {
		unchanged = "1"
	}
	return withQuery(base, append([]string{"diff", diff, "all", v.All, "unchanged", unchanged}, pairs...)...)
}

// shown are the objects of a plan that have a difference.
func shown(objects []manifest.DryRun) []manifest.DryRun {
	var out []manifest.DryRun
	for _, o := range objects {
		if o.Problem == nil && o.Op != manifest.Unchanged {
			out = append(out, o)
		}
	}
	return out
}

// anchor is the id of an object's difference on the page.
func anchor(r manifest.Ref) string {
	return "o-" + strings.ToLower(r.Kind) + "-" + r.Name
}
