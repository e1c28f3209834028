package templates

import (
	"strings"
	"testing"
)

func TestAReadmeIsShownAndDoesNothingElse(t *testing.T) {
	for name, tc := range map[string]struct {
		source      string
		want, never []string
	}{
		"headings go below those of the page": {"# A\n\n## B\n\n###### C", []string{"<h3>A</h3>", "<h4>B</h4>", "<h6>C</h6>"}, []string{"<h1", "<h2", "id="}},
		"html":                                {"a <script>alert(1)</script> <img src=x onerror=alert(1)>\n\n<div onclick=x>\n\ntext", []string{"text"}, []string{"<script", "<img", "<div", "onerror", "onclick"}},
		"scripts as links":                    {"[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x) <javascript:alert(1)>", []string{"a", "b"}, []string{"href=\"javascript", "href=\"data", "href=\"vbscript"}},
		"links outside":                       {"[a](https://example.com/x \"t\") and https://example.org/y", []string{`href="https://example.com/x"`, `rel="noopener noreferrer nofollow"`, `href="https://example.org/y"`}, nil},
		"links to files":                      {"[the **schema**](values.schema.json) [up](../../x) [here](#a) [there](//evil.example)", []string{"the <strong>schema</strong>", "up", "here", "there"}, []string{"<a"}},
		"images":                              {"![a *picture*](https://example.com/x.png) [![in a link](x.png)](https://example.com)", []string{"a <em>picture</em>", "in a link"}, []string{"<img", "x.png"}},
		"tables and code":                     {"|a|b|\n|-|-|\n|1|<b>|\n\n```yaml\na: <b>\n```", []string{"<table>", "<td>1</td>", "a: &lt;b&gt;"}, []string{"<b>"}},
		"reference links":                     {"[a]\n\n[a]: javascript:alert(1)", []string{"a"}, []string{"<a"}},
		"longer than a page":                  {strings.Repeat("word ", readmeLimit), []string{"…"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := draw(t, readme(tc.source))
			for _, s := range tc.want {
				if !strings.Contains(got, s) {
					t.Errorf("%q is not in %.400s", s, got)
				}
			}
			for _, s := range tc.never {
				if strings.Contains(got, s) {
					t.Errorf("%q is in %.400s", s, got)
				}
			}
			if n := strings.Count(got, "<a "); n != strings.Count(got, `rel="noopener noreferrer nofollow"`) {
				t.Errorf("a link without rel in %.400s", got)
			}
		})
	}
}

func FuzzReadme(f *testing.F) {
	f.Add("# a\n[x](javascript:1) ![y](z) <b onclick=x>")
	f.Add("[![a](b)](https://x)\n\n|a|\n|-|\n")
	f.Fuzz(func(t *testing.T, source string) {
		got := draw(t, readme(source))
		for _, s := range []string{"<script", "<img", "<iframe", "<style", "href=\"javascript:"} {
			if strings.Contains(strings.ToLower(got), s) {
				t.Errorf("%q is in %q", s, got)
			}
		}
	})
}
