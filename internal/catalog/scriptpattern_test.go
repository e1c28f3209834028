package catalog

import (
	"regexp"
	"strings"
	"testing"
)

// What Go takes and a browser throws at, or reads as something else, is refused with a word on what to write.
func TestScriptPattern(t *testing.T) {
	for p, says := range map[string]string{
		"":                                 "",
		`(^|_)(URL|ADDR)$`:                 "",
		`^[0-9a-fA-F]{64}$`:                "",
		`^(?:a|b)+?\.\/[\]\-^[]{2,}(x)*\b`: "",
		`\x41\d\S[\w.]*é`:                  "",
		`^{`:                               "",
		`[$^]*(^)*`:                        "",
		`(`:                                "no regular expression",
		`(?=a)`:                            "no regular expression",
		`(?i)token$`:                       "both cases as [Aa]",
		`a(?i:b)`:                          "both cases as [Aa]",
		`(?P<n>a)`:                         "as (?:…)",
		`(?<n>a)(?<n>b)`:                   "as (?:…)", // Go takes the name twice
		`\Atoken\z`:                        `\A`,
		`token\z`:                          `\z`,
		`\Qa.b\E`:                          `\Q`,
		`\pL`:                              `\p`,
		`[\P{Greek}]`:                      `\P`,
		`\x{41}`:                           `\x{`,
		`\012`:                             `\0`,
		`[[:alpha:]]`:                      "[:…:]",
		`[]a]`:                             `\]`,
		`[^]a]`:                            `\]`,
		`^*a`:                              "repeated after ^",
		`a$+`:                              "repeated after $",
		`\b{2}`:                            `repeated after \b`,
		`[😀-😎]`:                            "U+FFFF",
	} {
		re, err := scriptPattern(p)
		switch {
		case says == "" && (err != nil || re == nil):
			t.Errorf("%q: %v", p, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%q: %v, want %q", p, err, says)
		}
	}
}

// FuzzScriptPattern: whatever Go takes is judged without breaking, and nothing else passes.
func FuzzScriptPattern(f *testing.F) {
	for _, p := range []string{`(^|_)URL$`, `[^]a]`, `\`, `[\`, `\Q\`, `(?i)a`, `[[:alpha:]]`, `^{2}`, "\xf0", `[a\]]`} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		_, err := scriptPattern(p)
		if _, gone := regexp.Compile(p); gone != nil && err == nil {
			t.Errorf("%q passes and does not compile: %v", p, gone)
		}
	})
}
