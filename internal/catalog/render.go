package catalog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
)

// assumedKube is the version that is rendered for while the cluster's is not known.
const assumedKube = "v1.34.0"

var appName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,51}[a-z0-9])?$`)

// Render makes the application's objects, sorted. It returns Errors for bad inputs, names that are taken
// among them, or an error
// whose text is for the template's author: a chart that fails, takes too long, or makes what it may not.
// The same arguments give the same bytes. It runs within the caller's goroutine and ends when ctx does.
func (t *Template) Render(ctx context.Context, in Inputs, r Release) (Rendered, error) {
	if t.loaded == nil {
		return Rendered{}, fmt.Errorf("template %s cannot be used: %w", t.ID, t.Broken)
	}
	if errs := t.Check(in, r); len(errs) > 0 {
		return Rendered{}, errs
	}
	out, err := t.render(ctx, in, r)
	if err != nil {
		if ctx.Err() != nil {
			return Rendered{}, ctx.Err()
		}
		if errs := t.typedNames(in, err); len(errs) > 0 {
			return Rendered{}, errs
		}
		return Rendered{}, &TemplateError{Template: t.ID, Err: err}
	}
	return out, nil
}

// render does what Render does with inputs that are not checked.
func (t *Template) render(ctx context.Context, in Inputs, r Release) (Rendered, error) {
	if !appName.MatchString(r.App) {
		return Rendered{}, fmt.Errorf("%q cannot be an application's name: it is at most 53 lower-case letters, digits and dashes, and begins with a letter", r.App)
	}
	m := newMeter(ctx)
	files, err := t.execute(ctx, m, in, r)
	if m.err != nil {
		return Rendered{}, m.err
	}
	if err != nil {
		return Rendered{}, brief(err)
	}
	set, err := objects(files)
	if err != nil {
		return Rendered{}, err
	}
	set, skipped, err := admission{t.loaded.allows, r}.admit(set)
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Set: adopt(set, r), Skipped: skipped}, nil
}

// brief cuts the text of an error that repeats itself for every level of a recursion.
func brief(err error) error {
	if text := err.Error(); len(text) > maxErrorBytes {
		return errors.New(strings.ToValidUTF8(text[:maxErrorBytes], "") + "…")
	}
	return err
}

// execute runs the chart's templates: lookup has no cluster, DNS is off, a missing value is an error.
func (t *Template) execute(ctx context.Context, m *meter, in Inputs, r Release) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	values, options, caps, err := t.context(in, r)
	if err != nil {
		return nil, err
	}
	return t.loaded.engine.run(ctx, m, values, options, caps)
}

// context is what a chart is rendered with.
func (t *Template) context(in Inputs, r Release) (map[string]any, common.ReleaseOptions, *common.Capabilities, error) {
	given := t.values(in)
	if !t.loaded.asWritten {
		given = filledIn(t.Fields, given)
	}
	values := native(given).(map[string]any)
	values[Reserved] = map[string]any{
		"app": r.App, "team": r.Target.Team, "environment": r.Target.Environment,
		"namespace": r.Place.Namespace, "revision": r.Revision,
	}
	caps, err := capabilities(r)
	return values, common.ReleaseOptions{
		Name: r.App, Namespace: r.Place.Namespace, Revision: r.Revision,
		IsInstall: r.Revision <= 1, IsUpgrade: r.Revision > 1,
	}, caps, err
}

func capabilities(r Release) (*common.Capabilities, error) {
	version := r.KubeVersion
	if version == "" {
		version = assumedKube
	}
	kube, err := common.ParseKubeVersion(version)
	if err != nil {
		return nil, errors.New("the cluster's version " + version + " cannot be read")
	}
	apis := common.DefaultVersionSet
	if len(r.APIVersions) > 0 {
		apis = common.VersionSet(r.APIVersions)
	}
	return &common.Capabilities{KubeVersion: *kube, APIVersions: apis, HelmVersion: common.DefaultCapabilities.HelmVersion}, nil
}
