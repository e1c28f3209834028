package manifest

import (
	"fmt"
	"net/url"
	"strings"
)

// Path is r as text for addresses and ids: "apps/v1/Deployment/api", and "v1/ConfigMap/settings" for
// the core group. Every part is escaped as a path segment (RFC 3986, section 3.3).
func (r Ref) Path() string {
	parts := []string{r.Version, r.Kind, r.Name}
	if r.Group != "" {
		parts = append([]string{r.Group}, parts...)
	}
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// ParseRef reads what Path wrote.
func ParseRef(s string) (Ref, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 3 || len(parts) > 4 {
		return Ref{}, fmt.Errorf("%q does not name an object as apps/v1/Deployment/api does", s)
	}
	for i, p := range parts {
		part, err := url.PathUnescape(p)
		if err != nil || part == "" {
			return Ref{}, fmt.Errorf("%q does not name an object as apps/v1/Deployment/api does", s)
		}
		parts[i] = part
	}
	r := Ref{}
	if len(parts) == 4 {
		r.Group, parts = parts[0], parts[1:]
	}
	r.Version, r.Kind, r.Name = parts[0], parts[1], parts[2]
	return r, nil
}
