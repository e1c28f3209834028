package catalog

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v4/pkg/chart/common"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
)

// engineChart is a chart that is ready to run. What Helm's engine does anew for each rendering is done once:
// parsing, and, unless the values decide which dependencies there are, deciding that. What templates see,
// how values reach dependencies, and the order of the files stay Helm's own: see scopes.
type engineChart struct {
	chart *chart.Chart
	files map[*common.File]*templateFile // of all charts in it
	// settled is the chart with its dependencies as they are for all values, nil where these decide.
	settled *settled
}

// settled is a chart whose dependencies are decided.
type settled struct {
	chart *chart.Chart // in place of its templates one that tells its scope
	files []runFile    // in the order of Helm's engine
}

// runFile is a file of templates in the place that it has in a chart.
type runFile struct {
	*templateFile
	name, base string // "web/charts/db/templates/a.yaml", and "web/charts/db/templates", by which scopes are told
	runs       bool   // as opposed to one that only defines
}

// newEngineChart parses all templates of a chart, those of its dependencies included.
func newEngineChart(c *chart.Chart) (*engineChart, error) {
	e := &engineChart{chart: c, files: map[*common.File]*templateFile{}}
	if err := e.parse(c); err != nil {
		return nil, fmt.Errorf("the chart cannot be read: %w", err)
	}
	if decided(c) {
		// Helm looks at values for nothing but conditions and tags.
		var err error
		if e.settled, err = e.settle(map[string]any{}); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *engineChart) parse(c *chart.Chart) error {
	for _, f := range c.Templates {
		parsed, err := parseFile(path.Join(c.ChartFullPath(), f.Name), string(f.Data))
		if err != nil {
			return err
		}
		e.files[f] = parsed
	}
	for _, sub := range c.Dependencies() {
		if err := e.parse(sub); err != nil {
			return err
		}
	}
	return nil
}

// decided tells whether the values have no say in which dependencies a chart has.
func decided(c *chart.Chart) bool {
	for _, d := range c.Metadata.Dependencies {
		if d != nil && (d.Condition != "" || len(d.Tags) > 0) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Dependencies(), func(sub *chart.Chart) bool { return !decided(sub) })
}

// settle decides which dependencies there are. Values may be changed.
func (e *engineChart) settle(values map[string]any) (*settled, error) {
	c := cloned(e.chart)
	// The defaults are in the values already. Were they in the chart too, Helm would put back what the
	// person removed.
	c.Values = map[string]any{}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("the chart's dependencies: %w", err)
	}
	s := &settled{chart: c}
	e.place(c, s)
	// Helm parses deeper files first, so that a definition of a chart wins over one of its dependencies.
	slices.SortFunc(s.files, func(a, b runFile) int {
		if n := strings.Count(b.name, "/") - strings.Count(a.name, "/"); n != 0 {
			return n
		}
		return strings.Compare(b.name, a.name)
	})
	return s, nil
}

// place adds the files of a chart, and puts the template that tells the scope in their stead.
func (e *engineChart) place(c *chart.Chart, s *settled) {
	at, library := c.ChartFullPath(), c.Metadata.Type == "library"
	for _, f := range c.Templates {
		partial := strings.HasPrefix(path.Base(f.Name), "_")
		if library && !partial {
			continue
		}
		s.files = append(s.files, runFile{e.files[f], path.Join(at, f.Name), path.Join(at, "templates"), !partial})
	}
	c.Templates = []*common.File{scopeFile}
	for _, sub := range c.Dependencies() {
		e.place(sub, s)
	}
}

const scopeFunc = "slipwayScope"

var scopeFile = &common.File{Name: "templates/scope", Data: []byte("{{ " + scopeFunc + " . }}")}

// scopes are what the templates of each chart see as their dot, by the path of the chart's templates. Helm's engine
// makes them: it runs a template in each chart that hands its dot over.
func (s *settled) scopes(ctx context.Context, top common.Values) (map[string]common.Values, error) {
	seen := map[string]common.Values{}
	e := engine.Engine{Strict: true, CustomTemplateFuncs: template.FuncMap{scopeFunc: func(dot common.Values) string {
		about, _ := dot["Template"].(common.Values)
		seen[about["BasePath"].(string)] = dot
		return ""
	}}}
	_, err := e.RenderWithContext(ctx, s.chart, top)
	return seen, err
}

// run renders a chart within the limits of the meter. Values are changed.
func (e *engineChart) run(ctx context.Context, m *meter, values map[string]any, options common.ReleaseOptions, caps *common.Capabilities) (map[string]string, error) {
	s := e.settled
	if s == nil {
		var err error
		if s, err = e.settle(values); err != nil {
			return nil, err
		}
	} else {
		s = &settled{chart: cloned(s.chart), files: s.files} // templates may change what they see of it
	}
	top, err := s.values(values, options, caps)
	if err != nil {
		return nil, fmt.Errorf("the chart's values: %w", err)
	}
	scopes, err := s.scopes(ctx, top)
	if err != nil {
		return nil, err
	}
	return s.run(m, scopes)
}

// values are the top of the scopes. What belongs to no dependency passes Helm by, which would copy it.
func (s *settled) values(values map[string]any, options common.ReleaseOptions, caps *common.Capabilities) (common.Values, error) {
	shared := map[string]any{}
	for name, v := range values {
		if name == common.GlobalKey || slices.ContainsFunc(s.chart.Dependencies(), func(sub *chart.Chart) bool { return sub.Name() == name }) {
			shared[name] = v
		}
	}
	own := s.chart.Values
	if len(own) > 0 { // imported from dependencies
		shared = values
	}
	// Helm's own validation follows remote $ref, so it is skipped: Check has validated.
	top, err := commonutil.ToRenderValuesWithSchemaValidation(s.chart, shared, options, caps, true)
	if err != nil {
		return nil, err
	}
	all := top["Values"].(common.Values)
	for name, v := range values {
		if _, ok := shared[name]; !ok {
			all[name] = v
		}
	}
	return top, nil
}

// rendering is one run of a chart's templates.
type rendering struct {
	*meter
	depth map[string]int                    // of templates that include each other, by name
	texts map[string]map[string]*parse.Tree // for tpl
}

// maxIncludes is how often a template may include itself; Helm's.
const maxIncludes = 1000

func (s *settled) run(m *meter, scopes map[string]common.Values) (files map[string]string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rendering failed: %v", r)
		}
	}()
	r := &rendering{m, map[string]int{}, map[string]map[string]*parse.Tree{}}
	set := template.New("gotpl").Option("missingkey=error")
	set.Funcs(m.functions())
	r.bind(set)
	for _, f := range s.files {
		if f.unknown != nil {
			return nil, f.unknown
		}
		if err := f.addTo(set); err != nil {
			return nil, err
		}
	}
	files = map[string]string{}
	for _, f := range s.files {
		if !f.runs {
			continue
		}
		dot := scopes[f.base]
		dot["Template"] = common.Values{"Name": f.name, "BasePath": f.base}
		var b strings.Builder
		if err := set.ExecuteTemplate(m.writer(&b), f.name, dot); err != nil {
			return nil, failure(err)
		}
		files[f.name] = withoutNoValue(b.String())
	}
	return files, nil
}

// addTo defines in a set what the file does. The trees themselves are shared.
func (f runFile) addTo(set *template.Template) error {
	for name, tree := range f.trees {
		if name == "" {
			name = f.name
		}
		if _, err := set.AddParseTree(name, tree); err != nil {
			return err
		}
	}
	return nil
}

// withoutNoValue takes out what Go's templates print for nil within a map of any.
func withoutNoValue(text string) string { return strings.ReplaceAll(text, "<no value>", "") }

// bind gives a set of templates the functions that run others of the same set.
func (r *rendering) bind(set *template.Template) {
	set.Funcs(template.FuncMap{
		"include": func(name string, dot any) (string, error) { return r.include(set, name, dot) },
		"tpl":     func(text string, dot any) (string, error) { return r.tpl(set, text, dot) },
	})
}

func (r *rendering) include(set *template.Template, name string, dot any) (string, error) {
	if r.depth[name] > maxIncludes {
		return "", fmt.Errorf("the template %s includes itself without end", name)
	}
	r.tick()
	r.depth[name]++
	defer func() { r.depth[name]-- }()
	var b strings.Builder
	err := set.ExecuteTemplate(r.writer(&b), name, dot)
	return b.String(), err
}

// tpl runs a text as a template. What it defines is there for itself alone, so it gets a set of its own.
func (r *rendering) tpl(set *template.Template, text string, dot any) (string, error) {
	r.tick()
	if !strings.Contains(text, "{{") {
		r.text(len(text))
		return withoutNoValue(text), nil
	}
	r.steps += tplSteps
	if strings.Count(text, "{{") > maxActions {
		r.stop(tooMuch("a text for tpl", maxActions, "actions"))
	}
	trees, err := r.parsed(set.Name(), text)
	if err != nil {
		return "", err
	}
	main, err := r.beside(set, trees)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := main.Execute(r.writer(&b), dot); err != nil {
		return "", fmt.Errorf("in the text %q for tpl: %w", shortened(text), err)
	}
	return withoutNoValue(b.String()), nil
}

// parsed are the templates of a text for tpl, which is often the same for each turn of a loop.
func (r *rendering) parsed(name, text string) (map[string]*parse.Tree, error) {
	if trees, ok := r.texts[text]; ok {
		return trees, nil
	}
	own, err := template.New(name).Funcs(callable()).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the text %q for tpl: %w", shortened(text), err)
	}
	trees := map[string]*parse.Tree{}
	for _, t := range own.Templates() {
		instrument(t.Tree)
		trees[t.Name()] = t.Tree
	}
	r.texts[text] = trees
	return trees, nil
}

// beside makes a template that sees those of a set, and which the set does not see.
func (r *rendering) beside(set *template.Template, trees map[string]*parse.Tree) (*template.Template, error) {
	if main, ok := trees[set.Name()]; ok && len(trees) == 1 {
		t := set.New(set.Name())
		t.Tree = main
		return t, nil
	}
	own, err := set.Clone()
	if err != nil {
		return nil, err
	}
	r.bind(own.Option("missingkey=error"))
	t := own.New(set.Name())
	for name, tree := range trees {
		if _, err := t.AddParseTree(name, tree); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// cloned copies what rendering changes: Helm's engine edits metadata, values and dependencies of the
// chart that it is given.
func cloned(c *chart.Chart) *chart.Chart {
	n := *c
	if c.Metadata != nil {
		m := *c.Metadata
		m.Annotations = maps.Clone(m.Annotations)
		m.Dependencies = make([]*chart.Dependency, len(c.Metadata.Dependencies))
		for i, d := range c.Metadata.Dependencies {
			dep := *d
			m.Dependencies[i] = &dep
		}
		n.Metadata = &m
	}
	if c.Values != nil {
		n.Values = copied(c.Values).(map[string]any)
	}
	n.Templates = slices.Clone(c.Templates)
	subs := make([]*chart.Chart, 0, len(c.Dependencies()))
	for _, d := range c.Dependencies() {
		subs = append(subs, cloned(d))
	}
	n.SetDependencies(subs...)
	return &n
}
