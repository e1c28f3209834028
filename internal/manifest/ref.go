package manifest

import (
	"fmt"
	"net/url"
	"strings"
)

// namespacesSegment begins the path of an object outside the application's namespace.
const namespacesSegment = "namespaces"

// Path is r as text for addresses and ids: "apps/v1/Deployment/api", "v1/ConfigMap/settings" for the
// core group, and with "namespaces/search/" before it outside the application's own namespace. Every
// part is escaped as a path segment (RFC 3986, section 3.3).
func (r Ref) Path() string {
	parts := []string{r.Version, r.Kind, r.Name}
	if r.Group != "" {
		parts = append([]string{r.Group}, parts...)
	}
	if r.Namespace != "" {
		parts = append([]string{namespacesSegment, r.Namespace}, parts...)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// ParseRef reads what Path wrote.
func ParseRef(s string) (Ref, error) {
	wrong := fmt.Errorf("%q does not name an object as apps/v1/Deployment/api does", s)
	parts := strings.Split(s, "/")
	for i, p := range parts {
		part, err := url.PathUnescape(p)
		if err != nil || part == "" {
			return Ref{}, wrong
		}
		parts[i] = part
	}
	r := Ref{}
	if len(parts) >= 5 && parts[0] == namespacesSegment {
		r.Namespace, parts = parts[1], parts[2:]
	}
	if len(parts) == 4 {
		r.Group, parts = parts[0], parts[1:]
	}
	if len(parts) != 3 {
		return Ref{}, wrong
	}
	r.Version, r.Kind, r.Name = parts[0], parts[1], parts[2]
	return r, nil
}
