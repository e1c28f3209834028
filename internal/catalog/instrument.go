package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// Names of the functions that the instrumented templates call; see meter.
const (
	enterFunc = "slipwayEnter"
	leaveFunc = "slipwayLeave"
	stepFunc  = "slipwayStep"
	printFunc = "slipwayPrint"
	tplFunc   = "slipwayTemplate"
)

// metered copies a chart with every template instrumented, subcharts included.
func metered(c *chart.Chart) (*chart.Chart, error) {
	n := cloned(c)
	for _, sub := range append(n.Dependencies(), n) {
		if err := instrumentAll(sub); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func instrumentAll(c *chart.Chart) error {
	for i, f := range c.Templates {
		text, err := instrument(f.Name, string(f.Data))
		if err != nil {
			return fmt.Errorf("the chart cannot be read: %w", err)
		}
		c.Templates[i] = &common.File{Name: f.Name, ModTime: f.ModTime, Data: []byte(text)}
	}
	for _, sub := range c.Dependencies() {
		if err := instrumentAll(sub); err != nil {
			return err
		}
	}
	return nil
}

// cloned copies what rendering changes: Helm's engine edits metadata, values and dependencies of the
// chart that it is given.
func cloned(c *chart.Chart) *chart.Chart {
	n := *c
	if c.Metadata != nil {
		m := *c.Metadata
		m.Dependencies = make([]*chart.Dependency, len(c.Metadata.Dependencies))
		for i, d := range c.Metadata.Dependencies {
			dep := *d
			m.Dependencies[i] = &dep
		}
		n.Metadata = &m
	}
	if c.Values != nil {
		n.Values = copied(c.Values).(map[string]any)
	}
	n.Templates = slices.Clone(c.Templates)
	subs := make([]*chart.Chart, 0, len(c.Dependencies()))
	for _, d := range c.Dependencies() {
		subs = append(subs, cloned(d))
	}
	n.SetDependencies(subs...)
	return &n
}

// instrument rewrites a template so that it does the same and counts what it does: a step at the
// beginning of every template, branch and turn of a loop, every printed value, and the same within
// texts given to tpl. The engine cannot be interrupted, so the template interrupts itself.
func instrument(name, text string) (string, error) {
	// The parser calls itself for every branch within a branch, and a stack that is used up ends the process.
	if strings.Count(text, "{{") > maxActions {
		return "", fmt.Errorf("%s: %w", name, tooMuch("a file of templates", maxActions, "actions"))
	}
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	if _, err := tree.Parse(text, "", "", set); err != nil {
		return "", err
	}
	var b strings.Builder
	if tree.Root != nil {
		b.WriteString(body(tree.Root))
	}
	for _, n := range slices.Sorted(maps.Keys(set)) {
		if n == name || set[n].Root == nil {
			continue
		}
		fmt.Fprintf(&b, "{{define %s}}%s{{end}}", strconv.Quote(n), body(set[n].Root))
	}
	return b.String(), nil
}

func body(l *parse.ListNode) string {
	countList(l)
	return "{{" + enterFunc + "}}" + l.String() + "{{" + leaveFunc + "}}"
}

// countList instruments what stands in l: running it is a step, which also accounts for the text in
// it. A text node is printed as it is, so it can hold an action.
func countList(l *parse.ListNode) {
	if l == nil {
		return
	}
	size := 0
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			size += len(n.Text)
		case *parse.ActionNode:
			countPipe(n.Pipe)
			if len(n.Pipe.Decl) == 0 {
				l.Nodes[i] = raw("{{" + n.Pipe.String() + " | " + printFunc + "}}")
			}
		case *parse.IfNode:
			countBranch(&n.BranchNode)
		case *parse.WithNode:
			countBranch(&n.BranchNode)
		case *parse.RangeNode:
			countBranch(&n.BranchNode)
		case *parse.TemplateNode:
			countPipe(n.Pipe)
		}
	}
	l.Nodes = append([]parse.Node{raw(fmt.Sprintf("{{%s %d}}", stepFunc, size))}, l.Nodes...)
}

func countBranch(n *parse.BranchNode) {
	countPipe(n.Pipe)
	countList(n.List)
	countList(n.ElseList)
}

// countPipe finds calls of tpl and lets their text be instrumented first.
func countPipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			switch a := a.(type) {
			case *parse.PipeNode:
				countPipe(a)
			case *parse.ChainNode:
				if inner, ok := a.Node.(*parse.PipeNode); ok {
					countPipe(inner)
				}
			}
		}
		if id, ok := c.Args[0].(*parse.IdentifierNode); ok && id.Ident == "tpl" && len(c.Args) > 1 {
			c.Args[1] = raw("(" + tplFunc + " " + argument(c.Args[1]) + ")")
		}
	}
}

// argument writes a node as one argument of a call.
func argument(n parse.Node) string {
	if _, ok := n.(*parse.PipeNode); ok {
		return "(" + n.String() + ")"
	}
	return n.String()
}

func raw(text string) *parse.TextNode {
	return &parse.TextNode{NodeType: parse.NodeText, Text: []byte(text)}
}
