package catalog

import (
	"text/template/parse"

	"github.com/Masterminds/semver/v3"
)

// Templates call methods, too, of what they see and of what functions give: no function stands there that the
// meter could stand in front of. They are named in the text of the template, so the parsed template is changed
// where one is named that makes something new: what it gives is taken into account before anything keeps it.

const (
	takeFunc = "slipwayTake"
	globFunc = "slipwayGlob" // looks at the pattern of .Files.Glob, whose parser calls itself for each brace
)

// making are the methods that make texts or lists: of .Files, of values, of times and of versions. A field of
// such a name is taken into account as well, which does no harm.
var making = setOf("Get", "Glob", "AsConfig", "AsSecrets", "Lines", yamlMethod, "Format", "AppendFormat",
	"String", "MarshalText", "MarshalJSON", "SetMetadata", "SetPrerelease", "IncPatch", "IncMinor", "IncMajor")

// yamlMethod goes through all values that it is called on, so these are weighed first.
const yamlMethod = "YAML"

// countMethods makes a pipe account for what the methods in it give.
func countMethods(p *parse.PipeNode) {
	if p == nil {
		return
	}
	var commands []*parse.CommandNode
	for _, c := range p.Cmds {
		made := makes(c.Args[0])
		if globs(c.Args[0]) {
			if len(commands) > 0 {
				commands = append(commands, command(c.Pos, globFunc))
			}
			for i := 1; i < len(c.Args); i++ {
				c.Args[i] = piped(c.Args[i], globFunc)
			}
		}
		for i, arg := range c.Args {
			arg = weighed(arg)
			if i > 0 && makes(arg) {
				arg = piped(arg, takeFunc)
			}
			c.Args[i] = arg
		}
		if commands = append(commands, c); made {
			commands = append(commands, command(c.Pos, takeFunc))
		}
	}
	p.Cmds = commands
}

// weighed is a node that weighs what the method YAML is called on, and which counts the methods within it.
func weighed(n parse.Node) parse.Node {
	switch n := n.(type) {
	case *parse.PipeNode:
		countMethods(n)
	case *parse.ChainNode:
		if p, ok := n.Node.(*parse.PipeNode); ok {
			countMethods(p)
		}
		if last := len(n.Field) - 1; n.Field[last] == yamlMethod {
			var on parse.Node = n.Node
			if last > 0 {
				on = &parse.ChainNode{NodeType: parse.NodeChain, Pos: n.Pos, Node: n.Node, Field: n.Field[:last]}
			}
			return asYAML(n.Pos, on)
		}
	case *parse.FieldNode:
		if last := len(n.Ident) - 1; n.Ident[last] == yamlMethod {
			var on parse.Node = &parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}
			if last > 0 {
				on = &parse.FieldNode{NodeType: parse.NodeField, Pos: n.Pos, Ident: n.Ident[:last]}
			}
			return asYAML(n.Pos, on)
		}
	case *parse.VariableNode:
		if last := len(n.Ident) - 1; last > 0 && n.Ident[last] == yamlMethod {
			return asYAML(n.Pos, &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:last]})
		}
	}
	return n
}

func asYAML(at parse.Pos, on parse.Node) parse.Node {
	return &parse.ChainNode{NodeType: parse.NodeChain, Pos: at, Node: piped(on, takeFunc), Field: []string{yamlMethod}}
}

// makes tells whether a node calls a method that makes something.
func makes(n parse.Node) bool { return making[lastName(n)] }

func globs(n parse.Node) bool { return lastName(n) == "Glob" }

// lastName is the name of a field or method that a node gives, "" for another node.
func lastName(n parse.Node) string {
	var names []string
	switch n := n.(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		names = n.Ident[1:]
	case *parse.ChainNode:
		names = n.Field
	}
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// piped is a node whose value goes through a function.
func piped(n parse.Node, through string) *parse.PipeNode {
	at := n.Position()
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{
		{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{n}}, command(at, through),
	}}
}

// glob refuses a long pattern, and returns any other.
func (m *meter) glob(v any) any {
	if s, ok := v.(string); ok && len(s) > maxGlobBytes {
		m.stop(tooMuch("a pattern of .Files.Glob", maxGlobBytes, "bytes"))
	}
	return v
}

// take accounts for what a method made, or is about to go through, and returns it.
func (m *meter) take(v any) any {
	m.tick()
	m.look() // methods may take long
	switch v := v.(type) {
	case nil, bool, int, int64, float64:
	case string:
		m.text(len(v))
	case []byte:
		m.text(len(v))
	case semver.Version:
		m.text(len(v.Original()))
	case *semver.Version:
		m.text(len(v.Original()))
	default:
		items, size := m.weigh(v)
		m.items(items)
		m.allot(size)
	}
	return v
}
