package templates

import "slices"

// htmxConfig turns on what the strict Content-Security-Policy needs, and turns off what the portal
// leaves to the browser. What a person folded open stays open when a stream renews it.
const htmxConfig = `{"extensions":"hx-csp, sse","history":false,"includeIndicatorCSS":false,"morphIgnore":["data-htmx-powered","open"],"sse":{"reconnectMaxDelay":15000}}`

type key struct {
	Keys []string
	Does string
}

// keyList is what the dialog behind “?” says; app.js does it.
var keyList = []key{
	{[]string{"/"}, "find an application"},
	{[]string{"?"}, "these keys"},
	{[]string{"g", "c"}, "catalogue"},
	{[]string{"g", "a"}, "applications"},
	{[]string{"g", "h"}, "changes"},
	{[]string{"g", "u"}, "audit"},
	{[]string{"g", "d"}, "admin"},
	{[]string{"t"}, "target"},
	{[]string{"↑", "↓"}, "move in a list, also j and k"},
	{[]string{"↵"}, "open"},
	{[]string{"n"}, "new application"},
	{[]string{"f"}, "filter"},
	{[]string{"Esc"}, "close, or back"},
	{[]string{"Ctrl", "↵"}, "send the form"},
	{[]string{"a"}, "go to Approve"},
	{[]string{"r"}, "go to the comment"},
	{[]string{"d"}, "next difference"},
	{[]string{"s"}, "unified or split"},
	{[]string{"o"}, "open the change"},
	{[]string{"l"}, "logs"},
	{[]string{"p"}, "pause the view"},
}

// keysFor are the keys that lead somewhere for this person.
func keysFor(p Page) []key {
	return slices.DeleteFunc(slices.Clone(keyList), func(k key) bool { return k.Does == "admin" && !p.Admin })
}
