package catalog

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// What gives a secret away among plain values: what stands in the value, or else the name that it stands
// under. Both are guesses, so they warn and never refuse; what is as often no secret is not warned of.

var (
	// URLs whose user has a password (RFC 3986, section 3.2.1), in the way people type them: with characters in
	// the password that should have been escaped.
	urlPassword = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@?#"'<>\[\]]*:([^\s@"']+)@(sha(?:256|512):)?`)
	// What comes after a host's colon: a port, and whatever goes on from there.
	onlyPort = regexp.MustCompile(`^[0-9]{1,5}[/?#,;&]`)
	// Addresses of databases that are no URLs: of Go's driver for MySQL, and of Oracle's for Java.
	dsnPasswords = []*regexp.Regexp{
		regexp.MustCompile(`[^\s:@/]+:(\S+)@(?:tcp6?|udp|unix|cloudsql)\(`),
		regexp.MustCompile(`^[\w.-]+:([^\s@]+)@/\w+(?:\?\S*)?$`),
		regexp.MustCompile(`jdbc:oracle:\w+:[^/\s]+/([^@\s]+)@`),
	}
	// Settings within a text: of JDBC, libpq and ADO.NET, of command lines and of files.
	assignment = regexp.MustCompile(`(?m)(?:^|[\s;?&,])-{0,2}([A-Za-z][\w.-]*)[ \t]*=[ \t]*("[^"\n]+"|'[^'\n]+'|[^\s;&,"'=][^\s;&,"']*)`)
	// The names of these that mean a secret whatever they are part of.
	surelySecret = regexp.MustCompile(`(?i)(password|passwd|passphrase|(^|[_.-])pwd|(client|app|shared|api|auth|access|account|secret|private|bearer|refresh|encryption|signing)[_.-]?(secret|key|token))$`)
	// A comment of a file holds examples.
	comments   = regexp.MustCompile(`(?m)^[ \t]*[#;].*$`)
	privateKey = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-`)
	// Tokens that say by their beginning what they are, and addresses that are as good as one.
	issued = regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}\b|xox[abeprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}|sk-[\w-]{32,}|SG\.[\w-]{22}\.[\w-]{43}|npm_[A-Za-z0-9]{36}|dop_v1_[0-9a-f]{64}|whsec_\w{20,}|AGE-SECRET-KEY-1\w{20,}|hooks\.slack\.com/services/T\w+/B\w+/\w+|discord(?:app)?\.com/api/webhooks/[0-9]+/[\w-]+)`)
	// What a program or a person is to put in later.
	placeholder = regexp.MustCompile(`\$\([A-Za-z_]|\$\{[A-Za-z_]|\{\{|^\$[A-Za-z_]\w*$|^%[A-Za-z_]\w*%$|^<[^>]*>$|^\{[\w.]+\}$|^\*+$|^(?:file|env|vault|ref):`)
	noSecret    = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|none|null)$`)
	// Of an assignment in a program: a call, or a place in a list.
	computed = regexp.MustCompile(`^[A-Za-z_][\w.]*[(\[]`)
)

// givesAway says what in a value is secret, "" if nothing seems to be. It does not repeat the value.
func givesAway(value string) string {
	live := comments.ReplaceAllString(value, "")
	switch {
	case strings.Contains(value, "-") && privateKey.MatchString(value) || privateKey.MatchString(unwrapped(value)):
		return "This holds a private key, and everybody who sees the application can read it. Put it under the secrets."
	case issued.MatchString(value):
		return "This holds a key or token that somebody was issued, and everybody who sees the application can read it. Put it under the secrets."
	case strings.Contains(live, "@") && addressWithPassword(live):
		return "There is a password in this address, and everybody who sees the application can read it. Put the whole address under the secrets."
	case strings.Contains(live, "=") && assignsSecret(live):
		return "There is a password or key in this text, and everybody who sees the application can read it. Put the whole text under the secrets."
	}
	return ""
}

// unwrapped is the beginning of a PEM file (RFC 7468) that somebody has put into base64.
func unwrapped(value string) string {
	const length = 64 // the longest first line is shorter than what this holds
	value = strings.TrimSpace(value)
	if !strings.HasPrefix(value, "LS0tLS1CRUdJTi") || len(value) < length {
		return ""
	}
	raw, _ := base64.StdEncoding.DecodeString(value[:length]) // what is no base64 is no PEM either
	return string(raw)
}

func addressWithPassword(text string) bool {
	for _, m := range urlPassword.FindAllStringSubmatch(text, -1) {
		if isPassword(m) {
			return true
		}
		if at := strings.LastIndex(m[1], "://"); at >= 0 { // of several URLs in a row the last has the @
			if isPassword(urlPassword.FindStringSubmatch("x" + m[1][at:] + "@" + m[2])) {
				return true
			}
		}
	}
	for _, dsn := range dsnPasswords {
		for _, m := range dsn.FindAllStringSubmatch(text, -1) {
			if !placeholder.MatchString(m[1]) {
				return true
			}
		}
	}
	return false
}

// isPassword tells whether what urlPassword found is one: not a port, a digest or a placeholder.
func isPassword(m []string) bool {
	return m != nil && m[2] == "" && !onlyPort.MatchString(m[1]) && !placeholder.MatchString(m[1])
}

func assignsSecret(text string) bool {
	for _, m := range assignment.FindAllStringSubmatch(text, -1) {
		name, value := spaced(m[1]), strings.Trim(m[2], `"'`)
		if surelySecret.MatchString(name) && !aboutSecrets.MatchString(name) && !noSecret.MatchString(value) &&
			!placeholder.MatchString(value) && !computed.MatchString(value) {
			return true
		}
	}
	return false
}

var (
	lastWordSecret = regexp.MustCompile(`(?i)(^|[_.-])(key|apikey|secret|secrets|token|password|passwd|passphrase|pass|pwd|credential|credentials|auth|pat)$`)
	anyWordSecret  = regexp.MustCompile(`(?i)(^|[_.-])(secret|password|passwd|passphrase|private_key|api_key|access_key|credentials?)([_.-]|$)`)
	// What such names hold when the value only tells about a secret, or is none: a key to look something up by,
	// the name of a Secret.
	aboutSecrets = regexp.MustCompile(`(?i)public|publishable|^existing|(^|[_.-])((primary|foreign|sort|partition|cache|routing|label)[_.-]key|(pull|tls)[_.-]secrets?)$|[_.-](path|file|dir|name|ref|id|url|uri|host|ttl|expiry|expires|length|size|min|max|header|type|policy|algorithm|enabled|required|rotation|days|hours|minutes|seconds|ms)$`)
	plainValue   = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|none|null|[0-9]{1,5})$`)
	pathOfFile   = regexp.MustCompile(`^(/[\w.@-]+){2,}$`)
	publicKey    = regexp.MustCompile(`^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) |^-----BEGIN ([A-Z0-9]+ )*(PUBLIC KEY|CERTIFICATE)`)
	// Where a word ends within a name that is written in camel case.
	hump = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
)

// spaced writes a name in camel case with underscores: client_Secret.
func spaced(name string) string { return hump.ReplaceAllString(name, "${1}${3}_${2}${4}") }

// nameOfSecret tells whether the value under a name is usually secret.
func nameOfSecret(name string) bool {
	name = spaced(name)
	return (lastWordSecret.MatchString(name) || anyWordSecret.MatchString(name) || surelySecret.MatchString(name)) && !aboutSecrets.MatchString(name)
}

// harmless tells whether a value is no secret, whatever its name: a switch, a number, a path, a public key, or
// what a program puts in later.
func harmless(value string) bool {
	return plainValue.MatchString(value) || pathOfFile.MatchString(value) || publicKey.MatchString(value) || placeholder.MatchString(value)
}
