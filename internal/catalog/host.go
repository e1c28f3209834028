package catalog

import "strings"

// host holds a host name to those that the application may have.
func (j judge) host(f *Field, v any, pointer string) {
	name, _ := v.(string)
	if !f.Host || name == "" || j.release.Domains == nil || within(name, j.release.Domains) {
		return
	}
	says := "This team has no host names yet. Ask your platform team for one."
	if len(j.release.Domains) > 0 {
		says = "Take " + orList(j.release.Domains) + ", or a name that ends with a dot and one of them: this team has no other host names."
		if len(j.release.Domains) == 1 {
			says = "Take " + j.release.Domains[0] + " or a name that ends with ." + j.release.Domains[0] + ": this team has no other host names."
		}
	}
	j.found.add(j.pathOf(pointer), says, usual)
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
