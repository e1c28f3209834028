package auth

import (
	"net/url"
	"strings"
)

// home is where people go who came from nowhere in particular.
const home = "/"

// nextLimit is the longest address that is remembered over a sign-in, in bytes.
const nextLimit = 2000

// SafeNext gives raw back if it is an address within the portal to which a person can be sent after
// signing in, and "/" otherwise. Only an absolute path with or without a query passes. What a browser
// could take for another site does not: two slashes, a backslash, a control character, a dot segment,
// a scheme or a host, in plain or percent-encoded any number of times. Neither do the addresses of
// signing in itself, which would go round in a circle.
func SafeNext(raw string) string {
	if len(raw) > nextLimit || !strings.HasPrefix(raw, "/") || hasControl(raw) || strings.ContainsAny(raw, `\#`) {
		return home
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return home
	}
	path, query, _ := strings.Cut(raw, "?")
	if !safePath(path) || !safeQuery(query) {
		return home
	}
	return raw
}

// safePath looks at the path as it stands and as it stands after each round of decoding, because a
// proxy on the way may decode it once more than the portal does.
func safePath(path string) bool {
	for {
		if hasControl(path) || strings.Contains(path, "//") || strings.ContainsAny(path, `\?#`) || hasDots(path) || signsIn(path) {
			return false
		}
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return false
		}
		if decoded == path {
			return true
		}
		path = decoded
	}
}

func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func signsIn(path string) bool {
	p := strings.ToLower(path) + "/"
	return strings.HasPrefix(p, "/auth/") || strings.HasPrefix(p, "/sign-in/")
}

// safeQuery lets pass whatever is only data: there a slash or a backslash means nothing.
func safeQuery(query string) bool {
	decoded, err := url.QueryUnescape(query)
	return err == nil && !hasControl(decoded)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffd })
}
