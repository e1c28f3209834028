package change

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// KnownKeys are the keys of a Secret or ConfigMap that the plan's objects take variables of and that is not
// among them. Values are never kept.
type KnownKeys struct {
	Ref    manifest.Ref `json:"ref"`
	Exists bool         `json:"exists"`
	Keys   []string     `json:"keys,omitempty"`
}

// environmentOf is what the containers of the objects find set, in order of the workloads' names.
func environmentOf(set manifest.Set, home string, known []KnownKeys) []environ.Container {
	keyed := map[manifest.Ref]manifest.Keyed{}
	for _, k := range known {
		keyed[k.Ref] = manifest.Keyed{Exists: k.Exists, Keys: k.Keys}
	}
	all := environ.Of(set, home, keyed)
	slices.SortStableFunc(all, func(a, b environ.Container) int { return cmp.Compare(a.Workload.Name, b.Workload.Name) })
	return all
}

// knownKeys are the facts that the environment of the set rests on.
func knownKeys(set manifest.Set, home string, facts manifest.Facts) []KnownKeys {
	var out []KnownKeys
	for _, ref := range environ.Wanted(set, home) {
		if k, ok := facts.Keyed[ref]; ok {
			out = append(out, KnownKeys{ref, k.Exists, k.Keys})
		}
	}
	return out
}

// Environment is what each container's processes will find set, by the objects as the API server would make
// them. Objects that it refuses are not in it.
func (p Plan) Environment() []environ.Container {
	var set manifest.Set
	for _, o := range p.Objects {
		if o.Op == manifest.Delete || o.After == "" || o.Problem != nil {
			continue
		}
		one, err := manifest.Decode(strings.NewReader(o.After))
		if err != nil {
			continue // it is the API server's own object; one that cannot be read tells nothing
		}
		set = append(set, one...)
	}
	return environmentOf(set, p.Place.Namespace, p.Known)
}

// DraftEnvironment is what the containers of rendered objects will find set, by these objects alone: the
// cluster is not asked what other Secrets and ConfigMaps hold.
func DraftEnvironment(set manifest.Set, place manifest.Place) []environ.Container {
	return environmentOf(set, place.Namespace, nil)
}

// Environment is what the containers of an application's current revision find set, none while there is no
// revision. The keys of Secrets and ConfigMaps of others are looked up for those who may plan there.
// It returns ErrNotFound, ErrNoTarget, and a *Foreign for those who may not see the target.
func (s *Service) Environment(ctx context.Context, who policy.Subject, key AppKey) ([]environ.Container, error) {
	app, err := s.Application(ctx, who, key)
	if err != nil || app.Revision == 0 {
		return nil, err
	}
	r, err := s.Store.Revision(ctx, key, app.Revision)
	if err != nil {
		return nil, err
	}
	set, err := decodeSet(r.Rendered)
	if err != nil {
		return nil, err
	}
	home := app.Place.Namespace
	var facts manifest.Facts
	wanted := manifest.Wanted{Keyed: environ.Wanted(set, home)}
	if s.Facts != nil && len(wanted.Keyed) > 0 && s.May(who, policy.PreviewChange, policy.Resource{Target: key.Target}) == nil {
		facts = s.Facts(ctx, policy.Acting{Team: key.Team, Requester: who.Person}, app.Place, wanted)
	}
	return environmentOf(set, home, knownKeys(set, home, facts)), nil
}
