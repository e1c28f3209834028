package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlDocuments reads YAML into nodes, which know their lines, and gives their values the meaning
// that Kubernetes' tools give them.
func yamlDocuments(text []byte) ([]document, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var docs []document
	for n := 1; ; n++ {
		var node yaml.Node
		err := dec.Decode(&node)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, syntaxError(n, err)
		}
		c := converter{document: n}
		v, err := c.value(&node, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, document{number: n, line: lineOf(&node), value: v})
	}
}

func lineOf(n *yaml.Node) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		return n.Content[0].Line
	}
	return n.Line
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

func syntaxError(n int, err error) error {
	msg := err.Error()
	m := yamlLine.FindStringSubmatch(msg)
	line, _ := strconv.Atoi(m[1])
	return &DecodeError{Document: n, Line: line, Message: "this is not YAML: " + msg[len(m[0]):]}
}

// converter makes values of the nodes of one document.
type converter struct {
	document int
	aliased  int // values that came from aliases so far
	inAlias  int
}

func (c *converter) fail(n *yaml.Node, format string, args ...any) error {
	return &DecodeError{Document: c.document, Line: n.Line, Message: fmt.Sprintf(format, args...)}
}

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	if depth > DepthLimit {
		return nil, c.fail(n, "it is nested more than %d levels deep", DepthLimit)
	}
	if c.inAlias > 0 {
		if c.aliased++; c.aliased > aliasLimit {
			return nil, c.fail(n, "its aliases stand for more than %d values", aliasLimit)
		}
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return c.value(n.Content[0], depth)
	case yaml.AliasNode:
		c.inAlias++
		defer func() { c.inAlias-- }()
		return c.value(n.Alias, depth+1) // one level, so that an alias within itself ends
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		return c.sequence(n, depth)
	case yaml.ScalarNode:
		return c.scalar(n)
	default:
		return nil, nil // an empty document
	}
}

func (c *converter) sequence(n *yaml.Node, depth int) (any, error) {
	if err := c.checkTag(n, "!!seq"); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(n.Content))
	for _, item := range n.Content {
		v, err := c.value(item, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (c *converter) mapping(n *yaml.Node, depth int) (any, error) {
	if err := c.checkTag(n, "!!map"); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if isMerge(k) {
			merges = append(merges, n.Content[i+1])
			continue
		}
		key, err := c.key(k)
		if err != nil {
			return nil, err
		}
		if _, twice := out[key]; twice {
			return nil, c.fail(k, "the key %q stands twice", key)
		}
		if out[key], err = c.value(n.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	for _, m := range merges {
		if err := c.merge(out, m, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0
}

// merge puts what "<<" names into out, where out has no such key itself.
func (c *converter) merge(out map[string]any, n *yaml.Node, depth int) error {
	v, err := c.value(n, depth+1)
	if err != nil {
		return err
	}
	sources, ok := v.([]any)
	if !ok {
		sources = []any{v}
	}
	for _, s := range sources {
		m, ok := s.(map[string]any)
		if !ok {
			return c.fail(n, "“<<” takes a map, or a list of maps")
		}
		for k, v := range m {
			if _, has := out[k]; !has {
				out[k] = v
			}
		}
	}
	return nil
}

// key makes text of a key, as JSON wants it. Kubernetes' tools turn 8080 and true into text too.
func (c *converter) key(k *yaml.Node) (string, error) {
	for k.Kind == yaml.AliasNode {
		k = k.Alias
	}
	if k.Kind != yaml.ScalarNode {
		return "", c.fail(k, "a key is not text")
	}
	v, err := c.scalar(k)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	default:
		return "", c.fail(k, "the key %q is not text; put it in quotes", k.Value)
	}
}

func (c *converter) scalar(n *yaml.Node) (any, error) {
	if strings.IndexByte(n.Value, 0) >= 0 {
		return nil, c.fail(n, "a text holds a NUL")
	}
	tagged := n.Style&yaml.TaggedStyle != 0
	if !tagged && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n.Value, nil
	}
	if tagged {
		if tag := n.ShortTag(); tag != "!!str" {
			return nil, c.fail(n, "the tag %s is not known here", tag)
		}
		return n.Value, nil
	}
	v, ok := resolve(n.Value)
	if !ok {
		return nil, c.fail(n, "the number %s is too large, or not a number in JSON; put it in quotes if it is text", n.Value)
	}
	return v, nil
}

func (c *converter) checkTag(n *yaml.Node, want string) error {
	if n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != want {
		return c.fail(n, "the tag %s is not known here", n.ShortTag())
	}
	return nil
}
