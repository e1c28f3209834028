package catalog

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/sprig/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// calls are calls of Helm's own functions, on what they take and on what they do not.
var calls = []string{
	`{{ toYaml .v }}`, `{{ toYaml (dict) }}`, `{{ toYaml nil }}`, `{{ toYamlPretty .v }}`, `{{ mustToYaml .v }}`,
	`{{ toYaml "a: b" }}`, `{{ .v.text | toYaml | nindent 2 }}`,
	`{{ toJson .v }}`, `{{ mustToJson .v }}`, `{{ toPrettyJson .v }}`, `{{ toRawJson "<a&b>" }}`, `{{ toJson "<a&b>" }}`,
	`{{ toToml .v.map }}`, `{{ mustToToml .v.map }}`, `{{ toToml nil }}`, `{{ toToml (list 1) }}`, `{{ mustToToml (list 1) }}`,
	`{{ fromYaml "a: [1, 2.5, true, null, x]" }}`, `{{ fromYaml "[1]" }}`, `{{ fromYaml "" }}`, `{{ (fromYaml "a: [").Error }}`,
	`{{ fromYamlArray "[1, {a: b}]" }}`, `{{ fromYamlArray "a: b" }}`,
	`{{ fromJson "{\"a\": 1e3}" }}`, `{{ fromJson "[1]" }}`, `{{ fromJsonArray "[1, null]" }}`, `{{ fromJsonArray "{}" }}`, `{{ mustFromJson "[1]" }}`,
	`{{ fromToml "a = 1\n[b]\nc = 'x'" }}`, `{{ fromToml "a" }}`,
	`{{ mustToDuration "1h30m" }}`, `{{ mustToDuration "x" }}`, `{{ mustToDuration nil }}`, `{{ mustToDuration (dict) }}`,
	`{{ durationSeconds "90m" }}`, `{{ durationSeconds 90 }}`, `{{ durationSeconds " 2.5 " }}`, `{{ durationSeconds "" }}`, `{{ durationSeconds true }}`,
	`{{ durationMilliseconds 1.5 }}`, `{{ durationMicroseconds "1ms" }}`, `{{ durationNanoseconds "1us" }}`, `{{ durationMinutes "1h" }}`,
	`{{ durationHours 7200 }}`, `{{ durationDays "36h" }}`, `{{ durationWeeks "168h" }}`, `{{ durationSeconds 9223372036854775807 }}`, `{{ durationSeconds 1e300 }}`,
	`{{ duration 95 }} {{ durationRound "2400h" }}`, `{{ durationRoundTo "2h13m" "1h" }}`, `{{ durationRoundTo "2h13m" "x" }}`, `{{ durationTruncateTo "2h59m" "1h" }}`, `{{ durationTruncateTo "x" "1h" }}`,
	`{{ required "none" .v.text }}`, `{{ required "none" "" }}`, `{{ required "none" nil }}`, `{{ required "none" 0 }}`, `{{ required "none" false }}`,
	`{{ fail "no" }}`, `{{ lookup "v1" "Pod" "a" "b" }}`, `{{ getHostByName "localhost" }}`, `{{ env "HOME" }}`, `{{ expandenv "$HOME" }}`, `{{ nothing }}`,
	`{{ include "no such" . }}`, `{{ tpl "{{ .v.text }}" . }}`, `{{ tpl "{{ .none }}" . }}`, `{{ tpl "plain <no value> text" . }}`, `{{ tpl "{{" . }}`,
	`{{ tpl "{{ define \"gotpl\" }}x{{ end }}{{ template \"gotpl\" }}" . }}`, `{{ tpl "{{ tpl \"{{ .v.text }}\" . }}" . }}`,
	`{{ print 1 "a" 2 3 .v.map }}`, `{{ println .v.list }}`, `{{ printf "%v %d %5.1f" .v.list 3 1.25 }}`, `{{ html "<a>" .v.text }}`, `{{ js "'" }}`, `{{ urlquery "a b" }}`,
	`{{ dict "a" 1 2 "b" "odd" }}`, `{{ list 1 "a" nil }}`, `{{ concat (list 1) (list 2) }}`, `{{ chunk 2 (list 1 2 3) }}`, `{{ compact (list "" "a") }}`,
	`{{ default "d" .v.text }} {{ default "d" "" }} {{ default "d" nil }}`, `{{ coalesce nil "" "x" }}`, `{{ ternary "a" "b" true }}`, `{{ dig "a" "b" "none" .v.map }}`,
	`{{ merge (dict "a" 1) (dict "a" 2 "b" 3) }}`, `{{ mergeOverwrite (dict "a" 1) (dict "a" 2) }}`, `{{ deepCopy .v.map }}`, `{{ pick .v.map "a" }}`, `{{ omit .v.map "a" }}`,
	`{{ quote 1 nil "a" }} {{ squote "b" }}`, `{{ cat 1 "a" nil }}`, `{{ join "," .v.list }}`, `{{ join "," 5 }}`, `{{ has 1 (list 1 2) }}`, `{{ without (list 1 2) 1 }}`, `{{ uniq (list 1 1) }}`,
	`{{ kindOf .v.list }} {{ typeOf .v.map }} {{ typeOf (list) }} {{ kindIs "map" .v.map }}`, `{{ index .v.list 0 }} {{ len .v.list }} {{ slice (list 1 2 3) 1 2 }}`,
	`{{ split "," "a,b" }} {{ splitList "," "a,b" }} {{ until 3 }} {{ untilStep 0 6 2 }} {{ seq 1 2 5 }}`, `{{ sha256sum "a" }} {{ b64enc "a" }} {{ b64dec "YQ==" }}`,
	`{{ regexMatch "^a" "ab" }} {{ regexReplaceAll "a(b)" "ab" "${1}" }} {{ regexFindAll "[a-z]" "ab" -1 }}`, `{{ mustRegexMatch "(" "a" }}`,
	`{{ int "7" }} {{ int64 7.9 }} {{ float64 "1.5" }} {{ add 1 2 }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ max 1 5 2 }} {{ round 1.256 2 }}`, `{{ div 1 0 }}`,
	`{{ repeat 3 "ab" }} {{ trunc 2 "abc" }} {{ replace "a" "b" "aa" }} {{ indent 2 "a\nb" }} {{ title "ab" }} {{ trimSuffix "-" "a-" }}`, `{{ semverCompare ">=1.2" "1.3.0" }}`,
	`{{ first (list 1 2) }} {{ rest (list 1 2) }} {{ last (list 1 2) }} {{ initial (list 1 2) }} {{ append (list 1) 2 }} {{ prepend (list 1) 0 }} {{ reverse (list 1 2) }}`,
	`{{ hasKey .v.map "a" }} {{ get .v.map "a" }} {{ get .v.map "z" }} {{ set (dict) "a" 1 }} {{ unset (dict "a" 1) "a" }} {{ pluck "a" .v.map }} {{ keys (dict "a" 1) }} {{ values (dict "a" 1) }}`,
	`{{ all 1 "a" }} {{ any 0 "" }} {{ empty "" }} {{ urlParse "https://a/b" }} {{ toString 1.5 }} {{ toStrings (list 1 2) }} {{ toDecimal "0777" }} {{ atoi "5" }}`,
	`{{ $ }} {{ with .v }}{{ $.v.text }}{{ end }}`,
}

// Each function prints what Helm's does, and fails where Helm's does.
func TestFunctionsDoWhatHelmsDo(t *testing.T) {
	for _, text := range calls {
		t.Run(text, func(t *testing.T) { sameCall(t, text) })
	}
}

// No function of Helm's is forgotten in the test above, as far as it is not one of sprig's.
func TestEveryFunctionOfHelmsOwnIsCompared(t *testing.T) {
	all := strings.Join(calls, "\n")
	sprigs := sprig.TxtFuncMap()
	for _, name := range slices.Sorted(maps.Keys(helmFunctions())) {
		_, ofSprig := sprigs[name]
		if (!ofSprig || strings.HasSuffix(name, "oJson")) && !regexp.MustCompile(`\b`+name+`\b`).MatchString(all) {
			t.Errorf("%s is not compared", name)
		}
	}
}

// sameCall renders a template with Helm's engine and with ours.
func sameCall(t *testing.T, text string) {
	t.Helper()
	dot := func() common.Values {
		return common.Values{"Values": common.Values{}, "v": map[string]any{
			"text": "a text\nof two lines", "list": []any{int64(1), "two", 3.5, true}, "map": map[string]any{"a": map[string]any{"b": "c"}, "n": int64(7)},
		}}
	}
	// In a template of its own $ is what it is called with, and not all that only Helm's engine adds.
	text = `{{ define "it" }}` + text + `{{ end }}{{ template "it" .Values }}`
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "x", Version: "1.0.0"}, Templates: []*common.File{{Name: "templates/a", Data: []byte(text)}}}
	top := common.Values{"Values": dot()}
	want, wantErr := engine.Engine{Strict: true}.RenderWithContext(context.Background(), c, top)
	got, err := alone(text, common.Values{"Values": dot()})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("Helm's error: %v\nours: %v", wantErr, err)
	}
	if wantErr == nil && got != want["x/templates/a"] {
		t.Errorf("Helm prints %q, ours %q", want["x/templates/a"], got)
	}
}

// alone runs one template as a chart's only one.
func alone(text string, dot common.Values) (string, error) {
	f, err := parseFile("x/templates/a", text)
	if err != nil {
		return "", err
	}
	s := &settled{files: []runFile{{f, "x/templates/a", "x/templates", true}}}
	files, err := s.run(newMeter(context.Background()), map[string]common.Values{"x/templates": dot})
	return files["x/templates/a"], err
}

// Whatever a template is, what we print is what Helm prints; where Helm prints, we may only refuse for a limit.
func FuzzSameAsHelm(f *testing.F) {
	for _, text := range calls {
		f.Add(text)
	}
	f.Add("{{ define \"a\" }}{{ . }}{{ end }}{{ range $i, $v := .v.list }}{{ if $i }}, {{ end }}{{ include \"a\" $v }}{{ else }}none{{ end }}")
	endless := regexp.MustCompile(`range|until|seq|repeat|define|block|template|include|tpl|indent|printf|regex|wrap|gen|rand|now|ago|date|htpasswd|bcrypt|uuid|shuffle|AES|derive|keys|values|set|merge|Host`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 500 || endless.MatchString(text) && !slices.Contains(calls, text) {
			return // Helm's engine has no limits, and some functions never give the same twice
		}
		sameCall(t, text)
	})
}
