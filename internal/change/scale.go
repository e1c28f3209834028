package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// Handles are what of an application can be restarted and scaled, as its current revision has it.
type Handles struct {
	Workloads []manifest.Ref // can be restarted
	Others    []Fixed        // run pods, and cannot be restarted
	// Dials are the inputs that decide how many pods there are. NoDials is why they are not known: an error
	// that wraps catalog.ErrUnknownTemplate where the template's version is no longer in the catalogue,
	// ErrClusterAway, or one of catalog.Template's Render.
	Dials   []catalog.Dial
	NoDials error
}

// Fixed is a workload that cannot be restarted, and why.
type Fixed struct {
	Ref manifest.Ref
	Why string // a sentence
}

// Handles tells what of an application can be restarted and scaled. An application without a revision has
// nothing of either. It returns ErrNotFound.
func (s *Service) Handles(ctx context.Context, who policy.Subject, key AppKey) (Handles, error) {
	app, err := s.Application(ctx, who, key)
	if err != nil || app.Revision == 0 {
		return Handles{}, err
	}
	r, err := s.Store.Revision(ctx, key, app.Revision)
	if err != nil {
		return Handles{}, err
	}
	return s.handles(ctx, app, r)
}

func (s *Service) handles(ctx context.Context, app Application, r Revision) (Handles, error) {
	if h, ok := s.known.get(r.Change); ok {
		return h, nil
	}
	set, err := decodeSet(r.Rendered)
	if err != nil {
		return Handles{}, err
	}
	var h Handles
	for i, ref := range set.RefsIn(app.Place.Namespace) {
		switch why := whyNotRestarted(set[i], ref); {
		case !runsPods(ref):
		case why == "":
			h.Workloads = append(h.Workloads, ref)
		default:
			h.Others = append(h.Others, Fixed{ref, why})
		}
	}
	if h.Dials, h.NoDials = s.dials(ctx, app, r); h.NoDials == nil {
		s.known.put(r.Change, h)
	}
	return h, nil
}

func (s *Service) dials(ctx context.Context, app Application, r Revision) ([]catalog.Dial, error) {
	t, err := s.Templates.Template(r.Template)
	if err != nil {
		return nil, err
	}
	rel, err := s.Release(ctx, app.AppKey, app.Revision)
	if err != nil {
		return nil, err
	}
	return t.Dials(ctx, r.Inputs, rel)
}

// scaled are the inputs of a revision with other numbers of pods. Each path must be that of a Dial, so that
// nothing else of the inputs can be changed by this way.
func (s *Service) scaled(ctx context.Context, app Application, r Revision, pods map[string]int) (catalog.Inputs, error) {
	if app.Revision == 0 {
		return nil, &Refusal{Reason: notYet}
	}
	h, err := s.handles(ctx, app, r)
	if err != nil {
		return nil, err
	}
	if errors.Is(h.NoDials, catalog.ErrUnknownTemplate) {
		return nil, &Refusal{Reason: r.Template.String() + " is no longer in the catalogue. Take a newer version of it, and set the number there."}
	}
	if h.NoDials != nil {
		return nil, h.NoDials
	}
	for path := range pods {
		if !slices.ContainsFunc(h.Dials, func(d catalog.Dial) bool { return d.Path == path }) {
			return nil, ErrNotFound
		}
	}
	if len(pods) == 0 {
		return nil, ErrNotFound
	}
	t, err := s.Templates.Template(r.Template)
	if err != nil {
		return nil, err
	}
	in, ok := t.Dialled(r.Inputs, pods)
	if !ok {
		return nil, ErrNotFound
	}
	return in, nil
}

// noOtherGates leaves out the gates that the base revision has not: it was gone back to, and going back runs
// none. A number of pods is no reason to run the migration of an old version after all.
func (p *prepared) noOtherGates() error {
	now, err := decodeSet(p.runs)
	if err != nil {
		return err
	}
	p.set = slices.DeleteFunc(p.set, func(u manifest.Object) bool { return manifest.IsGate(u) && !holds(now, manifest.RefOf(u)) })
	return nil
}

// scaleTitle says what a plan does to the numbers of pods: "Scale api from 3 to 5 pods", "Stop api".
func scaleTitle(app string, plan Plan) string {
	var parts []string
	for _, o := range plan.Objects {
		if part := scaleClause(o); part != "" {
			parts = append(parts, part)
		}
	}
	switch {
	case len(parts) == 0:
		return "Scale " + app
	case len(parts) > 2:
		return fmt.Sprintf("Scale %d workloads of %s", len(parts), app)
	}
	title := strings.Join(parts, ", ")
	for _, o := range plan.Objects {
		if scaleClause(o) != "" && o.Ref.Name != app {
			return strings.ToUpper(title[:1]) + title[1:] + " (" + app + ")"
		}
	}
	return strings.ToUpper(title[:1]) + title[1:]
}

// scaleClause is what becomes of the pods of one object; "" if their number stays.
func scaleClause(o manifest.DryRun) string {
	var from, to, fewest, most string
	for _, f := range o.Fields {
		switch f.Path {
		case ".spec.replicas":
			from, to = cmp.Or(f.From, "1"), f.To
		case ".spec.minReplicas":
			fewest = f.To
		case ".spec.maxReplicas":
			most = f.To
		}
	}
	name := o.Ref.Name
	switch {
	case isWorkload(o.Ref) && to == "0":
		return "stop " + name
	case isWorkload(o.Ref) && to != "" && from == "0":
		return "start " + name + " with " + podsOf(to)
	case isWorkload(o.Ref) && to != "":
		return "scale " + name + " from " + from + " to " + podsOf(to)
	case fewest != "" && most != "":
		return "scale " + name + " between " + fewest + " and " + podsOf(most)
	case fewest != "":
		return "scale " + name + " to no fewer than " + podsOf(fewest)
	case most != "":
		return "scale " + name + " to no more than " + podsOf(most)
	}
	return ""
}

func podsOf(n string) string {
	if n == "1" {
		return "1 pod"
	}
	return n + " pods"
}

// handlesMemo keeps what was found for revisions, by their changes: a revision never changes, and to find
// it out takes several renderings.
type handlesMemo struct {
	mu sync.Mutex
	of map[int64]Handles
}

// handlesKept is the most revisions of which it is kept.
const handlesKept = 500

func (m *handlesMemo) get(change int64) (Handles, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.of[change]
	return h, ok
}

func (m *handlesMemo) put(change int64, h Handles) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil || len(m.of) >= handlesKept {
		m.of = map[int64]Handles{}
	}
	m.of[change] = h
}
