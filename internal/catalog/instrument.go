package catalog

import (
	"fmt"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// Names of the functions that the instrumented templates call; see meter.
const (
	enterFunc = "slipwayEnter"
	leaveFunc = "slipwayLeave"
	stepFunc  = "slipwayStep"
	printFunc = "slipwayPrint"
)

// callable names every function of templates, for the parser, which refuses any other.
var callable = sync.OnceValue(func() template.FuncMap {
	nothing := func() string { return "" }
	all := template.FuncMap{"include": nothing, "tpl": nothing}
	for name := range functions() {
		all[name] = nothing
	}
	return all
})

// templateFile is one file of a chart's templates: parsed and instrumented once, then only read, so that
// any number of renderings run it at a time.
type templateFile struct {
	trees map[string]*parse.Tree // what it defines; its own text is under ""
	// unknown is what Helm says when a template calls a function that there is not. It says so only of charts that
	// are rendered: a dependency may be left out.
	unknown error
}

// parseFile parses a file of templates. name is that of messages.
func parseFile(name, text string) (*templateFile, error) {
	// The parser calls itself for every branch within a branch, and a stack that is used up ends the process.
	if strings.Count(text, "{{") > maxActions {
		return nil, fmt.Errorf("%s: %w", name, tooMuch("a file of templates", maxActions, "actions"))
	}
	set, err := template.New(name).Funcs(callable()).Parse(text)
	if err != nil {
		lenient := parse.New(name)
		lenient.Mode = parse.SkipFuncCheck
		if _, err := lenient.Parse(text, "", "", map[string]*parse.Tree{}); err != nil {
			return nil, err
		}
		return &templateFile{unknown: parseError(name, err)}, nil
	}
	f := &templateFile{trees: map[string]*parse.Tree{}}
	for _, t := range set.Templates() {
		instrument(t.Tree)
		if t.Name() == name {
			f.trees[""] = t.Tree
			continue
		}
		f.trees[t.Name()] = t.Tree
	}
	return f, nil
}

// instrument changes a template so that it does the same and counts what it does: a step at the beginning
// of every template and every turn of a loop, every printed value that is not certainly a text, and what
// methods make (see countMethods). The engine cannot be interrupted, so the template interrupts itself. An
// empty template stays one: it does not take the place of another of its name.
func instrument(t *parse.Tree) {
	if t.Root == nil || parse.IsEmptyTree(t.Root) {
		return
	}
	countList(t.Root)
	t.Root.Nodes = append(append([]parse.Node{calling(t.Root.Pos, enterFunc)}, t.Root.Nodes...), calling(t.Root.Pos, leaveFunc))
}

func countList(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			prints := len(n.Pipe.Decl) == 0 && !printsText(n.Pipe)
			countMethods(n.Pipe)
			if prints {
				n.Pipe.Cmds = append(n.Pipe.Cmds, command(n.Pos, printFunc))
			}
		case *parse.TemplateNode:
			countMethods(n.Pipe)
		case *parse.IfNode:
			countBranch(&n.BranchNode)
		case *parse.WithNode:
			countBranch(&n.BranchNode)
		case *parse.RangeNode:
			countBranch(&n.BranchNode)
			n.List.Nodes = append([]parse.Node{calling(n.Pos, stepFunc)}, n.List.Nodes...)
		}
	}
}

func countBranch(n *parse.BranchNode) {
	countMethods(n.Pipe)
	countList(n.List)
	countList(n.ElseList)
}

// printsText tells whether what a pipe gives needs no look before it is printed: a constant, or what a function
// gives that makes texts.
func printsText(p *parse.PipeNode) bool {
	switch first := p.Cmds[len(p.Cmds)-1].Args[0].(type) {
	case *parse.IdentifierNode:
		return returnsText(first.Ident)
	case *parse.StringNode:
		return true
	}
	return false
}

func calling(at parse.Pos, name string) parse.Node {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: at, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{command(at, name)},
	}}
}

func command(at parse.Pos, name string) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{parse.NewIdentifier(name).SetPos(at)}}
}
