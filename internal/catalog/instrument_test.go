package catalog

import (
	"testing"
)

// An instrumented template must print what the template prints, byte for byte.
func TestInstrumentedTemplatesDoTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"trims":               "a\n  {{- 1 -}}\n b {{ -1 }} {{- \" x \" -}}  c\n",
		"comments":            "{{/* nothing */ -}}\n a {{- /* nothing */}}",
		"else if":             "{{ range list 1 2 3 }}{{ if eq . 1 }}one{{ else if eq . 2 }}two{{ else }}more{{ end }}{{ end }}",
		"with else":           "{{ with \"\" }}a{{ else with \"x\" }}{{ . }}{{ else }}c{{ end }}",
		"range else":          "{{ range list }}a{{ else }}none{{ end }}",
		"break and continue":  "{{ range $i := until 9 }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ if eq $i 4 }}{{ break }}{{ end }}{{ $i }}{{ end }}",
		"variables":           "{{ $x := 1 }}{{ range $k, $v := dict \"a\" 1 \"b\" 2 }}{{ $x = add $x $v }}{{ $k }}={{ $v }} {{ end }}{{ $x }}",
		"strings":             "{{ \"a\\\"}}b\" }} {{ `raw {{ }}` }} {{ 'c' }} {{ \"\\n\" | quote }}",
		"numbers":             "{{ 1e3 }} {{ 0x10 }} {{ 1.50 }} {{ 100000000 }} {{ true }} {{ 3 | float64 }}",
		"nil":                 "[{{ .Values.none }}] [{{ index (dict) \"x\" }}] {{ .Values.none | default \"d\" }}",
		"defines":             "{{ define \"a b\" }}<{{ . }}>{{ end }}{{ block \"c\" 5 }}[{{ . }}]{{ end }}{{ template \"a b\" 1 }}{{ include \"a b\" 2 | upper }}",
		"calls":               "{{ (index .Values.list 1).name }} {{ .Values.map.b.c }} {{ (dict \"a\" (list 1 2)).a | len }} {{ printf \"%s-%d\" \"x\" 3 }}",
		"tpl":                 "{{ tpl \"{{ .Values.map.b.c }}{{ range 3 }}{{ . }}{{ end }}\" . }} {{ $ | tpl \"{{ .Release.Name }}\" }} {{ tpl (printf \"%s\" \"{{ 1 }}\") . | quote }}",
		"tpl that defines":    "{{ tpl \"{{ define \\\"z\\\" }}zz{{ end }}{{ include \\\"z\\\" . }}\" . }}",
		"lists and maps":      "{{ .Values.list }} {{ .Values.map | toYaml | nindent 2 }} {{ .Values.map | toJson }} {{ .Values.list | toString }}",
		"logic":               "{{ and 1 0 }} {{ or \"\" \"x\" }} {{ not true }} {{ ternary 1 2 (eq 1 1) }} {{ lt 1 2 }} {{ html \"<a>\" }} {{ len \"abc\" }}",
		"a failing function":  "{{ (fromYaml \"a: [\").Error | trunc 5 }} {{ \"x\" | required \"needed\" }}",
		"merge":               "{{ $d := merge (dict \"a\" 1) (dict \"b\" 2) }}{{ $_ := set $d \"c\" 3 }}{{ unset $d \"a\" | toJson }}",
		"methods":             "{{ $f := .Files }}{{ .Files.Get \"note.txt\" | upper }}{{ printf \"%s\" .Files.AsConfig }}{{ (.Files.Glob \"*.txt\").AsSecrets }}{{ range $f.Lines \"note.txt\" }}{{ . }}{{ end }}{{ range $n, $_ := $f.Glob \"note*\" }}{{ $n }}{{ end }}",
		"values as YAML":      "{{ .Values.YAML }}{{ $v := .Values }}{{ $v.YAML | trim }}{{ with .Values }}{{ .YAML }}{{ end }}{{ (.Values.AsMap).list }}{{ ($.Values).YAML }}",
		"versions and times":  "{{ (semver \"1.2.3\").String }} {{ (semver \"1.2.3\").SetMetadata \"x\" }} {{ (toDate \"2006\" \"2020\").Format \"Jan\" }} {{ .Capabilities.KubeVersion.String }}",
		"equal":               "{{ eq 1 2 1 }} {{ eq \"a\" \"b\" }} {{ ne 1 2 }} {{ eq .Values.none .Values.none }} {{ eq .Values.none \"x\" }} {{ eq true false }} {{ eq 1.5 1.5 }} {{ eq (int64 1) 1 }} {{ \"x\" | eq \"x\" }}",
		"files, capabilities": "{{ .Files.Get \"note.txt\" }} {{ .Capabilities.KubeVersion }} {{ .Chart.Name }} {{ .Template.Name }}",
	} {
		t.Run(name, func(t *testing.T) {
			tpl := loadChart(t, map[string]string{
				"templates/a.txt": text, "note.txt": "a note",
				"values.yaml": "none:\nlist: [{name: a}, {name: b}]\nmap: {b: {c: \"{{ x }}\"}}\n",
			})
			if err := sameAsHelm(t, tpl, nil); err != nil {
				t.Error(err)
			}
		})
	}
}
