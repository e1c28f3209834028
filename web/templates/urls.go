package templates

import (
	"net/url"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// The addresses of the portal's pages. Names in them are escaped; they come from people.

func targetURL(t policy.Target) string {
	return "/targets/" + url.PathEscape(t.Team) + "/" + url.PathEscape(t.Environment)
}

// NewURL is the form for an application of a template in a target.
func NewURL(t policy.Target, template string) string {
	return targetURL(t) + "/new/" + url.PathEscape(template)
}

// TemplateURL is a template's page, or one below it: TemplateURL("worker", "upgrade").
func TemplateURL(name string, below ...string) string {
	return strings.Join(append([]string{"/catalogue/" + url.PathEscape(name)}, below...), "/")
}

// AppURL is an application's page, or one below it: AppURL(key, "edit").
func AppURL(key change.AppKey, below ...string) string {
	return strings.Join(append([]string{targetURL(key.Target) + "/apps/" + url.PathEscape(key.Name)}, below...), "/")
}

// ChangeURL is a change's page, or one below it: ChangeURL(7, "plan").
func ChangeURL(id int64, below ...string) string {
	return strings.Join(append([]string{"/changes/" + strconv.FormatInt(id, 10)}, below...), "/")
}

func applicationsURL(t policy.Target) string {
	return withQuery("/applications", "team", t.Team, "environment", t.Environment)
}

// belowAddress is the address of what stands below a page, with the same query.
func belowAddress(page, name string) string {
	path, query, has := strings.Cut(page, "?")
	if has {
		query = "?" + query
	}
	return path + "/" + name + query
}

// withQuery sets parameters, in pairs, in an address that may have a query. An empty value removes
// its parameter.
func withQuery(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// plus gives a copy of a query with parameters set, as an address.
func plus(path string, q url.Values, pairs ...string) string {
	return withQuery(path+"?"+q.Encode(), pairs...)
}

// orStart is where one goes from a page that has no better place.
func orStart(address string) string {
	if address == "" {
		return "/applications"
	}
	return address
}

// changeNumber is how a change is called: "#1,284" would be harder to search for than "#1284".
func changeNumber(id int64) string { return "#" + strconv.FormatInt(id, 10) }

func plainNumber(id int64) string { return strconv.FormatInt(id, 10) }
