package templates

import (
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/environ"
)

// EnvironmentData is what the containers of an application find set.
type EnvironmentData struct {
	App        change.Application
	Containers []environ.Container
}

func environmentVerdict(d EnvironmentData) string {
	if len(d.Containers) == 0 {
		return "No revision is applied yet, so nothing runs and nothing is set."
	}
	return "What the processes of each container find set, and where it comes from."
}

// environmentWords sum up the environments of several containers.
func environmentWords(list []environ.Container) string {
	over := 0
	for _, c := range list {
		over += overrides(c)
	}
	s := "of " + count(len(list), "container")
	if over > 0 {
		s += fmt.Sprintf(", %s overridden", count(over, "value"))
	}
	return s
}

func containerWords(c environ.Container) string {
	s := count(len(c.Variables), "variable")
	for _, from := range c.Sources {
		if !from.Known {
			s += " and what is in " + string(from.Kind) + " " + from.Name
		}
	}
	if n := overrides(c); n > 0 {
		s += fmt.Sprintf(", %d of them %s another", n, verb(n, "overrides", "override"))
	}
	return s
}

// longestValue is the most characters of a value that a list shows: of a file that somebody put into a variable
// one wants to know that it is there. The manifests have all of it.
const longestValue = 300

func beginning(value string) string {
	if r := []rune(value); len(r) > longestValue {
		return string(r[:longestValue]) + "…"
	}
	return value
}

// environmentNote says what is not in the environment of a plan.
func environmentNote(p change.Plan) string {
	if len(withProblems(p)) > 0 {
		return "What the cluster refuses is not in it."
	}
	return ""
}

func overrides(c environ.Container) int {
	n := 0
	for _, v := range c.Variables {
		if len(v.Overrides) > 0 {
			n++
		}
	}
	return n
}

// containerTitle names a container by its workload, and by itself where that is another name.
func containerTitle(c environ.Container) string {
	s := c.Workload.Name
	if c.Name != s {
		s += ", container " + c.Name
	}
	if c.Init {
		s += ", before the others"
	}
	return s
}

func environmentID(c environ.Container) string {
	return "env-" + nodeID(c.Workload) + "-" + c.Name
}

// listWord stands before item i of n.
func listWord(i, n int) string {
	switch {
	case i == 0:
		return ""
	case i == n-1:
		return ", then "
	}
	return ", "
}

// sourceWords say what a ConfigMap or Secret gives.
func sourceWords(s environ.Source) string {
	var words []string
	switch {
	case s.Missing:
		words = append(words, "not there")
	case !s.Known:
		words = append(words, "its keys are not known here")
	default:
		words = append(words, fmt.Sprintf("%d", s.Gives))
	}
	if s.Prefix != "" {
		words = append(words, "each with "+s.Prefix+" before it")
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// sourcesEnd says which one wins.
func sourcesEnd(c environ.Container) string {
	own := 0
	for _, v := range c.Variables {
		if v.Origin.Kind != environ.Own && v.Key == v.Name {
			continue
		}
		own++
	}
	switch {
	case own > 0:
		return ", then what is set one by one. What comes later wins."
	case len(c.Sources) > 1:
		return ". What comes later wins."
	}
	return "."
}

// ifThere tells of a key that need not be there, where nobody knows whether it is.
func ifThere(o environ.Origin) string {
	if o.Optional && o.Unseen {
		return ", if that key is there"
	}
	return ""
}

// variableNotes say what becomes of references in a value.
func variableNotes(v environ.Variable) []string {
	var out []string
	if n := len(v.Expands); n > 0 {
		out = append(out, fmt.Sprintf("%s %s replaced by the value of that variable.", asReferences(v.Expands), verb(n, "is", "are")))
	}
	if n := len(v.Literal); n > 0 {
		out = append(out, fmt.Sprintf("%s %s as written: no variable of that name comes before.", asReferences(v.Literal), verb(n, "stays", "stay")))
	}
	return out
}

func asReferences(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "$(" + n + ")"
	}
	return strings.Join(out, ", ")
}

func quoted(names []string) string { return strings.Join(names, ", ") }

// kubectlEnvironment shows what a pod has, where its image has the command for it.
func kubectlEnvironment(d EnvironmentData) string {
	workload := "deploy/" + d.App.Name
	if len(d.Containers) > 0 {
		w := d.Containers[0].Workload
		workload = strings.ToLower(w.Kind) + "/" + w.Name
	}
	return fmt.Sprintf("kubectl -n %s set env %s --list", d.App.Place.Namespace, workload)
}
