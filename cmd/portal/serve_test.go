package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A portal whose cluster and provider are both away: nothing listens on these ports.
const awayConfig = `
listen: 127.0.0.1:0
publicURL: http://localhost:24080
database: {path: portal.db}
oidc: {issuer: "http://127.0.0.1:1/dex", clientID: slipway}
clusters: [{name: local, kubeconfig: kubeconfig}]
teams: [{name: payments}]
environments: [{name: staging}]
targets: [{team: payments, environment: staging, cluster: local, namespace: payments}]
bindings: [{group: payments, role: developer}]
`

const awayKubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`

func away(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"portal.yaml": awayConfig, "kubeconfig": awayKubeconfig} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "portal.yaml")
}

// The whole program starts with nothing around it, says what is away, and ends when it is told to.
func TestServeWithEverythingAway(t *testing.T) {
	c, err := loadConfig(away(t), theSurroundings(noEnv))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	at, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, c, slog.New(slog.DiscardHandler), func(a net.Addr) { at <- a })
	}()
	var base string
	select {
	case a := <-at:
		base = "http://" + a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/livez":          "200 ok",
		"/readyz?verbose": "200 [+] database ok",
		"/sign-in":        "200 ",
		"/applications":   "303 ",
		"/metrics":        "200 ",
	} {
		if got := get(t, base+path); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %.300s", path, got)
		}
	}
	verbose := get(t, base+"/readyz?verbose")
	for _, want := range []string{"[!] cluster local", "[!] identity provider http://127.0.0.1:1/dex"} {
		if !strings.Contains(verbose, want) {
			t.Errorf("%q is not in %s", want, verbose)
		}
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(drain + 10*time.Second):
		t.Fatal("the portal does not end")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.Status[:4] + string(b)
}

func TestServeSaysWhatToRepair(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, row := range map[string]struct {
		spoil func(c *config)
		says  []string
	}{
		"database": {func(c *config) { c.Database.Path = "/proc/none/portal.db" }, []string{"/proc/none/portal.db", "database.path"}},
		"cluster": {func(c *config) {
			_ = os.WriteFile(c.Clusters[0].Kubeconfig, []byte("nonsense: ["), 0o600)
		}, []string{"local", "kubeconfig"}},
		"address": {func(c *config) { c.Listen = taken.Addr().String() }, []string{taken.Addr().String(), "listen"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := loadConfig(away(t), theSurroundings(noEnv))
			if err != nil {
				t.Fatal(err)
			}
			row.spoil(c)
			err = serve(t.Context(), c, slog.New(slog.DiscardHandler), func(net.Addr) { t.Error("it listens") })
			if err == nil {
				t.Fatal("it ran")
			}
			for _, want := range row.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
		})
	}
}

// What an operator exports can be verified, and the export itself is in the log.
func TestExportAndVerify(t *testing.T) {
	file := away(t)
	c, err := loadConfig(file, theSurroundings(noEnv))
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStore(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	for range 2 {
		out.Reset()
		if err := run(t.Context(), []string{"audit", "export", "--config", file}, &out, &errs, noEnv); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), `"export audit"`); n != 2 {
		t.Errorf("%d entries about exports in %s", n, out.String())
	}
	export := filepath.Join(filepath.Dir(file), "audit.jsonl")
	if err := os.WriteFile(export, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := run(t.Context(), []string{"audit", "verify", export}, &out, &errs, noEnv); err != nil {
		t.Errorf("%v: %s", err, out.String())
	}
}
