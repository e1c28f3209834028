package auth

import (
	"net/url"
	"strings"
	"testing"
)

var nextSeeds = map[string]bool{ // whether it is let through
	"/":                            true,
	"/applications?team=a&q=b%2Fc": true,
	"/targets/payments/production/apps/a%20b": true,
	"/audit?text=C%3A%5Cx":                    true,
	"/changes/12/plan?diff=split":             true,
	"":                                        false,
	"applications":                            false,
	"//evil.example":                          false,
	"///evil.example":                         false,
	`/\evil.example`:                          false,
	`\\evil.example`:                          false,
	"/%2fevil.example":                        false,
	"/%252fevil.example":                      false,
	"/%5cevil.example":                        false,
	"/%25255cevil.example":                    false,
	"/\tevil":                                 false,
	"/\n/evil.example":                        false,
	"/%0d%0aSet-Cookie:x":                     false,
	"/?a=%0d%0ab":                             false,
	"/%00":                                    false,
	"/\x7f":                                   false,
	"/\u0085":                                 false,
	"/a/../..//evil.example":                  false,
	"/./x":                                    false,
	"/%2e%2e/x":                               false,
	"https://evil.example/":                   false,
	"javascript:alert(1)":                     false,
	"/auth/callback?code=x":                   false,
	"/%61uth/start":                           false,
	"/sign-in?next=/sign-in":                  false,
	"/x#//evil":                               false,
	"/%zz":                                    false,
	"/" + strings.Repeat("a", 3000):           false,
}

func TestSafeNext(t *testing.T) {
	for raw, want := range nextSeeds {
		got := SafeNext(raw)
		if passed := got == raw; passed != want {
			t.Errorf("%q gave %q", raw, got)
		}
		if !want && got != "/" {
			t.Errorf("%q gave %q and not /", raw, got)
		}
	}
}

// Whatever goes in, what comes out stays within the portal, as a browser understands it.
func FuzzNext(f *testing.F) {
	for raw := range nextSeeds {
		f.Add(raw)
	}
	base, _ := url.Parse("https://portal.example/sign-in")
	f.Fuzz(func(t *testing.T, raw string) {
		got := SafeNext(raw)
		if got != "/" && got != raw {
			t.Fatalf("%q was changed to %q", raw, got)
		}
		if SafeNext(got) != got {
			t.Fatalf("%q is not taken a second time", got)
		}
		seen := got
		for range 4 { // a proxy may decode, and a browser drops tabs and turns backslashes
			seen = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(seen)
			path, _, _ := strings.Cut(seen, "?")
			if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
				t.Fatalf("%q leaves the portal as %q", raw, seen)
			}
			decoded, err := url.PathUnescape(path)
			if err != nil {
				t.Fatalf("%q is half encoded: %q", raw, path)
			}
			seen = decoded
		}
		ref, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", got, err)
		}
		if to := base.ResolveReference(ref); to.Host != base.Host || to.Scheme != base.Scheme {
			t.Fatalf("%q leads to %s", raw, to)
		}
	})
}
