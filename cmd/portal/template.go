package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/author"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// templateCommands are for people who write templates. All take exit code 1 for something to mend in a
// template, and 2 for something to mend on the command line.
type templateCommands struct {
	New    templateNew    `cmd:"" help:"Begin a template: a chart with a form, an example and its golden file."`
	Lint   templateLint   `cmd:"" help:"Check templates, and name file and line of what there is to mend."`
	Test   templateTest   `cmd:"" help:"Run the cases of templates, tests/*.yaml, against their golden files."`
	Render templateRender `cmd:"" help:"Print what a template makes of inputs."`
}

type templateNew struct {
	Name string `arg:"" help:"The new chart's folder; its last part is the chart's name."`
	From string `placeholder:"CHART" help:"Begin as a copy of this: the name of a built-in template, or a chart's folder."`
}

// Run makes the chart, with the golden files of its cases.
func (n templateNew) Run(e *environs) error {
	from, err := n.origin()
	if err != nil {
		return usage{err}
	}
	switch err := author.New(n.Name, from); {
	case errors.Is(err, author.ErrExists):
		return usage{fmt.Errorf("portal: %s: there is something of this name already; take another one", n.Name)}
	case err != nil:
		return usage{fmt.Errorf("portal: %w", err)}
	}
	_, wrong, err := author.Test(e.ctx, n.Name, true)
	if err != nil && !errors.Is(err, author.ErrNoCases) || len(wrong) > 0 {
		return fmt.Errorf("portal: %s is made, and its cases do not run: %w%s", n.Name, err, joined(n.Name, wrong))
	}
	fmt.Fprintf(e.stdout, "%s is made. Next:\n  portal template lint %s\n  portal template test %s\n"+
		"The form is values.schema.json, the objects are in templates/, the cases in tests/.\n", n.Name, n.Name, n.Name)
	return nil
}

// origin finds the chart to copy: a folder, else a built-in one.
func (n templateNew) origin() (*author.Origin, error) {
	if n.From == "" {
		return nil, nil
	}
	if _, err := os.Stat(filepath.Join(n.From, "Chart.yaml")); err == nil {
		abs, err := filepath.Abs(n.From)
		return &author.Origin{Charts: os.DirFS(filepath.Dir(abs)), Name: filepath.Base(abs)}, err
	}
	if info, err := fs.Stat(charts.FS, n.From); err == nil && info.IsDir() {
		return &author.Origin{Charts: charts.FS, Name: n.From}, nil
	}
	var names []string
	entries, err := charts.FS.ReadDir(".")
	for _, one := range entries {
		names = append(names, one.Name())
	}
	return nil, errors.Join(fmt.Errorf("portal: --from: there is no chart %q; %s", n.From, suggestion(n.From, names)), err)
}

// errToMend means that something was found, and printed.
var errToMend = errors.New("portal: there is something to mend")

type templateLint struct {
	Dirs []string `arg:"" name:"dir" help:"The folders of charts."`
}

// Run prints a line for each finding.
func (l templateLint) Run(e *environs) error {
	count := 0
	for _, dir := range l.Dirs {
		found, err := author.Lint(e.ctx, dir)
		if err != nil {
			return usage{fmt.Errorf("portal: %s: %s", dir, plainly(err))}
		}
		count += len(found)
		fmt.Fprint(e.stdout, joined(dir, found))
		if len(found) == 0 {
			fmt.Fprintf(e.stdout, "%s: nothing to mend\n", dir)
		}
	}
	if count > 0 {
		return errToMend
	}
	return nil
}

// joined writes findings with the path of each file.
func joined(dir string, found []author.Finding) string {
	var b strings.Builder
	for _, f := range found {
		f.File = filepath.Join(dir, f.File)
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

type templateTest struct {
	Dirs       []string `arg:"" name:"dir" help:"The folders of charts."`
	Update     bool     `help:"Write the golden files anew. Look at the difference before you commit it."`
	Kubeconfig string   `placeholder:"FILE" help:"Also ask this cluster about every object, by a server-side dry run. Nothing is changed."`
	Context    string   `help:"Of the kubeconfig; without it, its current one."`
	Namespace  string   `placeholder:"NAME" help:"The namespace in which the cluster is asked; it must exist."`
}

// Run runs the cases, and asks the cluster about what they make.
func (t templateTest) Run(e *environs) error {
	var ask asker
	if t.Kubeconfig != "" {
		if t.Namespace == "" {
			return usage{errors.New("portal: --namespace is missing; the dry run needs one that exists")}
		}
		var err error
		if ask, err = newAsker(t.Kubeconfig, t.Context, t.Namespace); err != nil {
			return usage{err}
		}
	} else if t.Context != "" || t.Namespace != "" {
		return usage{errors.New("portal: --context and --namespace go with --kubeconfig")}
	}
	failed := false
	for _, dir := range t.Dirs {
		results, found, err := author.Test(e.ctx, dir, t.Update)
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("portal: %s: %w", dir, err)
		}
		if err != nil {
			return usage{fmt.Errorf("portal: %s: %s", dir, plainly(err))}
		}
		fmt.Fprint(e.stdout, joined(dir, found))
		failed = failed || len(found) > 0
		for _, r := range results {
			ok := t.report(e, dir, r)
			if ok && ask != nil {
				ok = askAll(e.ctx, e, ask, r.Set)
			}
			failed = failed || !ok
		}
	}
	if failed {
		return errToMend
	}
	return nil
}

func (t templateTest) report(e *environs, dir string, r author.Result) bool {
	switch {
	case r.Failed != "":
		fmt.Fprintf(e.stdout, "%s:%d: %s: %s\n", filepath.Join(dir, r.File), r.Line, r.Name, strings.ReplaceAll(r.Failed, "\n", "\n    "))
		return false
	case r.Updated:
		fmt.Fprintf(e.stdout, "%s: %s: written\n", dir, r.Name)
	default:
		fmt.Fprintf(e.stdout, "%s: %s: ok\n", dir, r.Name)
	}
	return true
}

// asker asks a cluster whether it would take an object.
type asker func(ctx context.Context, u manifest.Object) error

func askAll(ctx context.Context, e *environs, ask asker, set manifest.Set) bool {
	ok := true
	for _, u := range set {
		said := "the cluster takes it"
		if err := ask(ctx, u); err != nil {
			said, ok = err.Error(), false
		}
		fmt.Fprintf(e.stdout, "    %s: %s\n", manifest.RefOf(u), said)
	}
	return ok
}

type templateRender struct {
	Dir         string `arg:"" help:"The chart's folder."`
	File        string `name:"file" short:"f" required:"" placeholder:"FILE" help:"The inputs, in YAML: what one would type into the form. What is written for a secret does not come out. - reads the standard input."`
	App         string `default:"example" help:"The application's name."`
	Team        string `default:"team" help:"The team's name."`
	Environment string `default:"production" help:"The environment's name."`
	Namespace   string `default:"default" help:"The namespace."`
	KubeVersion string `placeholder:"VERSION" help:"The cluster's version, such as v1.34.0."`
}

// Run prints the manifests.
func (r templateRender) Run(e *environs) error {
	t, err := author.Open(r.Dir)
	switch {
	case err != nil:
		return usage{fmt.Errorf("portal: %s: %s", r.Dir, plainly(err))}
	case t == nil:
		return usage{fmt.Errorf("portal: %s: a library chart makes nothing by itself", r.Dir)}
	case t.Broken != nil:
		return fmt.Errorf("portal: %s: %w", r.Dir, t.Broken)
	case r.KubeVersion != "" && !kubeVersion.MatchString(r.KubeVersion):
		return usage{fmt.Errorf("portal: --kube-version: %q is not a version such as v1.34.0", r.KubeVersion)}
	}
	read := readLimited
	if r.File == standard {
		r.File, read = "standard input", func(string) ([]byte, error) { return readAllLimited(os.Stdin) }
	}
	raw, err := read(r.File)
	if err != nil {
		return usage{fmt.Errorf("portal: %s: %s", r.File, plainly(err))}
	}
	in, err := author.ReadInputs(t, raw)
	if err != nil {
		return fmt.Errorf("portal: %s: %w", r.File, err)
	}
	rendered, err := t.Render(e.ctx, in, author.ReleaseFor(r.App, r.Team, r.Environment, r.Namespace, r.KubeVersion))
	var fields catalog.Errors
	if errors.As(err, &fields) {
		lines := make([]string, len(fields))
		for i, f := range fields {
			lines[i] = fmt.Sprintf("%s: %s: %s: %s", r.File, t.PointerOf(in, f.Path), f.Title, f.Message)
		}
		return errors.New(strings.Join(slices.Compact(lines), "\n"))
	}
	if err != nil {
		return fmt.Errorf("portal: %s: %w", r.Dir, err)
	}
	text, err := author.Manifests(rendered.Set)
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(text)
	return err
}
