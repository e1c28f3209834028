package templates

import (
	"bytes"

	"github.com/a-h/templ"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	source "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// readmeLimit is the most bytes of a README that a page shows.
const readmeLimit = 256 << 10

// readmeLevel is how far the headings of a README are below those of the page: its first is an h3.
const readmeLevel = 2

// markdown reads CommonMark with tables. HTML in it is left out, addresses that run scripts are too
// (goldmark's own safe mode), and so is all that would load something or lead to a file that is not here.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(tamed{}, 100))),
	goldmark.WithRendererOptions(html.WithXHTML()),
)

// readme renders the README of a chart, which is somebody's text and not the portal's.
func readme(said string) templ.Component {
	if len(said) > readmeLimit {
		said = said[:readmeLimit] + "\n\n…"
	}
	var b bytes.Buffer
	if err := markdown.Convert([]byte(said), &b); err != nil {
		return templ.Raw("") // it is written to memory, which does not fail
	}
	return templ.Raw(b.String())
}

// tamed changes what was read, before it is written.
type tamed struct{}

// Transform implements parser.ASTTransformer.
func (tamed) Transform(doc *ast.Document, from source.Reader, _ parser.Context) {
	var links []*ast.Link
	var plain []*ast.AutoLink
	var images []*ast.Image
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(6, n.Level+readmeLevel)
		case *ast.Link:
			links = append(links, n)
		case *ast.AutoLink:
			mayLeave(n)
			if !absolute(n.URL(from.Source())) { // unlike other links, goldmark takes these as they are
				plain = append(plain, n)
			}
		case *ast.Image:
			images = append(images, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range plain {
		n.Parent().ReplaceChild(n.Parent(), n, ast.NewString(n.Label(from.Source())))
	}
	for _, n := range images { // the policy of the pages lets none in; its text says what it shows
		unwrap(n)
	}
	for _, n := range links {
		if absolute(n.Destination) {
			mayLeave(n)
			continue
		}
		unwrap(n) // it leads to a file of the chart, which is not here
	}
}

func absolute(address []byte) bool {
	return bytes.HasPrefix(address, []byte("https://")) || bytes.HasPrefix(address, []byte("http://"))
}

func mayLeave(n ast.Node) { n.SetAttributeString("rel", []byte("noopener noreferrer nofollow")) }

// unwrap puts the children of a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, n, c)
		c = next
	}
	parent.RemoveChild(parent, n)
}
