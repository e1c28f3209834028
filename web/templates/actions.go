package templates

import (
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// ActionData is what the pages of a restart and of numbers of pods have in common.
type ActionData struct {
	App      change.Application
	Snapshot status.Snapshot
	Changes  []change.Change // of the application, that are under way
}

// RestartData is the choice of what to restart.
type RestartData struct {
	ActionData
	Workloads []RestartRow
	Others    []change.Fixed
	Error     string // what to do about the choice that was sent
}

// RestartRow is a workload that can be restarted.
type RestartRow struct {
	Ref    manifest.Ref
	Chosen bool
}

// ScaleData is the form of the numbers of pods.
type ScaleData struct {
	ActionData
	Rows       []ScaleRow
	Errors     []string // about other inputs, which the numbers have to fit, or about none of the fields
	Reason     string   // that was sent with the numbers, where they were submitted and do not fit
	NoTemplate bool     // the template's version is no longer in the catalogue
}

// method is how the numbers are sent: in the address, which then is the plan's, unless somebody's words go
// along, which no address holds.
func (d ScaleData) method() string {
	if d.Reason != "" {
		return "post"
	}
	return "get"
}

// ScaleRow is a number of pods as it was typed.
type ScaleRow struct {
	Dials []catalog.Dial // what its field decides: at least one number, and each of the same Path and Field
	Name  string         // of the field
	Value string
	Error string
}

func (r ScaleRow) id() string { return "n" + strings.ReplaceAll(r.Dials[0].Path, "/", "-") }

// label is what the number is.
func (r ScaleRow) label() string {
	switch {
	case r.only(catalog.FewestPods):
		return "Fewest pods"
	case r.only(catalog.MostPods):
		return "Most pods"
	}
	return "Pods"
}

// only tells whether the field decides numbers of one measure alone.
func (r ScaleRow) only(m catalog.Measure) bool {
	return !slices.ContainsFunc(r.Dials, func(d catalog.Dial) bool { return d.Measure != m })
}

// help says which numbers the form takes.
func (r ScaleRow) help() string {
	least, most := r.Dials[0].Field.Min, r.Dials[0].Field.Max
	s := ""
	switch {
	case least != nil && most != nil:
		s = "From " + plainNumber(int64(*least)) + " to " + plainNumber(int64(*most)) + "."
	case least != nil:
		s = plainNumber(int64(*least)) + " or more."
	case most != nil:
		s = plainNumber(int64(*most)) + " or fewer."
	}
	if r.stops() {
		s = strings.TrimSpace(s + " 0 stops all its pods and keeps the rest.")
	}
	return s
}

// stops tells whether the number can be 0.
func (r ScaleRow) stops() bool {
	return r.only(catalog.ExactPods) && (r.Dials[0].Field.Min == nil || *r.Dials[0].Field.Min <= 0)
}

// stop is the address of the plan that stops the workloads; "" if there is nothing to stop.
func (d ScaleData) stop(r ScaleRow) string {
	if !r.stops() || r.Dials[0].Now == 0 {
		return ""
	}
	return withQuery(AppURL(d.App.AppKey, "scale"), r.Name, "0", "plan", "1")
}

// workloads are those whose pods the field decides.
func (r ScaleRow) workloads() []manifest.Ref {
	var out []manifest.Ref
	for _, d := range r.Dials {
		if !slices.ContainsFunc(out, d.Workload.Same) {
			out = append(out, d.Workload)
		}
	}
	return out
}

// scaleGroup is the numbers of one workload, or of several that have them in common.
type scaleGroup struct {
	Refs []manifest.Ref
	Rows []ScaleRow
}

func (d ScaleData) groups() []scaleGroup {
	var out []scaleGroup
	for _, r := range d.Rows {
		refs := r.workloads()
		if n := len(out); n > 0 && slices.EqualFunc(out[n-1].Refs, refs, manifest.Ref.Same) {
			out[n-1].Rows = append(out[n-1].Rows, r)
			continue
		}
		out = append(out, scaleGroup{refs, []ScaleRow{r}})
	}
	return out
}

// names are those of the workloads: "web and worker".
func (g scaleGroup) names() string {
	var names []string
	for _, ref := range g.Refs {
		names = append(names, ref.Name)
	}
	return list(names)
}

// kinds are those of the workloads, each once.
func (g scaleGroup) kinds() string {
	var kinds []string
	for _, ref := range g.Refs {
		if !slices.Contains(kinds, ref.Kind) {
			kinds = append(kinds, ref.Kind)
		}
	}
	return list(kinds)
}

// now is how many of the pods are ready, for several workloads by their names; "" for what was not seen.
func (d ScaleData) now(g scaleGroup) string {
	var parts []string
	for _, ref := range g.Refs {
		now := d.podsNow(ref)
		if now != "" && len(g.Refs) > 1 {
			now = ref.Name + " " + now
		}
		if now != "" {
			parts = append(parts, now)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Now: " + strings.Join(parts, ", ") + "."
}

// autoscaled tells whether autoscalers have the numbers.
func (g scaleGroup) autoscaled() bool {
	return !slices.ContainsFunc(g.Rows[0].Dials, func(d catalog.Dial) bool { return d.Measure == catalog.ExactPods })
}

// podsNow is how many pods of a workload are ready: "2 of 3 pods ready"; "" for what was not seen.
func (d ActionData) podsNow(ref manifest.Ref) string {
	i := slices.IndexFunc(d.Snapshot.Tree, func(n status.Node) bool { return n.Ref.Same(ref) })
	switch {
	case i < 0 || d.Snapshot.Tree[i].Want < 0:
		return ""
	case d.Snapshot.Tree[i].Want == 0:
		return "no pods"
	}
	n := d.Snapshot.Tree[i]
	return thousands(int64(n.Ready)) + " of " + count(n.Want, "pod") + " ready"
}

// command restarts what is ticked by hand, all of it where nothing is.
func (d RestartData) command() string {
	var names []string
	some := slices.ContainsFunc(d.Workloads, func(w RestartRow) bool { return w.Chosen })
	for _, w := range d.Workloads {
		if w.Chosen || !some {
			names = append(names, "  "+kubectlName(w.Ref))
		}
	}
	return restartCommand(d.App.Place, names)
}

func restartCommand(place manifest.Place, names []string) string {
	return "kubectl rollout restart -n " + place.Namespace + " \\\n" + strings.Join(names, " \\\n")
}

func (d ScaleData) command() string {
	var lines []string
	for _, r := range d.Rows {
		n, err := strconv.Atoi(strings.TrimSpace(r.Value))
		if err != nil || n < 0 { // what is copied into a shell is never what somebody typed
			n = r.Dials[0].Now
		}
		for _, dial := range r.Dials {
			lines = append(lines, scaleCommand(d.App.Place, dial.Object, dial.Measure, strconv.Itoa(n)))
		}
	}
	return strings.Join(lines, "\n")
}

// scaleCommand sets a number of pods by hand.
func scaleCommand(place manifest.Place, ref manifest.Ref, m catalog.Measure, n string) string {
	switch m {
	case catalog.FewestPods:
		return boundCommand(place, ref.Name, "minReplicas", n)
	case catalog.MostPods:
		return boundCommand(place, ref.Name, "maxReplicas", n)
	}
	return "kubectl scale -n " + place.Namespace + " \\\n  " + kubectlName(ref) + " --replicas=" + n
}

func boundCommand(place manifest.Place, hpa, field, n string) string {
	return "kubectl patch -n " + place.Namespace + " hpa/" + hpa + " \\\n  -p '{\"spec\":{\"" + field + "\":" + n + "}}'"
}

// restartCommands are those of a plan; "" where it restarts nothing.
func restartCommands(p change.Plan) string {
	var names []string
	for _, o := range p.Objects {
		if slices.ContainsFunc(o.Fields, manifest.RestartIn) {
			names = append(names, "  "+kubectlName(o.Ref))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return restartCommand(p.Place, names)
}

func scaleCommands(p change.Plan) string {
	var lines []string
	for _, o := range p.Objects {
		for _, f := range o.Fields {
			switch {
			case f.Path == ".spec.replicas":
				lines = append(lines, scaleCommand(p.Place, o.Ref, catalog.ExactPods, f.To))
			case f.Path == ".spec.minReplicas" || f.Path == ".spec.maxReplicas":
				lines = append(lines, boundCommand(p.Place, o.Ref.Name, strings.TrimPrefix(f.Path, ".spec."), f.To))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// nothingToRestart says why there is nothing to choose.
func nothingToRestart(d RestartData) string {
	if d.App.Revision == 0 {
		return "None of its revisions is applied yet, so there is nothing to restart."
	}
	return "It has no Deployment, StatefulSet or DaemonSet whose pods could be replaced."
}

// nothingToScale says why there is no number to set.
func nothingToScale(d ScaleData) string {
	switch {
	case d.App.Revision == 0:
		return "None of its revisions is applied yet, so there is nothing to scale."
	case d.NoTemplate:
		return d.App.Template.String() + " is no longer in the catalogue, so its fields are not known. Take a newer version of it, and set the number there."
	}
	return "No field of its template is the number of pods by itself. What the form has in its place is in “New version”."
}
