package charts_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/author"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// beginning is where somebody begins to change a form.
type beginning struct {
	name string
	tpl  *catalog.Template
	in   catalog.Inputs
}

// beginnings are the empty form of every template, the cases that the templates are tested with, and the
// applications of examples/.
func beginnings(t testing.TB) []beginning {
	t.Helper()
	all, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	var begin []beginning
	for _, tpl := range all.Templates() {
		begin = append(begin, beginning{tpl.ID.Name, tpl, nil})
		files, err := filepath.Glob(tpl.ID.Name + "/tests/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, doc := range bytes.Split(text, []byte("\n---\n")) {
				var c struct {
					Inputs json.RawMessage `json:"inputs"`
				}
				if err := yaml.Unmarshal(doc, &c); err != nil {
					t.Fatal(err)
				}
				if in, err := author.ReadInputs(tpl, c.Inputs); err == nil {
					begin = append(begin, beginning{fmt.Sprintf("%s %d", file, i), tpl, in})
				}
			}
		}
	}
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := change.ReadDocuments(text)
		_ = text.Close()
		if err != nil {
			continue // the portal's own configuration
		}
		for _, d := range docs {
			tpl, err := all.Newest(d.Template)
			if err != nil {
				t.Fatal(err)
			}
			begin = append(begin, beginning{file + " " + d.Name, tpl, d.Inputs})
		}
	}
	return begin
}

var formRelease = catalog.Release{
	App: "shop", Target: policy.Target{Team: "team", Environment: "production"},
	Place: manifest.Place{Cluster: "main", Namespace: "shop"}, Revision: 1, KubeVersion: "v1.34.0", ClusterScoped: true,
}

func sealer(t testing.TB) func(string) manifest.Token {
	t.Helper()
	s, err := manifest.NewSealer([]byte(strings.Repeat("k", manifest.MinSealerKey)))
	if err != nil {
		t.Fatal(err)
	}
	return func(value string) manifest.Token { return s.Seal(formRelease.Place, value) }
}

// eachForm has a form filled in from every beginning, always in the same way, or in as many ways as
// SLIPWAY_TEST_FORMS says. Of the first, those of other beginnings stay what they are when one is added.
func eachForm(t *testing.T, salt string, do func(t *testing.T, from beginning, seed uint64)) {
	t.Helper()
	ways, err := strconv.Atoi(cmp.Or(os.Getenv("SLIPWAY_TEST_FORMS"), "1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range beginnings(t) {
		for way := range ways {
			name := fmt.Sprintf("%s, %d", from.name, way)
			seed := fnv.New64a()
			_, _ = seed.Write([]byte(salt + name))
			t.Run(name, func(t *testing.T) { do(t, from, seed.Sum64()) })
		}
	}
}

// fill does as many things in a form as a seed says, and mends what the form then complains of. It returns
// nil if that does not help.
func fill(t *testing.T, from beginning, seed uint64, seal func(string) manifest.Token) *person {
	t.Helper()
	source, data := rand.New(rand.NewPCG(seed, 0)), []byte(nil)
	for range 64 {
		data = binary.LittleEndian.AppendUint64(data, source.Uint64())
	}
	p := newPerson(from.tpl, from.in, catalog.Around{Release: formRelease, Seal: seal}, data)
	for range p.draw(12) {
		p.step()
	}
	p.settles(t)
	if !p.mend() {
		return nil
	}
	p.settles(t)
	return p
}

// Whatever somebody types and presses, a form that complains of nothing has inputs that are taken as a file
// too, and that become objects as their kinds have them, with no secret in plain text.
func TestFormsTakeWhatCanBeMade(t *testing.T) {
	seal, whole := sealer(t), 0
	eachForm(t, "made", func(t *testing.T, from beginning, seed uint64) {
		if p := fill(t, from, seed, seal); p != nil {
			whole++
			p.makesObjects(t)
			p.compares(t, from.in)
		}
	})
	if whole < 50 {
		t.Errorf("only %d forms came to something", whole)
	}
}

// What a form complains of nothing in is taken by a server, but for kinds that it does not have.
func TestFormsTakeWhatAServerTakes(t *testing.T) {
	s, seal, sent := newServer(t), sealer(t), 0
	eachForm(t, "taken", func(t *testing.T, from beginning, seed uint64) {
		p := fill(t, from, seed, seal)
		if p == nil {
			return
		}
		for _, u := range p.makesObjects(t) {
			if _, err := s.apply(t.Context(), u, true); err != nil && !meta.IsNoMatchError(err) {
				t.Errorf("%s: %v\n%s", manifest.RefOf(u), err, asText(p.read.Inputs))
			}
			sent++
		}
	})
	if sent < 200 {
		t.Errorf("only %d objects were sent", sent)
	}
}

// settles tells that a form stays as it is when it is posted again without a change.
func (p *person) settles(t *testing.T) {
	t.Helper()
	again := p.tpl.Decode(p.read.View.Form(), p.around)
	if d := gocmp.Diff(map[string]any(p.read.Inputs), map[string]any(again.Inputs)); d != "" {
		t.Errorf("%s: the inputs change when the form is posted again:\n%s", p.tpl.ID, d)
	}
	if len(p.read.Errors) == 0 && len(again.Errors) > 0 {
		t.Errorf("%s: the form complains only when it is posted again: %v", p.tpl.ID, again.Errors)
	}
}

// makesObjects gives the objects that the inputs become, none where the form says that two have one name.
func (p *person) makesObjects(t *testing.T) manifest.Set {
	t.Helper()
	in := p.read.Inputs
	if errs := p.tpl.Check(in, p.around.Release); len(errs) > 0 {
		t.Fatalf("%s: the form takes what is refused afterwards: %+v\n%s", p.tpl.ID, errs, asText(in))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	made, err := p.tpl.Render(ctx, in, p.around.Release)
	if errs := catalog.Errors(nil); errors.As(err, &errs) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s: the form takes what the template cannot render: %v\n%s", p.tpl.ID, err, asText(in))
	}
	if len(made.Skipped) > 0 {
		t.Errorf("%s: it makes what is not applied: %+v\n%s", p.tpl.ID, made.Skipped, asText(in))
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, u := range made.Set {
		if path, found := manifest.Misplaced(u); found {
			t.Errorf("%s: a secret stands in %s of %s\n%s", p.tpl.ID, path, manifest.RefOf(u), asText(in))
		}
		text, err := manifest.YAML(u)
		if err != nil {
			t.Errorf("%s: %s: %v\n%s", p.tpl.ID, manifest.RefOf(u), err, asText(in))
			continue
		}
		if _, _, err := strict.Decode(text, nil, nil); err != nil && !runtime.IsNotRegisteredError(err) {
			t.Errorf("%s: %s is not as its kind has it: %v\n%s\nof\n%s", p.tpl.ID, manifest.RefOf(u), err, text, asText(in))
		}
	}
	return made.Set
}

// compares tells that of two forms each can become the other by taking over what differs.
func (p *person) compares(t *testing.T, start catalog.Inputs) {
	t.Helper()
	from := catalog.Side{Inputs: p.read.Inputs, Environment: "staging", Namespace: "shop-staging"}
	to := catalog.Side{Inputs: start, Environment: "production", Namespace: "shop"}
	differences, _ := p.tpl.Compare(from, to)
	var paths []string
	for _, d := range differences {
		paths = append(paths, d.Path)
	}
	left, _ := p.tpl.Compare(from, catalog.Side{Inputs: p.tpl.TakeOver(from, to, paths), Environment: to.Environment, Namespace: to.Namespace})
	for _, d := range left {
		if !d.Secret && !d.Fixed {
			t.Errorf("%s: %s still differs after all was taken over: %q, %q\n%s\nand\n%s", p.tpl.ID, d.Path, d.From, d.To, asText(p.read.Inputs), asText(start))
		}
	}
}

func asText(in catalog.Inputs) string {
	text, err := json.Marshal(in)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
