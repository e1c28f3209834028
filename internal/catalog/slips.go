package catalog

import (
	"net/url"
	"regexp"
	"strings"
)

// slips warns of what people type by mistake, whatever the template: a secret among plain values, and
// settings that have no effect when the program runs.
func (j judge) slips(f *Field, v any, pointer string, around map[string]any) {
	value, _ := v.(string)
	if value == "" || f.Kind != Text && f.Kind != Multiline || f.Picker != nil && f.Picker.Kind != "ServiceURL" {
		return
	}
	name := settingName(f, pointer, around)
	var says string
	switch {
	case builtIn(name):
		says = name + " is put into the pages when the image is built. Set here it changes nothing: give it to the build of the image."
	case f.Secret:
	case holdsPassword(value):
		says = "There is a password in this address, and everybody who sees the application can read it. Put the whole address under the secrets."
	case nameOfSecret(name) && !harmless(value):
		says = "This looks like a secret, and everybody who sees the application can read it. Put " + name + " under the secrets."
	}
	if says != "" {
		j.warned.add(j.pathOf(pointer), says, usual)
	}
}

// settingName is what a value is a setting of: the name of a map's entry, or what stands under "name" or
// "key" beside a "value". Fields of the template itself are its author's, and are none.
func settingName(f *Field, pointer string, around map[string]any) string {
	if around == nil {
		ts := tokens(pointer)
		if last := ts[len(ts)-1]; !isRow(last) {
			return last
		}
		return ""
	}
	if f.name != "value" {
		return ""
	}
	for _, by := range nameFields {
		if s, ok := around[by].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

func isRow(token string) bool {
	_, ok := rowIndex(token)
	return ok
}

var (
	lastWordSecret = regexp.MustCompile(`(?i)(^|[_.-])(key|apikey|secret|secrets|token|password|passwd|passphrase|pass|pwd|credential|credentials|auth|pat)$`)
	anyWordSecret  = regexp.MustCompile(`(?i)(^|[_.-])(secret|password|passwd|passphrase|private_key|api_key|access_key|credentials?)([_.-]|$)`)
	// What such names end with when the value only tells about a secret.
	aboutSecrets = regexp.MustCompile(`(?i)(public|publishable)|[_.-](path|file|dir|name|id|url|uri|host|ttl|expiry|expires|length|size|header|type|algorithm|enabled|rotation|days|hours|minutes|seconds|ms)$`)
	builtInNames = regexp.MustCompile(`^(NEXT_PUBLIC|VITE|REACT_APP|GATSBY|EXPO_PUBLIC)_.`)
	plainValue   = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|none|null|[0-9]{1,5})$`)
)

// nameOfSecret tells whether the value under a name is usually secret.
func nameOfSecret(name string) bool {
	return (lastWordSecret.MatchString(name) || anyWordSecret.MatchString(name)) && !aboutSecrets.MatchString(name)
}

// harmless tells whether a value is a setting rather than a secret, whatever its name: a switch, a number.
func harmless(value string) bool { return plainValue.MatchString(value) }

// builtIn tells whether a setting of this name is read by the build of a web page and by nothing later.
func builtIn(name string) bool { return builtInNames.MatchString(name) }

// holdsPassword tells whether a text is a URL with a password in it (RFC 3986, section 3.2.1). What a program
// puts in later, such as "$(DB_PASSWORD)" or "${DB_PASSWORD}", is none.
func holdsPassword(value string) bool {
	if !strings.Contains(value, "://") || !strings.Contains(value, "@") {
		return false
	}
	u, err := url.Parse(strings.TrimSpace(value))
	if err != nil || u.User == nil {
		return false
	}
	password, ok := u.User.Password()
	return ok && password != "" && !strings.ContainsAny(password, "$<{")
}
