package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/advice"
	"slipway.dev/slipway/internal/manifest"
)

// LabelComponent and its value tell a Job that migrates, where its name does not
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
const (
	LabelComponent     = "app.kubernetes.io/component"
	ComponentMigration = "migration"
)

// migrationsLookedAt is how many of an application's newest changes are looked through for migrations.
const migrationsLookedAt = 500

// Of migrations a roll back learns in two ways, because they know different things. A gate of what runs now
// was left out of the very set that is gone back to, so it is known whatever it is called, see notUndone. What
// lies in between (revisions that are passed over, attempts that failed, Jobs of charts that declare no gate,
// init containers) carries no such mark, or is in no set at hand: there only labels and names tell, and a
// migration that says so nowhere is not found. Nothing is said twice.

// migrated warns of what has migrated since the revision that a roll back leads to: going back takes back
// objects, and no data. Attempts that failed count, since a migration comes before what failed after it.
// The gates of what runs now are told of already, see notUndone.
func (s *Service) migrated(ctx context.Context, p *prepared) []advice.Warning {
	to, err := s.Store.Revision(ctx, p.App, p.Revision)
	if err != nil {
		return nil // the plan is true without it
	}
	then, err := decodeSet(to.Rendered) // with its gates, which the plan leaves out
	if err != nil {
		return nil
	}
	between, err := s.Store.Changes(ctx, Query{App: &p.App, States: []State{Applied, Failed}, Oldest: false, Limit: migrationsLookedAt})
	if err != nil {
		return nil
	}
	var jobs []string
	for _, c := range between {
		if c.ID <= to.Change {
			break
		}
		for _, ref := range s.migrationJobs(ctx, c, then) {
			name := "`" + ref.Name + "`"
			if !slices.Contains(jobs, name) && !slices.ContainsFunc(p.undone, ref.Same) {
				jobs = append(jobs, name)
			}
		}
	}
	const means = " Going back does not take that back: the older version must work with the newer database."
	var out []advice.Warning
	switch {
	case len(jobs) == 1:
		out = append(out, advice.Warning{Sentence: "A migration ran between: " + jobs[0] + "." + means})
	case len(jobs) > 1:
		out = append(out, advice.Warning{Sentence: fmt.Sprintf("%d migrations ran between: %s.%s", len(jobs), list(atMost(jobs, 3)), means)})
	}
	for _, name := range s.migrateAtStart(ctx, p) {
		out = append(out, advice.Warning{Sentence: "The pods of `" + name + "` migrate when they start, those of now by another image or command than the older ones." + means})
	}
	return out
}

// migrationJobs are the Jobs that migrate, which a change applied, and which kept does not hold.
func (s *Service) migrationJobs(ctx context.Context, c Change, kept manifest.Set) []manifest.Ref {
	var out []manifest.Ref
	var set manifest.Set
	for _, o := range c.Outcomes {
		isJob := o.Ref.Group == batchv1.GroupName && o.Ref.Kind == "Job" && o.Ref.Namespace == ""
		if !isJob || o.Op == manifest.Delete || o.State != manifest.Succeeded && o.State != manifest.Broken || holds(kept, o.Ref) || c.tried(o.Ref) {
			continue
		}
		if saysMigrate(o.Ref.Name) {
			out = append(out, o.Ref)
			continue
		}
		if set == nil { // lists come without the objects
			if whole, err := s.Store.Change(ctx, c.ID); err == nil {
				set, _ = decodeSet(whole.Rendered)
			}
		}
		i := slices.IndexFunc(set, func(u manifest.Object) bool { return manifest.RefOf(u).Same(o.Ref) })
		if i >= 0 && migrates(set[i]) {
			out = append(out, o.Ref)
		}
	}
	return out
}

// tried tells whether an object is a gate by which a change was only tried out.
func (c Change) tried(r manifest.Ref) bool {
	return slices.ContainsFunc(c.Plan.Objects, func(o manifest.DryRun) bool { return o.Ref.Same(r) && o.Gate != nil && o.Gate.Trial })
}

func holds(set manifest.Set, r manifest.Ref) bool {
	return slices.ContainsFunc(set, func(u manifest.Object) bool { return manifest.RefOf(u).Same(r) })
}

func saysMigrate(s string) bool { return strings.Contains(strings.ToLower(s), "migrat") }

// podTemplate is the little of an object that tells whether its pods migrate.
type podTemplate struct {
	Spec struct {
		Template corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

func readPods(u manifest.Object) (p podTemplate) {
	raw, err := u.MarshalJSON()
	if err == nil {
		_ = yaml.Unmarshal(raw, &p) // what cannot be read has no pods
	}
	return p
}

// migrates tells whether a Job is one that migrates, by its labels or its containers' names.
func migrates(u manifest.Object) bool {
	pods := readPods(u)
	return u.GetLabels()[LabelComponent] == ComponentMigration || pods.Spec.Template.Labels[LabelComponent] == ComponentMigration ||
		slices.ContainsFunc(pods.Spec.Template.Spec.Containers, func(c corev1.Container) bool { return saysMigrate(c.Name) })
}

// migrateAtStart are the names of the workloads whose pods migrate before they start, with what the
// revision that is gone back to does not have.
func (s *Service) migrateAtStart(ctx context.Context, p *prepared) []string {
	now, err := s.Store.Revision(ctx, p.App, p.base)
	if err != nil {
		return nil
	}
	set, err := decodeSet(now.Rendered)
	if err != nil {
		return nil
	}
	var names []string
	for _, u := range set {
		ref := manifest.RefOf(u)
		if !hasPods(ref) {
			continue
		}
		var former []string
		for _, old := range p.set {
			if manifest.RefOf(old).Same(ref) {
				former = migrators(old)
			}
		}
		if here := migrators(u); len(here) > 0 && !slices.Equal(here, former) {
			names = append(names, ref.Name)
		}
	}
	return names
}

// migrators are the init containers of a workload that migrate: what each of them runs.
func migrators(u manifest.Object) []string {
	var out []string
	for _, c := range readPods(u).Spec.Template.Spec.InitContainers {
		if saysMigrate(c.Name) {
			out = append(out, fmt.Sprintf("%q", append([]string{c.Image}, append(c.Command, c.Args...)...)))
		}
	}
	return out
}
