package catalog

import "strings"

// host holds a host name to those that the application may have.
func (j judge) host(f *Field, v any, pointer string) {
	name, _ := v.(string)
	if !f.Host || name == "" {
		return
	}
	if says := ForeignHost(name, j.release.Domains); says != "" {
		j.found.add(j.pathOf(pointer), says, usual)
	}
}

// ForeignHost says what to take in place of a host name that is none of a team's: neither one of its domains
// nor below one. It is "" for one that is, and if domains is nil, which means any.
func ForeignHost(host string, domains []string) string {
	switch {
	case domains == nil || within(host, domains):
		return ""
	case len(domains) == 0:
		return "This team has no host names yet. Ask your platform team for one."
	case len(domains) == 1:
		return "Take " + domains[0] + " or a name that ends with ." + domains[0] + ": this team has no other host names."
	}
	return "Take " + orList(domains) + ", or a name that ends with a dot and one of them: this team has no other host names."
}

// within tells whether a host name is one of the domains or below one (RFC 1034, section 3.1). A name may
// begin with "*.", which stands for all names in its place.
func within(host string, domains []string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, d := range domains {
		d = strings.ToLower(strings.TrimSuffix(d, "."))
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// orList writes "a, b or c".
func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Hosts lists the host names that the inputs ask for, in the order of the form. Their URL paths are those
// of the fields "path" and "paths" beside them.
func (t *Template) Hosts(in Inputs) []HostClaim {
	if t.loaded == nil {
		return nil
	}
	w, titles := newFiller(), map[string]string{}
	controls := w.fill(t.Fields, "", "", declared(t.Fields, in), t.loaded.defaults)
	for i := range controls {
		controls[i].name("", titles)
	}
	var claims []HostClaim
	visit(t.Fields, t.present(in), "", func(f *Field, v any, pointer string, around map[string]any) {
		host, _ := v.(string)
		if !f.Host || host == "" {
			return
		}
		c := HostClaim{Path: w.pathOf(pointer), Host: host}
		c.Title = titles[c.Path]
		for _, p := range append(list(around["paths"]), around["path"]) {
			if s, ok := p.(string); ok && s != "" {
				c.Paths = append(c.Paths, s)
			}
		}
		claims = append(claims, c)
	})
	return claims
}
