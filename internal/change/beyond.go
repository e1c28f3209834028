package change

import (
	"fmt"
	"slices"

	"slipway.dev/slipway/internal/manifest"
)

// beyond says what now would do that was not approved, the first of it, as a clause. It is empty if every object is
// the one that was there and has the operation that was approved, or nothing is left to do to it because an earlier
// attempt did it; each field that would change is one that was approved, from the same value to the same value; and
// no effect is new.
func beyond(approved, now Plan) string {
	for _, o := range now.Objects {
		if o.Op == manifest.Unchanged || runsAnew(approved, o) {
			continue
		}
		if what := beyondObject(approved, o); what != "" {
			return what
		}
	}
	for _, e := range now.Effects {
		if !slices.ContainsFunc(approved.Effects, func(a Effect) bool { return a.Kind == e.Kind && a.Ref.Same(e.Ref) }) {
			return "it would also have this effect now: " + e.Sentence
		}
	}
	return ""
}

var passive = map[manifest.Op]string{manifest.Create: "created", manifest.Change: "changed", manifest.Delete: "deleted"}

func beyondObject(approved Plan, now manifest.DryRun) string {
	i := slices.IndexFunc(approved.Objects, func(a manifest.DryRun) bool { return a.Ref.Same(now.Ref) })
	if i < 0 || approved.Objects[i].Op != now.Op {
		return fmt.Sprintf("%s would now be %s.", named(now.Ref), passive[now.Op])
	}
	if approved.Objects[i].Another(now) {
		return named(now.Ref) + " is another one by now: the one that was there was deleted, and one of the same name was made."
	}
	for _, f := range now.Fields {
		if !slices.Contains(approved.Objects[i].Fields, f) {
			return fmt.Sprintf("`%s` of %s would now change in another way, or from another value.", f.Path, named(now.Ref))
		}
	}
	return ""
}
