package change

import (
	"fmt"
	"slices"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// allowedToday asks of the objects themselves what the target and the team may have. A template asks it of
// its fields; but a chart may make a host name of something else, and a roll back renders nothing, while
// what is allowed can have become less since its objects were applied.
func (s *Service) allowedToday(p *prepared) error {
	switch p.Kind {
	case Create, Update, ScalePods:
		if errs := s.foreignHosts(p); len(errs) > 0 {
			return errs
		}
	case Rollback:
		if ref, ok := s.leaves(p); ok {
			return &Refusal{Reason: fmt.Sprintf("Revision %d has %s, and %s takes nothing outside its own namespace any more. Go back to another revision, or ask whoever runs the portal to allow it for this target (clusterScoped).", p.Revision, ref, p.App.Target)}
		}
		if errs := s.foreignHosts(p); len(errs) > 0 {
			return &Refusal{Reason: fmt.Sprintf("Revision %d cannot be gone back to as it is. %s", p.Revision, errs[0].Message)}
		}
	case RestartPods:
		if ref, ok := s.leaves(p); ok {
			return &Refusal{Reason: fmt.Sprintf("It has %s, and %s takes nothing outside its own namespace any more. Make a new version without it, or ask whoever runs the portal to allow it for this target (clusterScoped).", ref, p.App.Target)}
		}
		if errs := s.foreignHosts(p); len(errs) > 0 {
			return &Refusal{Reason: "It cannot be restarted as it is. " + errs[0].Message}
		}
	}
	return nil
}

// leaves finds an object outside the application's namespace, in a target that takes none.
func (s *Service) leaves(p *prepared) (manifest.Ref, bool) {
	if s.ClusterScoped[p.App.Target] {
		return manifest.Ref{}, false
	}
	i := slices.IndexFunc(p.set, func(u manifest.Object) bool { return u.GetNamespace() != p.place.Namespace })
	if i < 0 {
		return manifest.Ref{}, false
	}
	return manifest.RefIn(p.set[i], p.place.Namespace), true
}

// foreignHosts finds host names that are not the team's, each at the field that holds it.
func (s *Service) foreignHosts(p *prepared) (out catalog.Errors) {
	domains := s.Domains[p.App.Team]
	var seen []string
	for _, u := range p.set {
		for _, served := range manifest.ServedBy(u) {
			says := catalog.ForeignHost(served.Host, domains)
			if says == "" || served.Host == "" || slices.Contains(seen, served.Host) {
				continue
			}
			seen = append(seen, served.Host)
			out = append(out, s.hostError(p, served.Host, "`"+served.Host+"` is not this team's. "+says))
		}
	}
	return out
}
