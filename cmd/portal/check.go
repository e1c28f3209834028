package main

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// checker looks at what no key can say alone.
type checker struct {
	*reader
	c      *config
	out    surroundings
	folder string // of the configuration file; relative paths start there
}

func (k *checker) check() {
	k.address()
	k.database()
	k.oidc()
	if k.c.Session.Idle > k.c.Session.Absolute {
		k.wrong("session.idle", "%s is longer than session.absolute, %s", words(k.c.Session.Idle), words(k.c.Session.Absolute))
	}
	k.secrets()
	k.clusters()
	k.names()
	k.targets()
	k.bindings()
	k.templates()
}

// checkForRendering looks at what manifests are made of, and at nothing else.
func (k *checker) checkForRendering() {
	k.clusterNamesOnly()
	k.names()
	k.targets()
	k.templates()
}

func (k *checker) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(k.folder, p)
}

func (k *checker) address() {
	host, port, err := net.SplitHostPort(k.c.Listen)
	if n, e := strconv.Atoi(port); err != nil || e != nil || n < 0 || n > 65535 || strings.ContainsAny(host, " /") {
		k.wrong("listen", "%q is not an address and a port, such as 127.0.0.1:8080 or :8080", k.c.Listen)
	}
	if k.c.PublicURL == "" {
		k.wrong("publicURL", "is missing; it is the address that people type, such as https://slipway.example.com")
		return
	}
	u := k.url("publicURL", k.c.PublicURL)
	if u == nil {
		return
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		k.wrong("publicURL", "%q must be a scheme and a host only; the portal has a host to itself", k.c.PublicURL)
		return
	}
	k.c.PublicURL = u.Scheme + "://" + u.Host
}

// url reads an address that must be https, except on this machine.
func (k *checker) url(key, raw string) *url.URL {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		k.wrong(key, "%q is not an address such as https://slipway.example.com", raw)
	case u.Scheme == "http" && !local(u.Hostname()):
		k.wrong(key, "%q must be https; plain http is for localhost only, because sign-ins and sessions could be read on the way", raw)
	default:
		return u
	}
	return nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func (k *checker) database() {
	d := &k.c.Database
	_, path := k.lines["database.path"]
	switch {
	case d.Driver == "sqlite" && d.DSN.isSet():
		k.wrong("database.dsn", "is for driver: postgres; sqlite has a path")
	case d.Driver == "sqlite" && d.Path == "":
		k.wrong("database.path", "is empty; it is the file that the portal keeps everything in")
	case d.Driver == "sqlite":
		d.Path = k.path(d.Path)
	case path:
		k.wrong("database.path", "is for driver: sqlite; postgres has a dsn")
	case !d.DSN.isSet() && k.lines["database.dsn"] == 0:
		k.wrong("database.dsn", "is missing; write {env: NAME} or {file: PATH} for where the connection string is")
	}
	k.resolve("database.dsn", &d.DSN)
}

// secrets looks at the key of secret values. With SQLite, one is made beside the database.
func (k *checker) secrets() {
	key := &k.c.Secrets.Key
	if !key.isSet() {
		if k.c.Database.Driver == "postgres" && k.lines["secrets.key"] == 0 {
			k.wrong("secrets.key", "is missing; with postgres, all replicas need the same key for secret values. Write {env: NAME} or {file: PATH} for where %d random bytes or more are", manifest.MinSealerKey)
		}
		return
	}
	before := len(k.list)
	k.resolve("secrets.key", key)
	if n := len(key.value); len(k.list) == before && n < manifest.MinSealerKey {
		k.wrong("secrets.key", "the %s holds %d bytes, and a key has %d or more; make one with “openssl rand -base64 32”", *key, n, manifest.MinSealerKey)
	}
}

func (k *checker) oidc() {
	o := &k.c.OIDC
	if o.Issuer == "" {
		k.wrong("oidc.issuer", "is missing; without an OpenID Connect provider nobody can sign in, so the portal does not start")
	} else {
		k.url("oidc.issuer", o.Issuer)
	}
	if o.ClientID == "" {
		k.wrong("oidc.clientID", "is missing; it is the name under which the provider knows the portal")
	}
	if o.GroupsClaim == "" {
		k.wrong("oidc.groupsClaim", "is empty; it names the claim that lists a person's groups")
	}
	if !slices.Contains(o.Scopes, "openid") {
		k.wrong("oidc.scopes", "must hold openid, or the provider does not say who signed in")
	}
	k.resolve("oidc.clientSecret", &o.ClientSecret)
}

func (k *checker) clusters() {
	if len(k.c.Clusters) == 0 {
		k.wrong("clusters", "is missing; the portal needs at least one cluster")
	}
	seen := map[string]string{}
	for i := range k.c.Clusters {
		c, key := &k.c.Clusters[i], at("clusters", i)
		k.label(key+".name", c.Name)
		k.once(seen, key+".name", c.Name)
		if c.Kubeconfig == "" {
			if c.Context != "" {
				k.wrong(key+".context", "needs a kubeconfig; without one the portal uses its own service account")
			}
			continue
		}
		c.Kubeconfig = k.path(c.Kubeconfig)
		if info, err := k.out.stat(c.Kubeconfig); err != nil {
			k.wrong(key+".kubeconfig", "%s: %s", c.Kubeconfig, plainly(err))
		} else if info.IsDir() {
			k.wrong(key+".kubeconfig", "%s is a folder", c.Kubeconfig)
		}
	}
}

// clusterNamesOnly checks of the clusters what a target refers to.
func (k *checker) clusterNamesOnly() {
	seen := map[string]string{}
	for i, c := range k.c.Clusters {
		key := at("clusters", i) + ".name"
		k.label(key, c.Name)
		k.once(seen, key, c.Name)
	}
}

func at(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// label checks a DNS label (RFC 1123), as Kubernetes takes for names.
func (k *checker) label(key, v string) {
	switch {
	case v == "":
		k.wrong(key, "is missing")
	case !dnsLabel.MatchString(v):
		k.wrong(key, "%q must be small letters, digits and hyphens, at most 63, with a letter or digit at each end", v)
	}
}

func (k *checker) once(seen map[string]string, key, v string) {
	if first, again := seen[v]; again && v != "" {
		k.wrong(key, "%q is there already, as %s in line %d", v, first, k.line(first))
		return
	}
	seen[v] = key
}

func (k *checker) names() {
	if len(k.c.Teams) == 0 {
		k.wrong("teams", "is missing; the portal needs at least one team")
	}
	if len(k.c.Environments) == 0 {
		k.wrong("environments", "is missing; the portal needs at least one environment")
	}
	teams, environments := map[string]string{}, map[string]string{}
	for i := range k.c.Teams {
		t, key := &k.c.Teams[i], at("teams", i)
		k.label(key+".name", t.Name)
		k.once(teams, key+".name", t.Name)
		if t.Title == "" {
			t.Title = t.Name
		}
		k.domains(key+".domains", t.Domains)
	}
	for i := range k.c.Environments {
		e, key := &k.c.Environments[i], at("environments", i)
		k.label(key+".name", e.Name)
		k.once(environments, key+".name", e.Name)
		if e.Title == "" {
			e.Title = e.Name
		}
		k.copies(key+".copies", e.Copies)
	}
}

// copies checks what makes an environment one for copies.
func (k *checker) copies(key string, c copiesConfig) {
	if _, given := k.lines[key]; !given {
		return
	}
	if c.MaxAge == 0 {
		k.wrong(key+".maxAge", "is missing; it is how old a copy gets before it is deleted by itself, such as 72h")
	}
	if _, given := k.lines[key+".domain"]; given && (!domainName.MatchString(c.Domain) || len(c.Domain) > copyDomainLimit) {
		k.wrong(key+".domain", "%q is not a host name such as preview.example.com, in small letters and of %d characters or fewer; copies get names below it", c.Domain, copyDomainLimit)
	}
}

// copyDomainLimit leaves room for a label (RFC 1035, section 2.3.4) before the domain of copies.
const copyDomainLimit = 253 - 64

var domainName = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// domains checks host names (RFC 1123, section 2.1). An empty list would leave open whether it means none or any.
func (k *checker) domains(key string, names []string) {
	if _, given := k.lines[key]; given && len(names) == 0 {
		k.wrong(key, "is empty; leave it out if the team may use any host name, or name a domain")
	}
	for i, name := range names {
		if !domainName.MatchString(name) || len(name) > 253 {
			k.wrong(at(key, i), "%q is not a host name such as payments.example.com, in small letters; what is below it is meant too", name)
		}
	}
}

func (k *checker) targets() {
	if len(k.c.Targets) == 0 {
		k.wrong("targets", "is missing; a target says in which namespace of which cluster a team's environment is")
	}
	pairs, places := map[string]string{}, map[string]string{}
	for i, t := range k.c.Targets {
		key := at("targets", i)
		k.known(key+".team", t.Team, "team", k.teamNames())
		k.known(key+".environment", t.Environment, "environment", k.environmentNames())
		k.known(key+".cluster", t.Cluster, "cluster", k.clusterNames())
		k.label(key+".namespace", t.Namespace)
		if t.Team != "" && t.Environment != "" {
			k.once(pairs, key, t.Team+" / "+t.Environment)
		}
		if t.Cluster != "" && t.Namespace != "" {
			k.alone(places, key+".namespace", t)
		}
	}
}

// alone holds a namespace to one target: the team's rights end where its namespace does.
func (k *checker) alone(places map[string]string, key string, t target) {
	place := t.Cluster + "/" + t.Namespace
	if other, taken := places[place]; taken {
		k.wrong(key, "namespace %q of cluster %q belongs to another target, %s in line %d", t.Namespace, t.Cluster, strings.TrimSuffix(other, ".namespace"), k.line(other))
		return
	}
	places[place] = key
}

func (k *checker) known(key, v, what string, names []string) {
	switch {
	case v == "":
		k.wrong(key, "is missing")
	case !slices.Contains(names, v):
		k.wrong(key, "there is no %s %q; %s", what, v, suggestion(v, names))
	}
}

func (k *checker) bindings() {
	if len(k.c.Bindings) == 0 {
		k.wrong("bindings", "is missing; without a group that is bound to a role nobody may do anything")
	}
	teams, environments := append(k.teamNames(), policy.Any), append(k.environmentNames(), policy.Any)
	for i, b := range k.c.Bindings {
		key := at("bindings", i)
		if b.Group == "" {
			k.wrong(key+".group", "is missing")
		}
		if b.Role == "" && k.lines[key+".role"] == 0 {
			k.wrong(key+".role", "is missing")
		}
		k.known(key+".team", b.Team, "team", teams)
		k.known(key+".environment", b.Environment, "environment", environments)
	}
}

func (k *checker) teamNames() []string {
	return namesOf(k.c.Teams, func(t team) string { return t.Name })
}

func (k *checker) environmentNames() []string {
	return namesOf(k.c.Environments, func(e environment) string { return e.Name })
}

func (k *checker) clusterNames() []string {
	return namesOf(k.c.Clusters, func(c clusterConfig) string { return c.Name })
}

func namesOf[T any](list []T, name func(T) string) []string {
	var out []string
	for _, one := range list {
		if n := name(one); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
