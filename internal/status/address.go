package status

import (
	"cmp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"slipway.dev/slipway/internal/manifest"
)

// hosts are the addresses that the Ingresses give the application, in order of name and path.
func hosts(objects []manifest.Object) []Host {
	var all []Host
	for _, u := range objects {
		if u.GetKind() != "Ingress" {
			continue
		}
		i, ok := read[networkingv1.Ingress](u)
		if !ok {
			continue
		}
		for _, r := range i.Spec.Rules {
			if r.Host == "" || r.HTTP == nil {
				continue // any name leads here, so there is none to show
			}
			for _, p := range r.HTTP.Paths {
				h := Host{Name: r.Host, Path: cmp.Or(p.Path, "/"), TLS: secured(i, r.Host)}
				if p.Backend.Service != nil {
					h.Service = p.Backend.Service.Name
				}
				all = append(all, h)
			}
		}
	}
	slices.SortFunc(all, func(a, b Host) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Service, b.Service))
	})
	return slices.Compact(all)
}

// secured tells whether the Ingress has a certificate for host. A wildcard stands for one label.
func secured(i *networkingv1.Ingress, host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, t := range i.Spec.TLS {
		if slices.Contains(t.Hosts, host) || slices.Contains(t.Hosts, "*."+parent) {
			return true
		}
	}
	return false
}

// backends are the names of the Services that an Ingress leads to.
func backends(u manifest.Object) []string {
	i, ok := read[networkingv1.Ingress](u)
	if !ok {
		return nil
	}
	var names []string
	add := func(b *networkingv1.IngressBackend) {
		if b != nil && b.Service != nil {
			names = append(names, b.Service.Name)
		}
	}
	add(i.Spec.DefaultBackend)
	for _, r := range i.Spec.Rules {
		if r.HTTP == nil {
			continue
		}
		for _, p := range r.HTTP.Paths {
			add(&p.Backend)
		}
	}
	return names
}
