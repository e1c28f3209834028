package templates

import (
	"fmt"
	"hash/fnv"
	"strconv"

	"github.com/a-h/templ"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// Shape stands for which fields a form shows and what is offered for them. A page whose shape is another
// one than the server's gets its fields anew.
func (d FormData) Shape() string {
	h := fnv.New64a()
	d.onPage(func(c *catalog.Control) {
		fmt.Fprintf(h, "%s %d %s\n", c.Name, len(c.Rows), pickerKey(*c))
	}, func(_ *catalog.Control, r *catalog.Row) {
		fmt.Fprintf(h, "%s in a line\n", r.Item.Name)
	})
	return strconv.FormatUint(h.Sum64(), 36)
}

// Questions collects what the fields on the page ask of the cluster, each question once.
func (d FormData) Questions() map[string]PickerQuestion {
	asked := map[string]PickerQuestion{}
	for _, c := range d.controls() {
		if key := pickerKey(*c); key != "" {
			asked[key] = PickerQuestion{Picker: *c.Field.Picker, Of: c.Of}
		}
	}
	return asked
}

// pickerKey names the question of a control, "" if it has none: a key of an object that is not named yet
// cannot be asked for.
func pickerKey(c catalog.Control) string {
	p := c.Field.Picker
	if p == nil || p.Of != "" && c.Of == "" {
		return ""
	}
	return p.Kind + " " + p.Type + " " + c.Of
}

// isQuiet tells of a picker that offers something to values under certain names only, and says nothing of others.
func isQuiet(c catalog.Control) bool { return c.Field.Picker != nil && c.Field.Picker.Keys != "" }

// offersID is the element of the list of what a question was answered with. Fields with the same question
// share it.
func offersID(key string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // never fails, see hash.Hash
	return "offers-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// offered are the lists of a form, in the order of its fields.
func (d FormData) offered() []offer {
	var out []offer
	seen := map[string]bool{}
	for _, c := range d.controls() {
		key := pickerKey(*c)
		if choices := d.Answers[key].Choices; len(choices) > 0 && !seen[offersID(key)] {
			seen[offersID(key)] = true
			out = append(out, offer{offersID(key), choices})
		}
	}
	return out
}

// offers are the attributes by which a field finds what it is offered.
func (d FormData) offers(c catalog.Control) templ.Attributes {
	key := pickerKey(c)
	if len(d.Answers[key].Choices) == 0 {
		return nil
	}
	id := offersID(key)
	if !isQuiet(c) {
		return templ.Attributes{"list": id}
	}
	all := templ.Attributes{"data-offers": id, "data-offers-keys": c.Field.Picker.Keys}
	if c.Suits {
		all["list"] = id
	}
	return all
}

// offer is a list that fields share.
type offer struct {
	ID      string
	Choices []manifest.Choice
}
