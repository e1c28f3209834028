package manifest

import (
	"strings"

	"znkr.io/diff"
)

// LineOp is what a line of a difference is.
type LineOp string

// The kinds of lines.
const (
	Same    LineOp = "same"
	Added   LineOp = "added"
	Removed LineOp = "removed"
)

// Span is a piece of a line. Changed marks the words that differ from the line it replaces, or that
// replaces it.
type Span struct {
	Text    string
	Changed bool
}

// DiffLine is one line of a difference.
type DiffLine struct {
	Op     LineOp
	Old    int    // its number before, from 1; 0 for an added line
	New    int    // its number after, from 1; 0 for a removed line
	Indent string // the spaces at its beginning
	Spans  []Span // what follows; joined, it is the line without its end
}

// Gap is a run of lines that are the same and not shown.
type Gap struct {
	Old, New int // numbers of its first line, before and after
	Count    int // lines
}

// Hunk is a run of lines that are shown. The last one of a difference may have no lines, only the gap
// that ends the text.
type Hunk struct {
	Gap   *Gap // what is hidden before Lines; nil for nothing
	Lines []DiffLine
}

// AllLines as the context of Hunks shows every line.
const AllLines = -1

// fastAbove is the number of lines from which on a quick difference is taken instead of a short one.
const fastAbove = 20_000

// Hunks compares two texts line by line and shows what differs with so many lines of context around
// it. Equal texts have no hunks. Whether the last line ends in a newline makes no difference.
func Hunks(before, after string, context int) []Hunk {
	if before == after {
		return nil
	}
	lines, differs := diffLines(splitLines(before), splitLines(after))
	if !differs {
		return nil
	}
	return cutGaps(lines, context)
}

// CountLines is how many lines were added and removed.
func CountLines(hunks []Hunk) (added, removed int) {
	for _, h := range hunks {
		for _, l := range h.Lines {
			switch l.Op {
			case Added:
				added++
			case Removed:
				removed++
			}
		}
	}
	return added, removed
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// diffLines are all lines of both texts. Where lines were replaced, the removed ones stand first.
func diffLines(before, after []string) (lines []DiffLine, differs bool) {
	var opts []diff.Option
	if len(before)+len(after) > fastAbove {
		opts = append(opts, diff.Fast())
	}
	lines = make([]DiffLine, 0, max(len(before), len(after)))
	var removed, added []DiffLine
	flush := func() {
		if len(removed)+len(added) > 0 {
			differs = true
			markWords(removed, added)
			lines = append(append(lines, removed...), added...)
			removed, added = nil, nil
		}
	}
	o, n := 0, 0
	for _, e := range diff.Edits(before, after, opts...) {
		switch e.Op {
		case diff.Match:
			flush()
			o, n = o+1, n+1
			lines = append(lines, newLine(Same, o, n, e.X))
		case diff.Delete:
			o++
			removed = append(removed, newLine(Removed, o, 0, e.X))
		case diff.Insert:
			n++
			added = append(added, newLine(Added, 0, n, e.Y))
		}
	}
	flush()
	return lines, differs
}

func newLine(op LineOp, o, n int, text string) DiffLine {
	body := strings.TrimLeft(text, " ")
	l := DiffLine{Op: op, Old: o, New: n, Indent: text[:len(text)-len(body)]}
	if body != "" {
		l.Spans = []Span{{Text: body}}
	}
	return l
}

// cutGaps hides the lines that are further than context from a difference. A single line is not
// hidden, because the words about it would take as much room.
func cutGaps(lines []DiffLine, context int) []Hunk {
	if context < 0 {
		return []Hunk{{Lines: lines}}
	}
	context = min(context, len(lines))
	var hunks []Hunk
	var current Hunk
	for i := 0; i < len(lines); {
		end := i
		for end < len(lines) && lines[end].Op == Same {
			end++
		}
		from, to := hiddenPart(i, end, len(lines), context)
		current.Lines = append(current.Lines, lines[i:from]...)
		if from < to {
			if current.Gap != nil || len(current.Lines) > 0 {
				hunks = append(hunks, current)
			}
			current = Hunk{Gap: &Gap{Old: lines[from].Old, New: lines[from].New, Count: to - from}}
		}
		current.Lines = append(current.Lines, lines[to:end]...)
		for i = end; i < len(lines) && lines[i].Op != Same; i++ {
			current.Lines = append(current.Lines, lines[i])
		}
	}
	return append(hunks, current)
}

// hiddenPart is what is hidden of the equal lines from i to end, in a text of n lines.
func hiddenPart(i, end, n, context int) (from, to int) {
	from, to = i+context, end-context
	if i == 0 {
		from = 0
	}
	if end == n {
		to = n
	}
	if to-from < 2 {
		return end, end
	}
	return from, to
}

// SplitRow is a row of the view side by side. Where Gap is set, both sides are nil; a side that is
// nil otherwise has no line there.
type SplitRow struct {
	Gap         *Gap
	Left, Right *DiffLine
}

// Split puts a difference side by side: lines that were replaced stand beside what replaced them.
func Split(hunks []Hunk) []SplitRow {
	var rows []SplitRow
	for _, h := range hunks {
		if h.Gap != nil {
			rows = append(rows, SplitRow{Gap: h.Gap})
		}
		rows = append(rows, splitLinesOf(h.Lines)...)
	}
	return rows
}

func splitLinesOf(lines []DiffLine) []SplitRow {
	var rows []SplitRow
	for i := 0; i < len(lines); {
		if lines[i].Op == Same {
			rows = append(rows, SplitRow{Left: &lines[i], Right: &lines[i]})
			i++
			continue
		}
		mid := i
		for mid < len(lines) && lines[mid].Op == Removed {
			mid++
		}
		end := mid
		for end < len(lines) && lines[end].Op == Added {
			end++
		}
		for k := range max(mid-i, end-mid) {
			var row SplitRow
			if i+k < mid {
				row.Left = &lines[i+k]
			}
			if mid+k < end {
				row.Right = &lines[mid+k]
			}
			rows = append(rows, row)
		}
		i = end
	}
	return rows
}
