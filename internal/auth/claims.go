package auth

import (
	"encoding/json"
	"maps"
	"math"
	"strings"
	"time"
	"unicode"

	"slipway.dev/slipway/internal/policy"
)

const (
	subjectLimit = 255 // bytes; OpenID Connect Core 1.0, section 2
	nameLimit    = 200 // runes of a name or an e-mail address that are kept
)

// person is somebody as the provider knows them.
type person struct {
	policy.Person
	groups []string
}

// claims are a JSON object that was verified, its members not read yet.
type claims map[string]json.RawMessage

func (c claims) has(name string) bool {
	raw, ok := c[name]
	return ok && string(raw) != "null"
}

// text is a claim that is a string, or "" where it is absent or something else.
func (c claims) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// after tells whether a claim holds a time that lies after t. A claim that is no number is taken for
// one, since it cannot be shown to lie before.
func (c claims) after(name string, t time.Time) bool {
	if !c.has(name) {
		return false
	}
	var seconds float64
	if json.Unmarshal(c[name], &seconds) != nil || math.IsNaN(seconds) {
		return true
	}
	return seconds > float64(t.Unix())
}

// wants tells whether UserInfo should be asked: whether something is missing that a page shows or
// that rights rest on.
func (c claims) wants(groups string) bool {
	return !c.has(groups) || !c.has("name") || !c.has("email")
}

// completedBy takes from more what c lacks. What the ID token says is not replaced: it is signed.
func (c claims) completedBy(more claims) claims {
	all := maps.Clone(more)
	for name := range c {
		if c.has(name) {
			all[name] = c[name]
		}
	}
	return all
}

func (c claims) person(issuer, groupsClaim string) (person, error) {
	sub := c.text("sub")
	if sub == "" || len(sub) > subjectLimit || strings.ContainsFunc(sub, unicode.IsControl) {
		return person{}, refuse(FailureAnswer, "the ID token names nobody (sub)", nil)
	}
	groups, err := c.groups(groupsClaim)
	if err != nil {
		return person{}, err
	}
	p := person{groups: groups}
	p.Identity = policy.Identity{Issuer: issuer, Subject: sub}
	p.Email = printable(c.text("email"), nameLimit)
	for _, name := range []string{"name", "preferred_username", "email", "sub"} {
		if p.Name = printable(c.text(name), nameLimit); p.Name != "" {
			break
		}
	}
	return p, nil
}

// groups reads a list of strings or a single string. Somebody without the claim is in no group.
// Anything else is refused: a claim that is misread could give rights.
func (c claims) groups(name string) ([]string, error) {
	if !c.has(name) {
		return nil, nil
	}
	var list []*string
	if one := new(string); json.Unmarshal(c[name], one) == nil {
		list = []*string{one}
	} else if json.Unmarshal(c[name], &list) != nil {
		return nil, refuse(FailureAnswer, "the claim "+name+" is neither a list of strings nor a string", nil)
	}
	var out []string
	for _, g := range list {
		if g == nil {
			return nil, refuse(FailureAnswer, "the claim "+name+" holds something that is not a string", nil)
		}
		if *g != "" {
			out = append(out, *g)
		}
	}
	return out, nil
}

// printable drops what would not be seen or would reorder what is around it, and cuts after limit runes.
func printable(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			continue
		}
		if n == limit {
			return strings.TrimSpace(b.String()) + "…"
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
