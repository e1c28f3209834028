package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files")

func webService(t testing.TB) *Template {
	t.Helper()
	c, err := Open(os.DirFS("testdata/builtin"))
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := c.Newest("web-service")
	if err != nil {
		t.Fatal(err)
	}
	if tpl.Broken != nil {
		t.Fatal(tpl.Broken)
	}
	return tpl
}

func release() Release {
	return Release{
		App: "checkout", Target: policy.Target{Team: "payments", Environment: "staging"},
		Place: manifest.Place{Cluster: "demo", Namespace: "payments-staging"}, Revision: 1, KubeVersion: "v1.37.1",
	}
}

// inputs reads JSON, as the store does.
func inputs(t testing.TB, text string) Inputs {
	t.Helper()
	var in Inputs
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func yamlOf(t testing.TB, set manifest.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, u := range set {
		text, err := manifest.YAML(u)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n")
		b.Write(text)
	}
	return b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got); run with -update if it should:\n%s", path, d)
	}
}

// webServiceEdges are inputs at the edges of what web-service takes.
var webServiceEdges = map[string]struct {
	inputs string
	change func(*Release)
}{
	"least": {inputs: `{"image": "nginx", "port": 8080}`},
	"stopped-without-amounts-on-old-cluster": {
		inputs: `{"image": "localhost:5000/a/b", "port": 1, "replicas": 0, "resources": {"requests": {"cpu": "", "memory": ""}, "limits": {"memory": ""}}}`,
		change: func(r *Release) { r.KubeVersion = "v1.29.4-gke.1" },
	},
	"host-and-certificate": {
		inputs: `{"image": "registry.example.com/team/app:1.4.2", "port": 65535, "replicas": 100, "healthPath": "/healthz?deep=0", "host": "shop.example.com", "ingress": {"issuer": "letsencrypt-prod", "className": "nginx"}, "startSeconds": 241}`,
	},
	"tag-that-is-no-label": {
		inputs: `{"image": "ghcr.io/a/b:1.2.3_-@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "port": 80, "pullSecret": "login", "pullPolicy": "Always", "security": {"runAsUser": 2147483647, "readOnlyRootFilesystem": false, "serviceAccountToken": true}}`,
	},
	"texts-that-look-like-others": {
		inputs: `{"image": "app:8080", "port": 80, "env": {"A": "true", "B": "8080", "C": "1e3", "D": "0x10", "E": "", "F": "on", "G": "line\nline: {{ .Values }}\n", "H": "\"'# <b>&", "I": "null", "J": " x ", "_K": "$request_uri"}}`,
	},
}

func TestWebServiceRenders(t *testing.T) {
	tpl := webService(t)
	for name, tc := range webServiceEdges {
		t.Run(name, func(t *testing.T) {
			r := release()
			if tc.change != nil {
				tc.change(&r)
			}
			got, err := tpl.Render(context.Background(), inputs(t, tc.inputs), r)
			if err != nil {
				t.Fatal(err)
			}
			again, err := tpl.Render(context.Background(), inputs(t, tc.inputs), r)
			if err != nil {
				t.Fatal(err)
			}
			first, second := yamlOf(t, got.Set), yamlOf(t, again.Set)
			if !bytes.Equal(first, second) {
				t.Error("the same inputs give different bytes")
			}
			golden(t, name+".yaml", first)
		})
	}
}
