package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"slipway.dev/slipway/internal/policy"
)

// Limits of a configuration file.
const fileLimit = 1 << 20

// config is what the configuration file says, checked. docs/configuration.md is its description.
type config struct {
	Listen         string
	PublicURL      string
	Database       database
	OIDC           oidcConfig
	Session        sessionConfig
	Secrets        secretsConfig
	Clusters       []clusterConfig
	Teams          []team
	Environments   []environment
	Targets        []target
	Bindings       []binding
	Templates      templateSources
	TemplateCache  string // folder; empty for none
	ExpireAfter    time.Duration
	Log            logConfig
	TrustedProxies []netip.Prefix
}

type database struct {
	Driver string // "sqlite" or "postgres"
	Path   string
	DSN    secret
}

type oidcConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret secret
	Scopes       []string
	GroupsClaim  string
}

type secretsConfig struct{ Key secret }

type sessionConfig struct{ Idle, Absolute time.Duration }

type clusterConfig struct{ Name, Kubeconfig, Context string }

type team struct {
	Name, Title string
	Domains     []string // host names that the team's applications may have, with all below them; none for any
}

type environment struct {
	Name, Title string
	Approvals   int
	Copies      copiesConfig
}

// copiesConfig makes an environment one for copies; MaxAge is 0 where it is none.
type copiesConfig struct {
	MaxAge time.Duration
	Domain string
}

type target struct {
	Team, Environment, Cluster, Namespace string
	ClusterScoped                         bool // takes templates that make objects outside the namespace
}

type binding struct{ Group, Role, Team, Environment string }

type logConfig struct{ Level, Format string }

// level is the slog level of the word in the file.
func (l logConfig) level() slog.Level {
	var v slog.Level
	_ = v.UnmarshalText([]byte(l.Level)) // one of four words by now
	return v
}

// surroundings are what a configuration refers to outside its file.
type surroundings struct {
	getenv func(string) string
	read   func(path string) ([]byte, error)
	stat   func(path string) (fs.FileInfo, error)
}

func theSurroundings(getenv func(string) string) surroundings {
	return surroundings{getenv: getenv, read: readLimited, stat: os.Stat}
}

// readLimited reads a file that should be short.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAllLimited(f)
}

func readAllLimited(f io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	if err == nil && len(b) > fileLimit {
		return nil, fmt.Errorf("it is larger than %d KiB", fileLimit>>10)
	}
	return b, err
}

// loadConfig reads and checks a configuration file. What is wrong with it is a *problems.
func loadConfig(path string, out surroundings) (*config, error) {
	data, err := out.read(path)
	if err != nil {
		return nil, &problems{file: path, list: []problem{{says: "cannot be read: " + plainly(err)}}}
	}
	return parseConfig(path, data, out, (*checker).check)
}

// loadForRendering reads a configuration file for a command that only makes manifests. Where people sign
// in and where the portal keeps things may be missing then, and no secret is read.
func loadForRendering(path string, out surroundings) (*config, error) {
	data, err := out.read(path)
	if err != nil {
		return nil, &problems{file: path, list: []problem{{says: "cannot be read: " + plainly(err)}}}
	}
	return parseConfig(path, data, out, (*checker).checkForRendering)
}

func parseConfig(path string, data []byte, out surroundings, check func(*checker)) (*config, error) {
	c := defaults()
	r := newReader(path)
	r.read(data, c.fields())
	k := checker{reader: r, c: c, out: out, folder: filepath.Dir(path)}
	if len(r.list) == 0 || len(r.lines) > 0 {
		check(&k)
	}
	if len(r.list) > 0 {
		return nil, &r.problems
	}
	return c, nil
}

func defaults() *config {
	return &config{
		Listen:      "127.0.0.1:8080",
		Database:    database{Driver: "sqlite", Path: "portal.db"},
		OIDC:        oidcConfig{Scopes: []string{"openid", "profile", "email", "groups"}, GroupsClaim: "groups"},
		Session:     sessionConfig{Idle: time.Hour, Absolute: 12 * time.Hour},
		ExpireAfter: 7 * 24 * time.Hour,
		Log:         logConfig{Level: "info", Format: "json"},
	}
}

// fields are the keys of the file. Their meaning stands in docs/configuration.md.
func (c *config) fields() fields {
	return fields{
		"listen":    text(&c.Listen),
		"publicURL": text(&c.PublicURL),
		"database": section(fields{
			"driver": oneOf(&c.Database.Driver, "sqlite", "postgres"),
			"path":   text(&c.Database.Path),
			"dsn":    c.Database.DSN.field("a connection string"),
		}),
		"oidc": section(fields{
			"issuer":       text(&c.OIDC.Issuer),
			"clientID":     text(&c.OIDC.ClientID),
			"clientSecret": c.OIDC.ClientSecret.field("a client secret"),
			"scopes":       texts(&c.OIDC.Scopes),
			"groupsClaim":  text(&c.OIDC.GroupsClaim),
		}),
		"session": section(fields{
			"idle":     duration(&c.Session.Idle, time.Minute, 24*time.Hour),
			"absolute": duration(&c.Session.Absolute, 5*time.Minute, 30*24*time.Hour),
		}),
		"secrets":        section(fields{"key": c.Secrets.Key.field("a key")}),
		"clusters":       list(&c.Clusters, clusterFields),
		"teams":          list(&c.Teams, teamFields),
		"environments":   list(&c.Environments, environmentFields),
		"targets":        list(&c.Targets, targetFields),
		"bindings":       list(&c.Bindings, bindingFields),
		"templates":      c.Templates.field(),
		"templateCache":  text(&c.TemplateCache),
		"changes":        section(fields{"expireAfter": duration(&c.ExpireAfter, time.Hour, 90*24*time.Hour)}),
		"log":            section(fields{"level": oneOf(&c.Log.Level, "debug", "info", "warn", "error"), "format": oneOf(&c.Log.Format, "json", "text")}),
		"trustedProxies": prefixes(&c.TrustedProxies),
	}
}

func clusterFields(c *clusterConfig) fields {
	return fields{"name": text(&c.Name), "kubeconfig": text(&c.Kubeconfig), "context": text(&c.Context)}
}

func teamFields(t *team) fields {
	return fields{"name": text(&t.Name), "title": text(&t.Title), "domains": texts(&t.Domains)}
}

func environmentFields(e *environment) fields {
	return fields{
		"name": text(&e.Name), "title": text(&e.Title), "approvals": whole(&e.Approvals, 0, 10),
		"copies": section(fields{"maxAge": duration(&e.Copies.MaxAge, time.Minute, 90*24*time.Hour), "domain": text(&e.Copies.Domain)}),
	}
}

func targetFields(t *target) fields {
	return fields{
		"team": text(&t.Team), "environment": text(&t.Environment),
		"cluster": text(&t.Cluster), "namespace": text(&t.Namespace), "clusterScoped": boolean(&t.ClusterScoped),
	}
}

func bindingFields(b *binding) fields {
	b.Team, b.Environment = policy.Any, policy.Any
	return fields{
		"group": text(&b.Group), "team": text(&b.Team), "environment": text(&b.Environment),
		"role": oneOf(&b.Role, string(policy.Developer), string(policy.Approver), string(policy.Auditor), string(policy.Admin)),
	}
}

// plainly says what is wrong with a file without repeating its name.
func plainly(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "the portal may not read it"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}
