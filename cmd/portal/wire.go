package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func newLogger(c logConfig, to io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.level()}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(to, o))
	}
	return slog.New(slog.NewJSONHandler(to, o))
}

func openStore(ctx context.Context, c *config, log *slog.Logger) (*store.Store, error) {
	st, err := store.Open(ctx, store.Config{Driver: c.Database.Driver, Path: c.Database.Path, DSN: c.Database.DSN.value, Log: log})
	if err == nil {
		return st, nil
	}
	if c.Database.Driver == store.SQLite {
		return nil, fmt.Errorf("portal: the database %s cannot be opened: %w\nThe folder must exist and the portal must be allowed to write to it (database.path)", c.Database.Path, err)
	}
	return nil, fmt.Errorf("portal: the PostgreSQL database cannot be opened: %w\nThe connection string comes from the %s (database.dsn)", err, c.Database.DSN)
}

func openClusters(ctx context.Context, c *config, log *slog.Logger) (*kube.Clusters, error) {
	var cs []kube.ClusterConfig
	for _, one := range c.Clusters {
		cs = append(cs, kube.ClusterConfig(one))
	}
	clusters, err := kube.New(ctx, cs, kube.Options{Log: log})
	if err != nil {
		return nil, fmt.Errorf("portal: the configuration of a cluster cannot be used: %w\n"+
			"Each cluster needs a kubeconfig that can be read (clusters[].kubeconfig), or none where the portal runs in the cluster itself", err)
	}
	return clusters, nil
}

func newAuth(c *config, st *store.Store, log *slog.Logger) (*auth.Auth, error) {
	a, err := auth.New(auth.Config{
		Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: c.OIDC.ClientSecret.value,
		PublicURL: c.PublicURL, Scopes: c.OIDC.Scopes, GroupsClaim: c.OIDC.GroupsClaim,
		Idle: c.Session.Idle, Absolute: c.Session.Absolute,
		Bindings: c.groupBindings(), Store: st.Sessions(), Recorder: st, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return a, nil
}

func (c *config) groupBindings() []policy.GroupBinding {
	var out []policy.GroupBinding
	for _, b := range c.Bindings {
		out = append(out, policy.GroupBinding{
			Group:   b.Group,
			Binding: policy.Binding{Role: policy.Role(b.Role), Team: b.Team, Environment: b.Environment},
		})
	}
	return out
}

// rules are what the environments ask for.
func (c *config) rules() []policy.Rule {
	var out []policy.Rule
	for _, e := range c.Environments {
		if e.Approvals > 0 {
			out = append(out, policy.Rule{Name: needs(e), Environment: e.Name, Approvals: e.Approvals})
		}
	}
	return out
}

func needs(e environment) string {
	if e.Approvals == 1 {
		return e.Name + " needs one approval"
	}
	return fmt.Sprintf("%s needs %d approvals", e.Name, e.Approvals)
}

func (t target) target() policy.Target {
	return policy.Target{Team: t.Team, Environment: t.Environment}
}

func (t target) place() manifest.Place {
	return manifest.Place{Cluster: t.Cluster, Namespace: t.Namespace}
}

func (c *config) places() map[policy.Target]manifest.Place {
	out := map[policy.Target]manifest.Place{}
	for _, t := range c.Targets {
		out[t.target()] = t.place()
	}
	return out
}

// domains are the host names of the teams that have a list of them.
func (c *config) domains() map[string][]string {
	out := map[string][]string{}
	for _, t := range c.Teams {
		if len(t.Domains) > 0 {
			out[t.Name] = t.Domains
		}
	}
	return out
}

// copies are the environments in which whatever is made ends by itself.
func (c *config) copies() map[string]change.CopyRule {
	out := map[string]change.CopyRule{}
	for _, e := range c.Environments {
		if e.Copies.MaxAge > 0 {
			out[e.Name] = change.CopyRule(e.Copies)
		}
	}
	return out
}

// domainsOf are the host names that applications of a target may have; nil for any.
func (c *config) domainsOf(t policy.Target) []string {
	return change.DomainsOf(t, c.domains(), c.copies())
}

// clusterScoped are the targets that take templates which leave the namespace.
func (c *config) clusterScoped() map[policy.Target]bool {
	out := map[policy.Target]bool{}
	for _, t := range c.Targets {
		if t.ClusterScoped {
			out[t.target()] = true
		}
	}
	return out
}

func (c *config) secure() bool { return strings.HasPrefix(c.PublicURL, "https:") }
