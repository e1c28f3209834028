// Package e2e tells whole stories in a browser: a real API server, a real OpenID Connect provider, the
// portal's own binary and Chromium. Nothing in it is a stand-in.
//
// The tests need SLIPWAY_TEST_KUBECONFIG (an administrator's kubeconfig), SLIPWAY_TEST_DEX (the
// provider's binary, built from dev/oidc) and SLIPWAY_TEST_CHROMIUM; what is missing skips them, or
// fails them where SLIPWAY_TEST_REQUIRE is 1. SLIPWAY_TEST_SCREENSHOTS names a folder for pictures of
// every page. SLIPWAY_TEST_PORTAL names a portal that is built already.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is everything that the stories share. It is started once, by the first story.
type world struct {
	base    string // http://localhost:23xxx
	run     string // tells this run's namespaces and rights from those of others
	folder  string // temporary files; kept when a story failed
	portal  string // the binary
	cluster *cluster
	browser *browser
	link    *link // between the portal and the API server
	config  string
	// templates is a folder that the portal takes templates from, besides those that are built in.
	templates string
	server    *process // the portal
	stops     []func()
}

var (
	once     sync.Once
	started  *world
	startErr error
	failed   bool
)

func TestMain(m *testing.M) {
	code := m.Run()
	failed = code != 0
	if started != nil {
		started.stop()
	}
	os.Exit(code)
}

// theWorld returns the world, or skips the story where something for it is missing.
func theWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes")
	}
	for _, name := range []string{"SLIPWAY_TEST_KUBECONFIG", "SLIPWAY_TEST_DEX", "SLIPWAY_TEST_CHROMIUM"} {
		if os.Getenv(name) != "" {
			continue
		}
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatalf("%s is not set", name)
		}
		t.Skipf("%s is not set", name)
	}
	once.Do(func() {
		started = &world{run: fmt.Sprintf("e2e-%x", time.Now().UnixNano()&0xffffffff)}
		startErr = started.start()
	})
	if startErr != nil {
		t.Fatalf("cannot start: %v", startErr)
	}
	return started
}

func (w *world) start() (err error) {
	if w.folder, err = os.MkdirTemp("", "slipway-"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if w.portal, err = buildPortal(ctx, w.folder); err != nil {
		return err
	}
	if w.cluster, err = newCluster(ctx, w.run); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	w.stops = append(w.stops, w.cluster.remove)
	if w.link, err = newLink(w.cluster.server); err != nil {
		return err
	}
	w.stops = append(w.stops, w.link.stop)
	port, err := freePort()
	if err != nil {
		return err
	}
	w.base = fmt.Sprintf("http://localhost:%d", port)
	issuer, stop, err := startProvider(ctx, w.base, filepath.Join(w.folder, "provider.log"))
	if err != nil {
		return fmt.Errorf("provider: %w", err)
	}
	w.stops = append(w.stops, stop)
	if w.config, err = w.writeConfig(port, issuer); err != nil {
		return err
	}
	if err := w.startPortal(ctx); err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	w.stops = append(w.stops, func() { w.server.stop() })
	if w.browser, err = startBrowser(); err != nil {
		return fmt.Errorf("browser: %w", err)
	}
	w.stops = append(w.stops, w.browser.stop)
	return nil
}

// stop ends what was started, the last first.
func (w *world) stop() {
	for i := len(w.stops) - 1; i >= 0; i-- {
		w.stops[i]()
	}
	if failed {
		fmt.Fprintln(os.Stderr, "e2e: logs are in", w.folder)
		return
	}
	_ = os.RemoveAll(w.folder)
}

// writeConfig makes the portal's configuration: two teams, staging without and production with one
// approval, and the provider's groups.
func (w *world) writeConfig(port int, issuer string) (string, error) {
	kubeconfig := filepath.Join(w.folder, "kubeconfig")
	through := strings.Replace(string(w.cluster.kubeconfig), w.cluster.server, w.link.url(), 1)
	if err := os.WriteFile(kubeconfig, []byte(through), 0o600); err != nil {
		return "", err
	}
	w.templates = filepath.Join(w.folder, "templates")
	if err := os.Mkdir(w.templates, 0o755); err != nil {
		return "", err
	}
	var places, teams, bindings strings.Builder
	for _, t := range targets {
		fmt.Fprintf(&places, "  - {team: %s, environment: %s, cluster: local, namespace: %s}\n", t.team, t.environment, w.cluster.namespace(t))
	}
	for _, team := range systemTeams {
		fmt.Fprintf(&teams, "  - {name: %s, title: %s}\n", team, team)
		fmt.Fprintf(&bindings, "  - {group: payments, role: developer, team: %s}\n", team)
	}
	text := fmt.Sprintf(`listen: 127.0.0.1:%d
publicURL: %s
database: {driver: sqlite, path: portal.db}
oidc:
  issuer: %s
  clientID: slipway
  clientSecret: {env: OIDC_CLIENT_SECRET}
clusters:
  - {name: local, kubeconfig: kubeconfig}
teams:
  - {name: payments, title: Payments}
  - {name: search, title: Search}
%senvironments:
  - {name: staging, title: Staging}
  - {name: production, title: Production, approvals: 1}
  - {name: preview, title: Preview, copies: {maxAge: 168h, domain: %s}}
  - {name: brief, title: Brief, copies: {maxAge: 1m, domain: %s}}
targets:
%sbindings:
  - {group: payments, role: developer, team: payments}
  - {group: search, role: developer, team: search}
%s  - {group: approvers, role: approver}
  - {group: auditors, role: auditor}
  - {group: platform, role: admin}
templates:
  - {folder: templates}
log: {level: debug, format: text}
`, port, w.base, issuer, teams.String(), w.host("preview"), w.host("brief"), places.String(), bindings.String())
	path := filepath.Join(w.folder, "portal.yaml")
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// host is a host name of this run: one that another run has left in the cluster is served already.
func (w *world) host(name string) string { return name + "." + w.run + ".example.com" }

// eventually asks again and again, at most for d, until ask has no more objection.
func eventually(ctx context.Context, d time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not within %s", d), err)
		}
	}
}
