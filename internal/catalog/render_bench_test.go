package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/charts"
)

// twelve are inputs of the template "application" with twelve workloads.
func twelve(t testing.TB) (*Template, Inputs) {
	t.Helper()
	c, err := Open(charts.FS)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := c.Newest("application")
	if err != nil || tpl.Broken != nil {
		t.Fatal(err, tpl.Broken)
	}
	var all []any
	for i := range 12 {
		all = append(all, map[string]any{
			"name": fmt.Sprintf("part-%d", i), "kind": "web", "image": "registry.example.com/shop/part:1.2.3", "port": json.Number("8080"),
			"replicas": json.Number("3"),
		})
	}
	return tpl, Inputs{"workloads": all}
}

// full are the same twelve, each with all that the case "full" of the template "web-service" sets.
func full(t testing.TB) (*Template, Inputs) {
	t.Helper()
	raw, err := charts.FS.ReadFile("web-service/tests/texts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), "name: full\n")
	var one struct{ Inputs map[string]any }
	text, _, _ = strings.Cut(text, "\n---\n")
	if err := yaml.Unmarshal([]byte(text), &one); err != nil || !found || len(one.Inputs) < 30 {
		t.Fatalf("%v, %d inputs", err, len(one.Inputs))
	}
	tpl, _ := twelve(t)
	shared := Inputs{}
	for _, name := range []string{"config", "pullSecret"} {
		shared[name] = one.Inputs[name]
		delete(one.Inputs, name)
	}
	var all []any
	for i := range 12 {
		row := copied(one.Inputs).(map[string]any)
		row["name"], row["kind"] = fmt.Sprintf("part-%d", i), "web"
		row["host"] = fmt.Sprintf("part-%d.example.com", i)
		row["hosts"] = []any{map[string]any{"host": row["host"], "path": "/cart"}}
		row["serviceAccount"] = map[string]any{"name": row["name"]}
		all = append(all, row)
	}
	shared["workloads"] = all
	return tpl, shared
}

// Even the most workloads with everything on are under the limits, so that real applications do not meet
// what is there for endless loops.
func TestTwelveWorkloadsStayWithinTheLimits(t *testing.T) {
	for _, tc := range []struct {
		name    string
		make    func(testing.TB) (*Template, Inputs)
		objects int // at least
	}{{"least", twelve, 24}, {"full", full, 84}} {
		t.Run(tc.name, func(t *testing.T) {
			tpl, in := tc.make(t)
			r, err := tpl.Render(context.Background(), in, release())
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Set) < tc.objects {
				t.Errorf("it makes %d objects", len(r.Set))
			}
			m := newMeter(context.Background())
			if _, err := tpl.execute(context.Background(), m, in, release()); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d objects, %d steps, %d bytes printed", len(r.Set), m.steps, m.printed)
			const most = 30 // workloads that the schema takes
			if m.steps*most/12 > maxSteps || m.printed*most/12 > maxPrintedBytes {
				t.Errorf("%d steps of %d, %d bytes of %d", m.steps, maxSteps, m.printed, maxPrintedBytes)
			}
		})
	}
}

// BenchmarkRender is everything from inputs to objects.
func BenchmarkRender(b *testing.B) {
	tpl, in := twelve(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tpl.Render(context.Background(), in, release()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderFull is the same with everything on.
func BenchmarkRenderFull(b *testing.B) {
	tpl, in := full(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tpl.Render(context.Background(), in, release()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderAgainstHelm renders with Helm's engine in turn, so that both meet the same machine. "ratio" is
// the CPU time of ours to theirs, garbage collection included.
func BenchmarkRenderAgainstHelm(b *testing.B) {
	tpl, in := twelve(b)
	helm := plainHelm(b, tpl, in)
	ours, theirs := time.Duration(0), time.Duration(0)
	for b.Loop() {
		start := cpuTime(b)
		if _, err := tpl.Render(context.Background(), in, release()); err != nil {
			b.Fatal(err)
		}
		between := cpuTime(b)
		helm()
		ours, theirs = ours+between-start, theirs+cpuTime(b)-between
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// cpuTime is what this process has had of all processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPlainHelm is what a program has that only calls Helm.
func BenchmarkPlainHelm(b *testing.B) {
	tpl, in := twelve(b)
	helm := plainHelm(b, tpl, in)
	for b.Loop() {
		helm()
	}
}

// plainHelm gives what a program does that only calls Helm: dependencies, validation by the schema, the engine, and
// reading the objects. The values are ready.
func plainHelm(b *testing.B, tpl *Template, in Inputs) func() {
	given, options, caps, err := tpl.context(in, release())
	if err != nil {
		b.Fatal(err)
	}
	own := chartLoader{}
	for _, f := range tpl.loaded.chart.Raw {
		own[f.Name] = f.Data
	}
	present := tpl.present(in)
	return func() {
		c := cloned(tpl.loaded.chart)
		c.Values = map[string]any{}
		values := copied(given).(map[string]any)
		if err := chartutil.ProcessDependencies(c, values); err != nil {
			b.Fatal(err)
		}
		// Helm compiles the schema for every validation. It looks for "charts/workload/…" at the root of the
		// disk, so its validator is called here with the chart's files.
		schemas, err := readSchemas(own)
		if err != nil {
			b.Fatal(err)
		}
		if err := schemas.compiled.Validate(present); err != nil {
			b.Fatal(err)
		}
		top, err := commonutil.ToRenderValuesWithSchemaValidation(c, values, options, caps, true)
		if err != nil {
			b.Fatal(err)
		}
		files, err := engine.Engine{Strict: true}.RenderWithContext(context.Background(), c, top)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := objects(files); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode is the answer to a form that is posted, without its page: twenty workloads, with an application
// that runs.
func BenchmarkDecode(b *testing.B) {
	tpl, in := twelve(b)
	rows := list(in["workloads"])
	for i := range 8 {
		row := copied(rows[0]).(map[string]any)
		row["name"] = fmt.Sprintf("more-%d", i)
		rows = append(rows, row)
	}
	in["workloads"] = rows
	around := Around{Release: release(), Deployed: in}
	form := formOf(tpl.View(in, around))
	for b.Loop() {
		if r := tpl.Decode(form, around); len(r.Errors) > 0 {
			b.Fatal(r.Errors)
		}
	}
}
