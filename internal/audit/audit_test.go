package audit

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/policy"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)

func full() Entry {
	return Entry{
		Seq: 1, Time: noon,
		Actor:  Actor{Person: policy.Person{Identity: policy.Identity{Issuer: "https://id", Subject: "s1"}, Name: "Ines Fabre", Email: "ines@example.com"}, Portal: true},
		Action: ApplyObject, Outcome: Done, Target: policy.Target{Team: "payments", Environment: "production"}, Application: "api", Change: 118,
		Object: "Deployment api", Digest: "b41d90e2", RanAs: "slipway:team:payments", Detail: `=cmd|' /C calc'!A0, "quoted"`,
		Request: Request{ID: "r1", RemoteIP: "192.0.2.1", UserAgent: "curl/8"},
	}
}

// chain is n sealed entries.
func chain(n int) []Entry {
	prev := Genesis
	out := make([]Entry, n)
	for i := range out {
		e := full()
		e.Seq, e.Time = int64(i+1), noon.Add(time.Duration(i)*time.Second)
		out[i] = Seal(prev, e)
		prev = out[i].Hash
	}
	return out
}

func TestCanonicalGolden(t *testing.T) {
	e := Seal(Genesis, full())
	golden(t, "canonical.txt", []byte(hex.Dump(e.Canonical())+e.Hash+"\n"))
}

// Every field but Hash is part of the hash, also fields that are added one day.
func TestEveryFieldIsSealed(t *testing.T) {
	base := full().sum()
	var visit func(v reflect.Value, path string, check func())
	e := full()
	visit = func(v reflect.Value, path string, check func()) {
		if path == ".Hash" {
			return
		}
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		switch {
		case v.Type() == reflect.TypeFor[time.Time]():
			v.Set(reflect.ValueOf(noon.Add(time.Microsecond)))
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				visit(v.Field(i), path+"."+v.Type().Field(i).Name, check)
			}
			return
		case v.Kind() == reflect.String:
			v.SetString(v.String() + "x")
		case v.Kind() == reflect.Int64:
			v.SetInt(v.Int() + 1)
		case v.Kind() == reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			t.Fatalf("%s: a kind of field that the test does not know", path)
		}
		if e.sum() == base {
			t.Errorf("%s is not part of the hash", path)
		}
		v.Set(old)
	}
	visit(reflect.ValueOf(&e).Elem(), "", nil)
	moved := full()
	moved.Application, moved.Object = "apiD", "eployment api"
	if moved.sum() == base {
		t.Error("text can move from one field into the next unseen")
	}
}

func TestSealTidies(t *testing.T) {
	e := full()
	e.Detail = "a\r\nb\x00\u202e\xff" + strings.Repeat("é", DetailLimit)
	e.Request.UserAgent = strings.Repeat("u", 1000)
	e.Actor.Name = strings.Repeat("n", 10_000)
	e.Time = noon.Add(7).In(time.FixedZone("x", 3600))
	got := Seal(Genesis, e)
	if !strings.HasPrefix(got.Detail, "a  b  \ufffdé") || !strings.HasSuffix(got.Detail, "é…") || len(got.Detail) > DetailLimit || !utf8.ValidString(got.Detail) {
		t.Errorf("detail: %d bytes, %.20q", len(got.Detail), got.Detail)
	}
	if len(got.Request.UserAgent) > UserAgentLimit || len(got.Actor.Name) > FieldLimit {
		t.Error("a text is longer than its limit")
	}
	if got.Time != noon {
		t.Errorf("time: %v", got.Time)
	}
	if again := Seal(Genesis, got); again != got {
		t.Error("sealing twice is not the same as once")
	}
}

func TestVerifier(t *testing.T) {
	other := full()
	other.Detail = "forged"
	tests := map[string]struct {
		change       func([]Entry) []Entry
		whole, parts string // first error, or ""
	}{
		"as written":      {func(es []Entry) []Entry { return es }, "", ""},
		"changed":         {func(es []Entry) []Entry { es[2].Detail = "x"; return es }, "entry 3 is not as it was written", "entry 3 is not as it was written"},
		"sealed anew":     {func(es []Entry) []Entry { es[2].Detail = "x"; es[2] = Seal(es[2].Prev, es[2]); return es }, "entry 4 does not follow entry 3: one of the two was put in later", "entry 4 does not follow entry 3: one of the two was put in later"},
		"one removed":     {func(es []Entry) []Entry { return append(es[:2:2], es[3:]...) }, "between entry 2 and entry 4, 1 are missing", ""},
		"begins later":    {func(es []Entry) []Entry { return es[2:] }, "the log begins with entry 3; what was before it is missing", ""},
		"twice":           {func(es []Entry) []Entry { return append(es[:2:2], es[1:]...) }, "entry 2 comes after entry 2", "entry 2 comes after entry 2"},
		"swapped":         {func(es []Entry) []Entry { es[1], es[2] = es[2], es[1]; return es }, "between entry 1 and entry 3, 1 are missing", "entry 2 comes after entry 3"},
		"another genesis": {func(es []Entry) []Entry { es[0] = Seal(strings.Repeat("1", 64), es[0]); return es }, "entry 1 does not begin the log as the first one does", "entry 1 does not begin the log as the first one does"},
		"zero":            {func(es []Entry) []Entry { es[0].Seq = 0; es[0] = Seal(Genesis, es[0]); return es }, "an entry has the number 0; the first is 1", "an entry has the number 0; the first is 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, whole := range []bool{true, false} {
				want := tt.parts
				if whole {
					want = tt.whole
				}
				v := Verifier{Whole: whole}
				got := ""
				for _, e := range tt.change(chain(6)) {
					if err := v.Add(e); err != nil && got == "" {
						var broken *BrokenLink
						if !errors.As(err, &broken) {
							t.Fatal(err)
						}
						got = broken.Reason
					}
				}
				if got != want {
					t.Errorf("whole=%v: got %q, want %q", whole, got, want)
				}
			}
		})
	}
}

func export(t testing.TB, encoder func() (Encoder, *bytes.Buffer), entries []Entry) []byte {
	t.Helper()
	enc, buf := encoder()
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Flush(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func jsonLines() (Encoder, *bytes.Buffer) { b := &bytes.Buffer{}; return NewJSONLines(b), b }
func csvLines() (Encoder, *bytes.Buffer)  { b := &bytes.Buffer{}; return NewCSV(b), b }

func TestExportsGolden(t *testing.T) {
	golden(t, "export.jsonl", export(t, jsonLines, chain(2)))
	golden(t, "export.csv", export(t, csvLines, chain(2)))
	golden(t, "empty.csv", export(t, csvLines, nil))
}

func TestVerifyFile(t *testing.T) {
	all := chain(8)
	lines := func(es ...Entry) string { return string(export(t, jsonLines, es)) }
	double := strings.Replace(lines(all[1]), `{"seq":2`, `{"Seq":9,"seq":2`, 1)
	tests := map[string]string{
		"whole":     lines(all...),
		"later":     lines(all[3:]...),
		"filtered":  lines(all[0], all[2], all[3], all[4], all[7]),
		"empty":     "\n\n",
		"changed":   strings.Replace(lines(all...), "Deployment api", "Deployment apx", 1),
		"not JSON":  lines(all[0]) + "hello\n" + lines(all[1]),
		"unknown":   `{"seq":1,"admin":true}` + "\n",
		"double":    lines(all[0]) + double,
		"long line": lines(all[0]) + strings.Repeat("x", 3*LineLimit) + "\n" + lines(all[1]),
		"two":       strings.TrimSpace(lines(all[0])) + lines(all[1]),
		"many":      strings.Repeat("x\n", 30),
	}
	var out strings.Builder
	for _, name := range []string{"whole", "later", "filtered", "empty", "changed", "not JSON", "unknown", "double", "long line", "two", "many"} {
		r, err := VerifyFile(strings.NewReader(tests[name]))
		if err != nil {
			t.Fatal(err)
		}
		if good := name == "whole" || name == "later" || name == "filtered" || name == "empty"; r.OK() != good {
			t.Errorf("%s: OK is %v", name, r.OK())
		}
		out.WriteString("== " + name + "\n" + r.String())
	}
	golden(t, "reports.txt", []byte(out.String()))
	if _, err := VerifyFile(bytes.NewReader(export(t, csvLines, all))); !errors.Is(err, ErrCSV) {
		t.Errorf("CSV: %v", err)
	}
	if _, err := VerifyFile(failing{}); err == nil || errors.Is(err, ErrCSV) {
		t.Errorf("failing reader: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "api": "api", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", " =1": "' =1", "\t=1": "' =1", "\r=1": "' =1",
		`"=1"`: `'"=1"`, "'=1": "''=1", "'a": "''a", "＝1": "'＝1", "－1": "'－1", "＋1": "'＋1", "＠a": "'＠a", "a=1": "a=1", "\u200b=1": "'\u200b=1", "\u00a0=1": "'\u00a0=1", "a\nb": "a b",
	} {
		if got := Cell(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzCSVCell(f *testing.F) {
	for _, s := range []string{"", "=1", " -1", "'", "''=", "\"=1", "＝", "\t@", "a,b\"c", "\r\n=", "\xff", "\ufeff=1", "\u202e+1", "a\u2028b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := full()
		e.Detail = s
		rows, err := csv.NewReader(bytes.NewReader(export(t, csvLines, []Entry{e}))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(csvHeader) {
			t.Fatalf("%q: %v, %d rows", s, err, len(rows))
		}
		cell := rows[1][16]
		if strings.HasPrefix(cell, "'") {
			// a spreadsheet shows the rest as text
		} else if trimmed := strings.TrimLeft(cell, " \t\r\n\"'\ufeff\u200b\u00a0"); trimmed != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(trimmed)[0]) {
			t.Errorf("%q became %q", s, cell)
		}
		if strings.ContainsAny(cell, "\t\r\n\x00") {
			t.Errorf("%q became %q, with a control character", s, cell)
		}
		if got := TextOfCell(cell); got != visible(s) {
			t.Errorf("%q became %q, read back as %q", s, cell, got)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add(export(f, jsonLines, chain(2)))
	for _, s := range []string{"{", "[]", "{}\n{}", "{\"seq\":1}", "{\"a\":{\"b\":[{}]}}", "\xff", "null", "5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := VerifyFile(bytes.NewReader(in))
		if err == nil && r.String() == "" {
			t.Error("no report")
		}
	})
}

func TestFilter(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	tests := map[string]struct {
		query    string
		want     Filter
		problems []string // fields
	}{
		"nothing":    {"", Filter{}, nil},
		"others":     {"before=7&entry=x&visible=a", Filter{}, nil},
		"texts":      {"person=+Ines+&team=payments&environment=production&application=api&text=9c41e7d", Filter{Person: "Ines", Target: policy.Target{Team: "payments", Environment: "production"}, Application: "api", Text: "9c41e7d"}, nil},
		"choices":    {"action=sign+in&outcome=refused&change=%23118", Filter{Action: SignIn, Outcome: Refused, Change: 118}, nil},
		"days":       {"since=2026-11-01&until=2026-11-02", Filter{Since: day(1), Until: day(3)}, nil},
		"same day":   {"since=2026-11-01&until=2026-11-01", Filter{Since: day(1), Until: day(2)}, nil},
		"times":      {"since=2026-11-01T02:00:00%2B02:00&until=2026-11-02T00:00", Filter{Since: day(1), Until: day(2)}, nil},
		"relative":   {"since=7d&until=24h", Filter{Since: noon.AddDate(0, 0, -7), Until: noon.AddDate(0, 0, -1)}, nil},
		"weeks":      {"since=2w", Filter{Since: noon.AddDate(0, 0, -14)}, nil},
		"wrong":      {"action=drop&outcome=x&change=-1&since=yesterday&until=99999999999999d", Filter{}, []string{"action", "outcome", "change", "since", "until"}},
		"years":      {"since=0001-01-01&until=9999-01-01", Filter{}, []string{"since", "until"}},
		"wrong way":  {"since=2026-11-02&until=2026-11-01T00:00", Filter{Since: day(2), Until: day(1)}, []string{"until"}},
		"long":       {"person=" + strings.Repeat("x", 300), Filter{}, []string{"person"}},
		"not a unit": {"since=é&until=d", Filter{}, []string{"since", "until"}},
		"controls":   {"text=a%00b", Filter{Text: "a b"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			got, problems := ParseFilter(q, noon)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			var fields []string
			for _, p := range problems {
				fields = append(fields, p.Field)
			}
			if d := cmp.Diff(tt.problems, fields); d != "" {
				t.Error(d)
			}
			if problems == nil {
				if back, _ := ParseFilter(got.Query(), noon.Add(time.Hour)); !reflect.DeepEqual(back, got) {
					t.Errorf("read back: %+v", back)
				}
			}
		})
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("since=7d&until=2026-11-21", "change=1")
	f.Fuzz(func(t *testing.T, a, b string) {
		q, err := url.ParseQuery(a + "&" + b)
		if err != nil {
			return
		}
		got, problems := ParseFilter(q, noon)
		if len(problems) > 0 {
			return
		}
		if back, p := ParseFilter(got.Query(), noon); p != nil || !reflect.DeepEqual(back, got) {
			t.Errorf("%v: %+v became %+v, %v", q, got, back, p)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	e := full()
	for b.Loop() {
		e = Seal(Genesis, e)
	}
}

func BenchmarkCSV(b *testing.B) {
	enc, buf := csvLines()
	e := Seal(Genesis, full())
	for b.Loop() {
		if err := enc.Encode(e); err != nil {
			b.Fatal(err)
		}
		if buf.Len() > 1<<20 {
			buf.Reset()
		}
	}
}
