package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// problem is something wrong with the configuration, and where.
type problem struct {
	line int    // of the file, from 1; 0 for the file as a whole
	key  string // "targets[2].namespace"; empty for the file as a whole
	says string // one sentence without a full stop at its end
}

// problems are all that is wrong with a configuration, as one error.
type problems struct {
	file string
	list []problem
}

// Error gives a line for each problem, in the order of the file: "portal.yaml:12: session.idle: …".
func (p *problems) Error() string {
	slices.SortStableFunc(p.list, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var b strings.Builder
	for i, one := range p.list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.file)
		if one.line > 0 {
			fmt.Fprintf(&b, ":%d", one.line)
		}
		if one.key != "" {
			b.WriteString(": " + one.key)
		}
		b.WriteString(": " + one.says)
	}
	return b.String()
}
