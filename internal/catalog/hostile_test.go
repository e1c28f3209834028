package catalog

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// hostile are charts made to hurt whoever loads or renders them, and what is said of each.
var hostile = map[string]struct {
	files map[string]string
	want  string
}{
	"aliases that double in values":     {map[string]string{"values.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n" + aliases(), "values.schema.json": ""}, "aliasing"},
	"aliases that double in Chart.yaml": {map[string]string{"Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\nkeywords: &a [x,x,x,x,x,x,x,x,x]\n" + aliases()}, "aliasing"},
	"an alias of itself":                {map[string]string{"values.yaml": "a: &a {b: *a}\n", "values.schema.json": ""}, "contains itself"},
	"a key twice in values":             {map[string]string{"values.yaml": "image: a\nimage: b\n"}, `values.yaml: line 2: key "image" already set`},
	"a key twice in a library's values": {map[string]string{"charts/lib/values.yaml": "a: 1\na: 2\n", "charts/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\n"}, "charts/lib/values.yaml"},
	"a key twice in the schema":         {map[string]string{"values.schema.json": `{"properties": {"a": {"type": "string"}, "a": {"type": "integer"}}}`}, `the key "a" stands twice in "/properties"`},
	"values that are a list":            {map[string]string{"values.yaml": "[1, 2]", "values.schema.json": ""}, "values.yaml"},
	"deep values":                       {map[string]string{"values.yaml": "a: " + strings.Repeat("[", 100_000), "values.schema.json": ""}, "values.yaml"},
	"deep values that end":              {map[string]string{"values.yaml": "a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "values.schema.json": ""}, ""},
	"many values":                       {map[string]string{"values.yaml": manyValues(), "values.schema.json": ""}, "values.yaml is limited to"},
	"$ref to a file of the machine":     {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "file:///etc/passwd"}}}`}, "not followed"},
	"$ref to an absolute path":          {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "/etc/passwd"}}}`}, "etc/passwd"},
	"$ref to the network":               {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "http://127.0.0.1:1/x.json"}}}`}, "not followed"},
	"$ref out of the chart":             {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "../../outside.json"}}}`}, "outside.json"},
	"$ref in a circle":                  {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"$ref": "#/$defs/c"}, "c": {"$ref": "#/$defs/b"}}}`}, "circle"},
	"$ref in a circle of files":         {map[string]string{"values.schema.json": `{"properties": {"a": {"$ref": "b.json#"}}}`, "b.json": `{"$ref": "c.json#"}`, "c.json": `{"$ref": "b.json#"}`}, ""},
	"$dynamicRef to the network":        {map[string]string{"values.schema.json": `{"properties": {"a": {"$dynamicRef": "http://127.0.0.1:1/x.json"}}}`}, "not followed"},
	"$id of elsewhere":                  {map[string]string{"values.schema.json": `{"$id": "http://127.0.0.1:1/", "properties": {"a": {"$ref": "x.json"}}}`}, "x.json"},
	"a pattern that explodes":           {map[string]string{"values.schema.json": `{"properties": {"a": {"type": "string", "pattern": "^(` + strings.Repeat("(a|b|c){1000}", 40) + `)$"}}}`}, "#/properties/a: a pattern with its repetitions written out is limited to"},
	"a long pattern":                    {map[string]string{"values.schema.json": `{"patternProperties": {"` + strings.Repeat("a", 20_000) + `": {}}}`}, "a pattern is limited to"},
	"a million options":                 {map[string]string{"values.schema.json": `{"properties": {"a": {"enum": [` + strings.TrimSuffix(strings.Repeat("1,", 1_000_000), ",") + `]}}}`}, "is limited to 524,288 bytes"},
	"many options":                      {map[string]string{"values.schema.json": `{"properties": {"a": {"enum": [` + strings.TrimSuffix(strings.Repeat("1,", 200_000), ",") + `]}}}`}, "#/properties/a/enum: a choice is limited to 1,000 options"},
	"a deep schema":                     {map[string]string{"values.schema.json": strings.Repeat(`{"properties":{"a":`, 5000) + "{}" + strings.Repeat("}}", 5000)}, "values.schema.json"},
	"a wide schema":                     {map[string]string{"values.schema.json": wideSchema()}, "is limited to"},
	"definitions that double":           {map[string]string{"values.schema.json": doublingSchema()}, "is limited to"},
	"branches within branches":          {map[string]string{"templates/a.yaml": strings.Repeat("{{if 1}}", 200_000) + strings.Repeat("{{end}}", 200_000)}, "actions"},
	"parentheses within parentheses":    {map[string]string{"templates/a.yaml": "{{" + strings.Repeat("(", 1_000_000) + "1" + strings.Repeat(")", 1_000_000) + "}}"}, "templates/a.yaml"},
	"a packed chart that swells":        {map[string]string{"charts/big.tgz": packed(map[string]int{"big/zero": 64 << 20})}, "a chart is limited to 4,194,304 bytes"},
	"a packed chart of many files":      {map[string]string{"charts/many.tgz": packed(manyFiles())}, "a chart is limited to 500 files"},
	"a packed chart that climbs out":    {map[string]string{"charts/out.tgz": packed(map[string]int{"../../etc/passwd": 1})}, "is not inside a chart's folder"},
	"a packed chart that is none":       {map[string]string{"charts/none.tgz": "hello"}, "it is no packed chart"},
	"a dependency that climbs out":      {map[string]string{"Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: up, version: 1.0.0, repository: \"file://../../up\"}]\n"}, ""},
	"a name of another chart":           {map[string]string{"Chart.yaml": "apiVersion: v2\nname: ../x\nversion: 1.0.0\n"}, "chart"},
}

func manyValues() string {
	var b strings.Builder
	for i := range 2 * maxFields {
		fmt.Fprintf(&b, "key%d: x\n", i)
	}
	return b.String()
}

func wideSchema() string {
	var b strings.Builder
	for i := range 2 * maxFields {
		fmt.Fprintf(&b, `,"a%d":{"type":"string"}`, i)
	}
	return `{"type":"object","properties":{` + b.String()[1:] + "}}"
}

// doublingSchema refers twice to the next definition in each, 40 times over.
func doublingSchema() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"},"c":{"$ref":"#/$defs/d%d"}}},`, i, i+1, i+1, i+1)
	}
	return `{"properties":{"x":{"$ref":"#/$defs/d0"}},"$defs":{` + b.String() + `"d40":{"type":"string"}}}`
}

func manyFiles() map[string]int {
	m := map[string]int{}
	for i := range 2 * maxChartFiles {
		m[fmt.Sprintf("many/f%d", i)] = 0
	}
	return m
}

func packed(files map[string]int) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_ = t.WriteHeader(&tar.Header{Name: name, Size: int64(files[name]), Mode: 0o644})
		_, _ = t.Write(make([]byte, files[name]))
	}
	_, _ = t.Close(), z.Close()
	return b.String()
}

// heapWithin runs f and fails if the heap grows by more than the limit meanwhile.
func heapWithin(t *testing.T, limit uint64, f func()) {
	t.Helper()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc+now.StackInuse))
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	if grown := peak.Load() - min(peak.Load(), before.HeapAlloc+before.StackInuse); grown > limit {
		t.Errorf("it took %d MiB", grown>>20)
	}
}

// spent is how long processors have worked for this process, whatever else the machine does meanwhile.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestHostileChartsAreRefusedInTime(t *testing.T) {
	for name, tc := range hostile {
		t.Run(name, func(t *testing.T) {
			files := chartFS(tc.files)
			if tc.files["values.schema.json"] == "" && files["values.schema.json"] != nil {
				if _, set := tc.files["values.schema.json"]; set {
					delete(files, "values.schema.json")
				}
			}
			all := fstest.MapFS{}
			for path, f := range files {
				all["hostile/"+path] = f
			}
			for path, f := range chartFS(map[string]string{"templates/a.yaml": configMap("x"), "Chart.yaml": "apiVersion: v2\nname: good\nversion: 1.0.0\n"}) {
				all["good/"+path] = f
			}
			began := spent(t)
			heapWithin(t, 256<<20, func() {
				c, err := Open(all)
				if err != nil {
					t.Fatal(err)
				}
				for _, tpl := range c.Templates() {
					if tpl.ID.Name == "good" {
						if _, err := tpl.Render(context.Background(), nil, release()); err != nil {
							t.Errorf("the other template does not go on: %v", err)
						}
						continue
					}
					if tc.want == "" {
						if tpl.Broken == nil {
							_, _ = tpl.Render(context.Background(), nil, release())
						}
						continue
					}
					if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), tc.want) {
						t.Errorf("it does not say %q: %.300v", tc.want, tpl.Broken)
					} else if len(tpl.Broken.Error()) > 4*maxErrorBytes {
						t.Errorf("the error has %d bytes", len(tpl.Broken.Error()))
					}
				}
			})
			if took := spent(t) - began; took > 2*maxRenderTime {
				t.Errorf("it took %s of a processor", took)
			}
		})
	}
}

// liar is a file that says it is empty and never ends.
type liar struct{ fs.FileInfo }

func (liar) Stat() (fs.FileInfo, error) { return liar{}, nil }
func (liar) Read(p []byte) (int, error) { return len(p), nil }
func (liar) Close() error               { return nil }
func (liar) Name() string               { return "endless" }
func (liar) IsDir() bool                { return false }
func (liar) Type() fs.FileMode          { return 0 }
func (liar) Info() (fs.FileInfo, error) { return liar{}, nil }
func (liar) Size() int64                { return 0 }
func (liar) Mode() fs.FileMode          { return 0 }

type liarFS struct{ fstest.MapFS }

func (l liarFS) Open(name string) (fs.File, error) {
	if name == "endless" {
		return liar{}, nil
	}
	return l.MapFS.Open(name)
}

func TestLoadBelievesNoSizes(t *testing.T) {
	heapWithin(t, 64<<20, func() {
		tpl := Load(liarFS{chartFS(map[string]string{"endless": ""})}, "x")
		if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), "4,194,304 bytes") {
			t.Errorf("got %v", tpl.Broken)
		}
	})
}

func TestLoadFollowsNoLinks(t *testing.T) {
	files := chartFS(nil)
	files["templates/passwd"] = &fstest.MapFile{Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink}
	tpl := Load(files, "x")
	if tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), "templates/passwd is not a regular file") {
		t.Errorf("got %v", tpl.Broken)
	}
	for i := range 10_000 {
		files[fmt.Sprintf("files/%d", i)] = &fstest.MapFile{}
	}
	if tpl := Load(files, "x"); tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), "500 files") {
		t.Errorf("got %v", tpl.Broken)
	}
}

// Functions that take long on small arguments, or make much of them, end in time and in bounds.
func TestHostileCallsEnd(t *testing.T) {
	for name, tc := range map[string]struct{ template, want string }{
		"a pattern on a long text":          {`{{ regexMatch "(a|b|c){1000}d" (repeat 1000000 "a") }}`, "regexMatch: matching is limited to"},
		"a pattern that explodes":           {`{{ regexFindAll "` + strings.Repeat("(a|b|c){1000}", 40) + `" "x" -1 }}`, "regexFindAll: a pattern with"},
		"a long pattern":                    {`{{ regexMatch (repeat 100000 "a?") "a" }}`, "regexMatch: a pattern is limited to"},
		"replacing with a pattern":          {`{{ regexReplaceAll "(a|b|c){1000}d" (repeat 1000000 "a") "x" }}`, "regexReplaceAll: matching is limited to"},
		"replacing by much":                 {`{{ regexReplaceAll "x" (repeat 1000000 "x") (repeat 1000000 "x") }}`, "regexReplaceAll: the result is limited to"},
		"widths":                            {`{{ printf (repeat 900 "%900000d") 1 }}`, "printf: printf is limited to"},
		"splitting into characters":         {`{{ splitList "" (repeat 1000000 "x") | len }}`, "a value is limited to"},
		"YAML aliases that double":          {"{{ $t := `a: &a [x,x,x,x,x,x,x,x,x]\n" + aliases() + "` }}{{ $y := fromYaml $t }}{{ $y | toYaml }}", "without apiVersion and kind"},
		"deep JSON":                         {`{{ fromJson (printf "{\"a\": %s}" (repeat 200000 "[")) | toJson }}`, ""},
		"deep YAML":                         {`{{ fromYaml (printf "a: %s%s" (repeat 5000 "[") (repeat 5000 "]")) | toYaml }}`, "a value is nested too deeply"},
		"a list that doubles, as YAML":      {`{{ $l := list 1 }}{{ range 40 }}{{ $l = list $l $l }}{{ end }}{{ toYaml $l }}`, "a value is limited to"},
		"a list that doubles, printed":      {`{{ $l := list 1 }}{{ range 40 }}{{ $l = list $l $l }}{{ end }}{{ $l }}`, "a value is limited to"},
		"a list that doubles, copied":       {`{{ $d := dict "a" 1 }}{{ range 40 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ $_ := deepCopy $d }}`, "a value is limited to"},
		"a map that holds itself, as YAML":  {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}`, "a value is nested too deeply, or holds itself"},
		"a map that holds itself, printed":  {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}`, "a value is nested too deeply, or holds itself"},
		"a map that holds itself, escaped":  {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ html $d }}{{ js $d }}{{ urlquery $d }}`, "a value is nested too deeply, or holds itself"},
		"a map that holds itself, as a key": {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $_ := dict $d 1 }}`, "dict: key 1 is no text"},
		"a map that holds itself, copied":   {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $_ := deepCopy $d }}`, "a value is nested too deeply, or holds itself"},
		"a map that holds itself, merged":   {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $_ := merge (dict "d" (dict)) $d }}`, "a value is nested too deeply, or holds itself"},
		"the values that hold the whole":    {`{{ $_ := set .Values "root" $ }}{{ .Values | toJson }}`, "a value is nested too deeply, or holds itself"},
		"many lists that are kept":          {`{{ $d := dict }}{{ range $i := until 50000 }}{{ $_ := set $d (toString $i) (until 50000) }}{{ end }}`, "what the values of a rendering take is limited to"},
		"many texts that are kept":          {`{{ $d := dict }}{{ range $i := until 50000 }}{{ $_ := set $d (toString $i) (repeat 1000000 "x") }}{{ end }}`, "what the values of a rendering take is limited to"},
		"a list that grows by one":          {`{{ $l := list }}{{ range $i := until 50000 }}{{ $l = append $l $i }}{{ end }}`, "what the values of a rendering take is limited to"},
		"templates that print nothing":      {`{{ define "a" }}{{ range 100 }}{{ template "b" }}{{ end }}{{ end }}{{ define "b" }}{{ range 100 }}{{ range 100 }}{{ range 100 }}{{ end }}{{ end }}{{ end }}{{ end }}{{ template "a" }}`, "rendering is limited to"},
		"a template that calls itself":      {`{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`, "calling templates from templates is limited to"},
		"a template that includes itself":   {`{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`, "calling templates from templates is limited to"},
		"a text for tpl that calls itself":  {`{{ $_ := set .Values "t" "{{ tpl .Values.t . }}" }}{{ tpl .Values.t . }}`, "calling templates from templates is limited to"},
		"a text for tpl without an end":     {`{{ tpl "{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}" . }}`, "is limited to"},
		"a text for tpl with many actions":  {`{{ tpl (repeat 30000 "{{ 1 }}") . }}`, "a text for tpl is limited to 20,000 actions"},
		"maps that hold themselves, equal":  {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ if eq $d $d }}{{ end }}`, "non-comparable types"},
		"maps that hold themselves, not":    {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ if ne $d $d }}{{ end }}`, "non-comparable types"},
		"values that double, as YAML":       {`{{ $d := dict "a" 1 }}{{ range 40 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ $_ := set .Values "d" $d }}{{ $x := .Values.YAML }}`, "a value is limited to"},
		"the top that doubles, as YAML":     {`{{ $d := dict "a" 1 }}{{ range 40 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ $_ := set $ "d" $d }}{{ with $x := ($).YAML }}{{ end }}`, "a value is limited to"},
		"a file that is kept often":         {`{{ $d := dict }}{{ range $i := until 20000 }}{{ $_ := set $d (toString $i) ($.Files.Get "files/big") }}{{ end }}`, "what the values of a rendering take is limited to"},
		"a file in variables":               {strings.Repeat(`{{ $x := .Files.Get "files/big" }}`, 10_000), "what the values of a rendering take is limited to"},
		"times that are kept":               {`{{ $l := repeat 1000000 "x" }}{{ $t := toDate "2006" "2020" }}{{ $d := dict }}{{ range $i := until 20000 }}{{ $_ := set $d (toString $i) ($t.Format $l) }}{{ end }}`, "what the values of a rendering take is limited to"},
		"texts put one behind another":      {`{{ $a := repeat 1000000 "x" }}{{ $x := print` + strings.Repeat(" $a", 2000) + ` }}`, "a value is limited to"},
		"braces for files":                  {`{{ $x := .Files.Glob (repeat 1000000 "{") }}`, "a pattern of .Files.Glob is limited to"},
		"braces for files, piped":           {`{{ $x := repeat 1000000 "{" | .Files.Glob }}`, "a pattern of .Files.Glob is limited to"},
		"braces for files, within":          {`{{ range (($).Files.Glob (repeat 1000000 "{")) }}{{ end }}`, "a pattern of .Files.Glob is limited to"},
		"a key of many parts":               {`{{ $x := fromToml (printf "%sb = 1" (repeat 1000000 "a.")) }}`, "fromToml: a text in TOML is limited to"},
		"a key of parts, not as long":       {`{{ $x := fromToml (printf "%sb = 1" (repeat 15000 "a.")) }}`, "fromToml: a line of TOML is limited to"},
		"tables within tables":              {`{{ $x := fromToml (printf "a = %s" (repeat 400000 "{a=")) }}`, "fromToml: a text in TOML is limited to"},
		"tables within tables, not as many": {`{{ $x := fromToml (printf "a = %s" (repeat 10000 "{a=")) }}`, "fromToml: a text in TOML is limited to"},
		"keys of many parts, in bounds":     {`{{ $x := fromToml (repeat 300 (printf "%sb = 1\n" (repeat 90 "a."))) }}`, ""},
		"tables of many parts, in bounds":   {`{{ $x := fromToml (repeat 19 (printf "%sb = [{\n" (repeat 90 "a."))) }}`, ""},
		"output that is deep":               {`a: {{ repeat 200000 "[" }}`, "document 1"},
		"a list of lists by product":        {`{{ $l := until 1000 }}{{ range $l }}{{ $_ := join "," $l }}{{ $_ := toJson (chunk 2 $l) }}{{ end }}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := loadChart(t, map[string]string{"templates/a.yaml": tc.template, "files/big": strings.Repeat("x", 1<<20)})
			began := spent(t)
			heapWithin(t, 256<<20, func() {
				_, err := tpl.Render(context.Background(), nil, release())
				if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("the error does not say %q: %v", tc.want, err)
				}
			})
			if took := spent(t) - began; took > 2*maxRenderTime {
				t.Errorf("it took %s of a processor", took)
			}
		})
	}
}

// Whatever stands in a chart's files, Load ends without a panic, and what it takes can be shown and rendered.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("apiVersion: v2\nname: a\nversion: 1.0.0\n"), []byte("a: 1"), []byte(`{"properties": {"a": {"type": "integer"}}}`), []byte("{{ .Values.a }}"))
	f.Add([]byte("name: a"), []byte("# -- help\nimage: {tag: x}\ntoken:\nl: [1, a]\n"), []byte(nil), []byte("{{ toYaml .Values }}"))
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		c := hostile[name].files
		if len(c["values.yaml"])+len(c["values.schema.json"])+len(c["templates/a.yaml"]) < 10_000 {
			f.Add([]byte(c["Chart.yaml"]), []byte(c["values.yaml"]), []byte(c["values.schema.json"]), []byte(c["templates/a.yaml"]))
		}
	}
	f.Fuzz(func(t *testing.T, meta, values, schema, template []byte) {
		files := fstest.MapFS{
			"Chart.yaml": {Data: meta}, "values.yaml": {Data: values}, "templates/a.yaml": {Data: template},
		}
		if len(schema) > 0 {
			files["values.schema.json"] = &fstest.MapFile{Data: schema}
		}
		tpl := Load(files, "folder")
		if (tpl.Broken == nil) != (tpl.Schema() != nil) {
			t.Error("a template is broken or has a schema")
		}
		around := Around{Release: release()}
		_ = tpl.Decode(formOf(tpl.View(nil, around)), around)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = tpl.Render(ctx, nil, release())
	})
}
