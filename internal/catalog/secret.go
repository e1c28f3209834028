package catalog

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"slipway.dev/slipway/internal/manifest"
)

// A secret field never holds its value: what is typed is judged and sealed while the form is read, and
// from then on a token stands for it (see manifest.Token). A value that is asked for and was not given is
// manifest.Unset, so that a plan can be made and says what is missing; "" is empty on purpose.

// secret reads the control of a secret field. It is posted as the token that stood in the form, then as
// what was typed, then, ticked, as manifest.Empty: the last that is not empty counts. shape is what such values
// usually are; nil if nobody knows.
func (r *formReader) secret(f *Field, path string, n *node, shape *Shape) Control {
	c := newControl(f, path)
	kept, typed := "", ""
	if n != nil {
		n.used = true
		for _, v := range n.values {
			switch {
			case v == "":
			case manifest.IsToken(v):
				kept, typed = v, ""
			default:
				typed = v
			}
		}
	}
	fromFile := false
	if n != nil && n.file != "" {
		typed, fromFile = n.file, true
	}
	switch {
	case n != nil && n.action.generate && f.Generate != "":
		made, err := generated(f.generate(shape))
		if err != nil {
			r.found.add(path, "This template cannot make a value here. Type one.", worst)
			break
		}
		kept = r.sealed(f, path, made, kept)
	case typed == manifest.Empty:
		c.Set = true
		return c
	case typed != "":
		if !fromFile {
			typed = strings.ReplaceAll(typed, "\r\n", "\n") // as browsers post a line's end
		}
		kept = r.sealed(f, path, typed, kept)
		if _, refused := r.found[path]; shape != nil && !refused && !shape.fits(typed) {
			r.odd.add(path, shape.Odd(), usual)
		}
	}
	c.holdToken(kept)
	return c
}

// sealed judges a value and puts its token in its place. A value that will not do is not kept, since it
// could be shown to nobody: what stood there before stays.
func (r *formReader) sealed(f *Field, path, value, before string) string {
	if says := f.judgeSecret(value); says != "" {
		r.found.add(path, says+" What was typed is not kept: type it again.", worst)
		return before
	}
	if r.seal == nil {
		r.found.add(path, "Secret values cannot be taken here at the moment.", worst)
		return before
	}
	token := r.seal(value)
	r.secrets[token] = value
	return string(token)
}

// judgeSecret says what is wrong with a value, "" if nothing is. It does not repeat the value.
func (f *Field) judgeSecret(value string) string {
	length := utf8.RuneCountInString(value)
	switch {
	case len(value) > manifest.MaxSecretBytes:
		return "Take " + grouped(manifest.MaxSecretBytes) + " bytes or less: a Secret holds no more."
	case f.MinLength != nil && length < *f.MinLength:
		return fmt.Sprintf("Take %s or more.", counted(*f.MinLength, "character"))
	case f.MaxLength != nil && length > *f.MaxLength:
		return fmt.Sprintf("Take %s or fewer.", counted(*f.MaxLength, "character"))
	}
	re, err := regexp.Compile(f.Pattern)
	if f.Pattern != "" && err == nil && !re.MatchString(value) {
		return unfit(f)
	}
	return ""
}

// holdToken makes the control show what stands for a value: a token, "" or nothing.
func (c *Control) holdToken(token string) {
	switch {
	case token == string(manifest.Unset):
		c.Set, c.Unset, c.Value = true, true, token // posted back, it asks for a value again
	case token == "" && !c.Set:
		c.Unset = c.Field.Required
	case manifest.IsToken(token):
		c.Set, c.Stored, c.Value = true, true, token
	}
}

// secretValue is what the inputs hold for the control.
func (c *Control) secretValue() (any, bool) {
	switch {
	case c.Stored:
		return c.Value, true
	case c.Set && !c.Unset:
		return "", true
	case c.Set || c.Field.Required:
		return string(manifest.Unset), true
	}
	return nil, false
}

// onlyUnset tells whether a value holds nothing but secrets that have no value: a row of which nobody has
// filled in anything.
func onlyUnset(v any) bool {
	switch x := v.(type) {
	case string:
		return x == string(manifest.Unset)
	case map[string]any:
		for _, inner := range x {
			if !onlyUnset(inner) {
				return false
			}
		}
		return true
	}
	return false
}

// maxGenerated is the most bytes that x-ui-generate may ask for.
const maxGenerated = 1024

// generated makes a random value: "hex:32" is 32 bytes in hexadecimal, "base64:32" in base64.
func generated(spec string) (string, error) {
	form, size, _ := strings.Cut(spec, ":")
	n, err := strconv.Atoi(size)
	if err != nil || n < 1 || n > maxGenerated {
		return "", fmt.Errorf("x-ui-generate is %q; it is a form and a number of bytes, such as hex:32", spec)
	}
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // it never fails: crypto/rand ends the program instead
	switch form {
	case "hex":
		return hex.EncodeToString(raw), nil
	case "base64":
		return base64.StdEncoding.EncodeToString(raw), nil
	}
	return "", fmt.Errorf("x-ui-generate is %q; the form is hex or base64", spec)
}

// Secrets lists the secret fields of the inputs that are there, in the order of the form.
func (t *Template) Secrets(in Inputs) []SecretUse {
	if t.loaded == nil {
		return nil
	}
	titles := map[string]string{}
	controls := shown(forgetful.fill(t.Fields, "", "", declared(t.Fields, in), t.loaded.defaults), t.loaded.conds, t.values(in))
	for i := range controls {
		controls[i].name("", titles)
	}
	var uses []SecretUse
	for i := range controls {
		controls[i].each(func(c *Control) {
			if v, ok := c.secretValue(); ok && c.Field.Secret {
				uses = append(uses, SecretUse{Path: c.path(), Title: titles[c.path()], Token: manifest.Token(v.(string))})
			}
		})
	}
	return uses
}

// declared writes manifest.Unset for the secret values that inputs name without giving them: null, as
// files have it. The inputs themselves are not changed.
func declared(fields []Field, in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		if f := named(fields, k); f != nil {
			v = f.declared(v)
		}
		out[k] = v
	}
	return out
}

func (f *Field) declared(v any) any {
	if v == nil && f.Secret {
		return string(manifest.Unset)
	}
	return f.within(v, func(f *Field, m map[string]any) map[string]any { return declared(f.Fields, m) }, (*Field).declared)
}

// plainSecrets finds values of secret fields that are neither a token nor empty, by JSON pointer.
func plainSecrets(fields []Field, in map[string]any) []string {
	var found []string
	visit(fields, in, "", func(f *Field, v any, pointer string, _ map[string]any) {
		s, isText := v.(string)
		if f.Secret && v != nil && !(isText && (s == "" || manifest.IsToken(s))) {
			found = append(found, pointer)
		}
	})
	return found
}

// isTokenAt tells whether a token stands at a place of the values. What the schema says of a secret is
// judged when it is typed; of its token it means nothing.
func isTokenAt(v any, location []string) bool {
	for _, step := range location {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, ok := rowIndex(step)
			if !ok || i >= len(x) {
				return false
			}
			v = x[i]
		default:
			return false
		}
	}
	s, ok := v.(string)
	return ok && manifest.IsToken(s)
}
