package change

import (
	"fmt"
	"slices"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// clash is an address of the draft that something else serves already.
type clash struct {
	object   int // in the set
	host     string
	sentence string
}

// clashes finds the addresses of the set that an Ingress of another application or namespace serves.
// unknown are the hosts of which that cannot be told now. What serves an address is named only if it is
// in a target that may is true of; nil stands for none.
func (s *Service) clashes(p *prepared, may func(policy.Target) bool) (out []clash, unknown []string) {
	if s.Serving == nil {
		return nil, nil
	}
	for i, u := range p.set {
		for _, mine := range manifest.ServedBy(u) {
			if mine.Host == "" {
				continue
			}
			served, known := s.Serving(p.place.Cluster, mine.Host)
			if !known && !slices.Contains(unknown, mine.Host) {
				unknown = append(unknown, mine.Host)
			}
			for _, other := range served {
				if !mine.Clashes(other) || other.Namespace == mine.Namespace && (other.App == p.App.Name || other.Name == mine.Name) {
					continue
				}
				out = append(out, clash{object: i, host: mine.Host, sentence: s.taken(p.place.Cluster, mine, other, may)})
				break
			}
		}
	}
	return out, unknown
}

// taken says that an address is served already, and by what if the person may know it.
func (s *Service) taken(cluster string, mine, other manifest.Served, may func(policy.Target) bool) string {
	address := mine.Host + mine.Path
	for t, place := range s.Places {
		if place != (manifest.Place{Cluster: cluster, Namespace: other.Namespace}) || may == nil || !may(t) {
			continue
		}
		if other.App != "" {
			return fmt.Sprintf("`%s` is served already, by the application `%s` of %s. Choose another host or path, or take it from there first.", address, other.App, t)
		}
		return fmt.Sprintf("`%s` is served already, by the Ingress `%s` in the namespace `%s`. Choose another host or path, or have it removed there first.", address, other.Name, other.Namespace)
	}
	return fmt.Sprintf("`%s` is served already. Choose another host or path, or ask your platform team.", address)
}

// clashErrors puts clashes at the fields of the form that hold the hosts. Several Ingresses may have their
// host from one field, which is mended once.
func (s *Service) clashErrors(p *prepared) catalog.Errors {
	var out catalog.Errors
	for _, c := range p.taken {
		if e := s.hostError(p, c.host, c.sentence); !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// hostError is a message at the field that holds a host; one whose host comes from elsewhere, such as a
// default, is about the form as a whole.
func (s *Service) hostError(p *prepared, host, sentence string) catalog.FieldError {
	e := catalog.FieldError{Title: "Host", Message: sentence}
	t, err := s.Templates.Template(p.Template)
	if err != nil {
		return e
	}
	for _, claim := range t.Hosts(p.Inputs) {
		if strings.EqualFold(claim.Host, host) {
			e.Path, e.Title = claim.Path, claim.Title
			break
		}
	}
	return e
}

// blockTaken marks the objects of a plan whose addresses something else serves.
func blockTaken(objects []manifest.DryRun, cs []clash) {
	for _, c := range cs {
		if o := &objects[c.object]; o.Problem == nil {
			o.Problem = &manifest.Problem{Kind: manifest.HostTaken, Sentence: c.sentence}
		}
	}
}

func uncheckedHosts(unknown []string) []string {
	var out []string
	for _, host := range unknown {
		out = append(out, fmt.Sprintf("Whether something else serves `%s` already. What the cluster serves is not known at present.", host))
	}
	return out
}
