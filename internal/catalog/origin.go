package catalog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

// Which field decides a line is found by asking the template: a field does if the line is another one, or
// gone, once the field's value is another one. Nothing is guessed, so the answer is true for these values,
// whatever the template does with them; but not all fields can be tried, so the likeliest are tried first.

const (
	originTime   = 1500 * time.Millisecond // then what has been found is the answer
	originTries  = 12                      // fields that are tried because the line looks like theirs
	originAnswer = 4                       // fields in an answer
)

// errNoLine is returned for a line that the objects do not have.
var errNoLine = errors.New("catalog: there is no such line")

// origin is a search for the fields that decide a line.
type origin struct {
	t       *Template
	ctx     context.Context
	release Release
	in      Inputs
	set     manifest.Set // what in makes
	at      manifest.Object
	text    []string // of the object
	line    int      // from 0
	// of a list of which only the row that makes the object is rendered: path of the row, and what it is really
	shown, real string
}

// FieldsOf tells which fields decide a line of an object's canonical YAML: the paths of their controls in
// the form of the inputs (see View), the most specific first, the one whose change moves the fewest lines.
// object and line are as in Mark. It answers with none for a line that the template alone writes, and with
// what it has found after a second and a half. It returns Errors for bad inputs, as Render does.
func (t *Template) FieldsOf(ctx context.Context, in Inputs, r Release, object, line int) ([]string, error) {
	now, err := t.Render(ctx, in, r)
	if err != nil {
		return nil, err
	}
	if object < 0 || object >= len(now.Set) {
		return nil, errNoLine
	}
	text, err := lines(now.Set[object])
	if err != nil {
		return nil, err
	}
	if line < 1 || line > len(text) {
		return nil, errNoLine
	}
	short, cancel := context.WithTimeout(ctx, originTime)
	defer cancel()
	o := &origin{t: t, ctx: short, release: r, in: in, set: now.Set, at: now.Set[object], text: text, line: line - 1}
	o.narrow()
	found := o.search()
	return found, ctx.Err()
}

// narrow leaves all rows but one out of each list of objects, if the object stays the same without them:
// an application of many parts is searched as fast as one of them.
func (o *origin) narrow() {
	values := o.t.values(o.in)
	for i := range o.t.Fields {
		f := &o.t.Fields[i]
		rows := list(values[f.name])
		if f.Kind != List || f.Item.Kind != Object || len(rows) < 2 || o.real != "" {
			continue
		}
		for _, n := range o.likelyRows(f, rows) {
			in := Inputs(copied(map[string]any(o.in)).(map[string]any))
			in[f.name] = []any{copied(rows[n])}
			if set, ok := o.same(in); ok {
				o.in, o.set, o.shown, o.real = in, set, joinRow(f.Path, 0), joinRow(f.Path, n)
				break
			}
		}
	}
}

// likelyRows are the rows that may make the object: two at most, those whose name it has first.
func (o *origin) likelyRows(f *Field, rows []any) []int {
	by, score := rowName(f), make([]int, len(rows))
	order := make([]int, len(rows))
	for i := range rows {
		order[i] = i
		row, _ := rows[i].(map[string]any)
		name, _ := row[by].(string)
		if name == "" {
			continue
		}
		if strings.Contains(o.at.GetName(), name) {
			score[i] += 1000 + len(name)
		}
		for _, l := range o.text {
			if hasWord(l, name) {
				score[i]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return order[:min(2, len(order))]
}

// same tells whether inputs make the object as it is.
func (o *origin) same(in Inputs) (manifest.Set, bool) {
	out, err := o.t.render(o.ctx, in, o.release)
	if err != nil {
		return nil, false
	}
	i := slices.IndexFunc(out.Set, func(u manifest.Object) bool { return sameObject(u, o.at) })
	if i < 0 {
		return nil, false
	}
	text, err := lines(out.Set[i])
	return out.Set, err == nil && slices.Equal(text, o.text)
}

// moved are the lines of the object that another set has not. Of an object that is gone it is the line
// that says what it is.
func (o *origin) moved(other manifest.Set) []int {
	u, ok := counterpart(o.at, o.set, other)
	if !ok {
		return []int{slices.IndexFunc(o.text, func(l string) bool { return strings.HasPrefix(l, "kind:") })}
	}
	text, err := lines(u)
	if err != nil {
		return nil
	}
	return changedLines(o.text, text)
}

// suspect is a control whose value may decide the line.
type suspect struct {
	lever
	score int // how much the line looks like it
	moved int // lines that change with it
}

// shape is 1 for a control that decides what there is, rather than what it holds.
func (s suspect) shape() int {
	if _, isSwitch := s.values[0].(bool); isSwitch || s.chooses {
		return 1
	}
	return 0
}

// search tries the controls that the line looks like, and if none of these decides it all the others, in
// groups.
func (o *origin) search() []string {
	var suspects []suspect
	for _, l := range o.t.levers(o.in) {
		suspects = append(suspects, suspect{lever: l, score: o.likeness(l)})
	}
	slices.SortStableFunc(suspects, func(a, b suspect) int { return cmp.Compare(b.score, a.score) })
	var found []suspect
	likely := 0
	for likely < min(originTries, len(suspects)) && suspects[likely].score > 0 {
		if s := suspects[likely]; o.decides(&s) {
			found = append(found, s)
			if s.score >= certain {
				break
			}
		}
		likely++
	}
	if len(found) == 0 {
		// What decides which objects there are is tried apart, since it would hide what the rest does.
		rest := suspects[likely:]
		slices.SortStableFunc(rest, func(a, b suspect) int { return cmp.Compare(a.shape(), b.shape()) })
		n := slices.IndexFunc(rest, func(s suspect) bool { return s.shape() > 0 })
		if n < 0 {
			n = len(rest)
		}
		o.groups(rest[:n], &found)
		o.groups(rest[n:], &found)
	}
	slices.SortStableFunc(found, func(a, b suspect) int { return cmp.Compare(a.moved, b.moved) })
	var paths []string
	for _, s := range found[:min(originAnswer, len(found))] {
		paths = append(paths, o.realPath(s.path))
	}
	return paths
}

func (o *origin) realPath(path string) string {
	if o.real == "" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, o.shown); ok && (rest == "" || rest[0] == '/') {
		return o.real + rest
	}
	return path
}

// groups finds deciding controls among many: a group in which all values change at once and the line stays
// as it is has none, as far as values do not undo each other; else its halves are looked at.
func (o *origin) groups(all []suspect, found *[]suspect) {
	if len(all) == 0 || o.ctx.Err() != nil || len(*found) >= originAnswer {
		return
	}
	if len(all) == 1 {
		if s := all[0]; o.decides(&s) {
			*found = append(*found, s)
		}
		return
	}
	in, values := copied(map[string]any(o.in)).(map[string]any), o.t.values(o.in)
	for i := range all {
		pull(in, values, all[i].lever, all[i].values[0])
	}
	if out, err := o.t.render(o.ctx, in, o.release); err == nil {
		if _, there := counterpart(o.at, o.set, out.Set); there && !slices.Contains(o.moved(out.Set), o.line) {
			return
		}
	}
	o.groups(all[:len(all)/2], found)
	o.groups(all[len(all)/2:], found)
}

// decides tells whether the line changes with the control, and counts the lines that do.
func (o *origin) decides(s *suspect) bool {
	for _, v := range s.values {
		out, err := o.t.render(o.ctx, o.t.pulled(o.in, s.lever, v), o.release)
		if o.ctx.Err() != nil {
			return false
		}
		if err != nil {
			continue // the template refuses this value; another may do
		}
		changed := o.moved(out.Set)
		s.moved = len(changed)
		return slices.Contains(changed, o.line)
	}
	return false
}

// certain is the score of a control whose value and name both stand in the line.
const certain = 5

// likeness tells how much the line looks like a control's: its value stands there, or its name, or the name
// of what it is in.
func (o *origin) likeness(l lever) int {
	text, score := strings.ToLower(o.text[o.line]), 0
	if l.now != "" && hasWord(text, strings.ToLower(l.now)) {
		score += 3
		if len(l.now) > 3 {
			score++
		}
	}
	key, _, _ := strings.Cut(strings.TrimLeft(strings.TrimSpace(text), "- "), ":")
	for i := len(l.pointer) - 1; i >= 0 && i >= len(l.pointer)-2; i-- {
		name := strings.ToLower(l.pointer[i])
		if isRow(name) || len(name) < 2 {
			continue
		}
		if key != "" && (strings.Contains(key, name) || strings.Contains(name, key)) {
			score += 2
			break
		}
	}
	// The lines above tell which of two equal values is meant: the name of a variable, of a port.
	for n := o.line - 1; n >= 0 && n >= o.line-2 && score > 0; n-- {
		above := strings.ToLower(o.text[n])
		for _, step := range l.pointer {
			if len(step) > 1 && !isRow(step) && hasWord(above, strings.ToLower(step)) {
				score++
				break
			}
		}
	}
	return score
}

// hasWord tells whether a word stands in a line, as a word.
func hasWord(line, word string) bool {
	for rest, at := line, 0; ; {
		i := strings.Index(rest[at:], word)
		if i < 0 {
			return false
		}
		i += at
		before := i == 0 || !isWordByte(rest[i-1]) || !isWordByte(word[0])
		end := i + len(word)
		after := end == len(rest) || !isWordByte(rest[end]) || !isWordByte(word[len(word)-1])
		if before && after {
			return true
		}
		at = i + 1
	}
}

func isWordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}
