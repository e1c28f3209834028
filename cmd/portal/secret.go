package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// secret is a value that never stands in the configuration file, which people copy, commit and mail:
// the file says where it is.
type secret struct {
	Env, File string
	value     string
}

// LogValue keeps the value out of logs.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String says where the value comes from, not what it is.
func (s secret) String() string {
	switch {
	case s.Env != "":
		return "environment variable " + s.Env
	case s.File != "":
		return "file " + s.File
	}
	return "none"
}

// isSet tells whether the file says where the value is.
func (s secret) isSet() bool { return s.Env != "" || s.File != "" }

func (s *secret) field(what string) field {
	return func(r *reader, key string, n ast.Node) {
		if _, ok := n.(ast.MapNode); !ok {
			r.wrong(key, "%s does not belong in this file; write {env: NAME} for an environment variable, or {file: PATH} for a file that holds it", what)
			return
		}
		r.mapping(key, n, fields{"env": text(&s.Env), "file": text(&s.File)})
		if s.Env != "" && s.File != "" {
			r.wrong(key, "has both env and file; keep one")
		}
	}
}

// resolve reads the value.
func (k *checker) resolve(key string, s *secret) {
	switch {
	case s.Env != "" && s.File != "":
	case s.Env != "":
		if s.value = k.out.getenv(s.Env); s.value == "" {
			k.wrong(key, "the environment variable %s is not set", s.Env)
		}
	case s.File != "":
		s.File = k.path(s.File)
		b, err := k.out.read(s.File)
		if err != nil {
			k.wrong(key, "%s: %s", s.File, plainly(err))
			return
		}
		if s.value = strings.TrimRight(string(b), "\r\n"); s.value == "" {
			k.wrong(key, "%s is empty", s.File)
		}
	}
}

// prefixes reads a list of address ranges.
func prefixes(to *[]netip.Prefix) field {
	return func(r *reader, key string, n ast.Node) {
		var raw []string
		texts(&raw)(r, key, n)
		for i, s := range raw {
			p, err := netip.ParsePrefix(s)
			if a, e := netip.ParseAddr(s); err != nil && e == nil {
				p, err = netip.PrefixFrom(a, a.BitLen()), nil
			}
			if err != nil {
				r.wrong(fmt.Sprintf("%s[%d]", key, i), "%q is not an address range such as 10.0.0.0/8", s)
				continue
			}
			*to = append(*to, p.Masked())
		}
	}
}
