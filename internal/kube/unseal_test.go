package kube

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// A webhook may quote the value alone that stands inside a longer text of the Secret.
func TestMasksCoverWhatIsInsideATextToo(t *testing.T) {
	sealer, err := manifest.NewSealer([]byte(strings.Repeat("k", manifest.MinSealerKey)))
	if err != nil {
		t.Fatal(err)
	}
	token := sealer.Seal(manifest.Place{}, "hunter2-very-secret")
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "login"},
		"stringData": map[string]any{"url": "postgres://ada:" + string(token) + "@db/shop"},
	}}
	open := unsealOne(u, manifest.Secrets{token: "hunter2-very-secret"})
	if open.problem != nil {
		t.Fatal(open.problem)
	}
	for _, said := range []string{
		"the password hunter2-very-secret is known", "aHVudGVyMi12ZXJ5LXNlY3JldA== is known", "postgres://ada:hunter2-very-secret@db/shop is known",
	} {
		if got := maskAll(said, open.masks()); !strings.HasSuffix(got, manifest.Hidden+" is known") {
			t.Errorf("%q is shown as %q", said, got)
		}
	}
}
