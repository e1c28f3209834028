package catalog

import (
	"regexp"

	"slipway.dev/slipway/internal/manifest"
)

// slips warns of what people type by mistake, whatever the template: a secret among plain values, and
// settings that have no effect when the program runs.
func (j judge) slips(f *Field, v any, pointer string, around map[string]any) {
	value, _ := v.(string)
	if value == "" || f.Kind != Text && f.Kind != Multiline || f.Picker != nil && f.Picker.Kind != "ServiceURL" {
		return
	}
	name := settingName(f, pointer, around)
	says := ""
	if !f.Secret {
		says = givesAway(value)
	}
	switch {
	case builtIn(name):
		says = name + " is put into the pages when the image is built. Set here it changes nothing: give it to the build of the image."
	case f.Secret || says != "":
	case nameOfSecret(name) && !harmless(value):
		says = "This looks like a secret, and everybody who sees the application can read it. Put " + name + " under the secrets."
	}
	if says != "" {
		j.warned.add(j.pathOf(pointer), says, usual)
	}
}

// strays refuses what stands for a secret value where a plain one is wanted: somebody copied it from elsewhere.
func (j judge) strays(f *Field, v any, pointer string) {
	if value, _ := v.(string); !f.Secret && len(manifest.TokensIn(value)) > 0 {
		j.found.add(j.pathOf(pointer), "This is what Slipway writes in place of a secret value, and only a field for secrets takes it. Put the setting under the secrets, and type its value there.", usual)
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

var builtInNames = regexp.MustCompile(`^(NEXT_PUBLIC|VITE|REACT_APP|GATSBY|EXPO_PUBLIC)_.`)

// builtIn tells whether a setting of this name is read by the build of a web page and by nothing later.
func builtIn(name string) bool { return builtInNames.MatchString(name) }
