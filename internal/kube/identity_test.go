package kube_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	authv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
)

// TestPortalsOwnRights checks the rules that this package is made for, on the real authorizer: with the
// portal's credentials, only the configured teams' rights can be had.
func TestPortalsOwnRights(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		name string
		as   rest.ImpersonationConfig
		may  bool
	}{
		{"the team", rest.ImpersonationConfig{UserName: kube.UserOfTeam(s.team), Extra: map[string][]string{kube.ExtraRequester: {"x#y"}, kube.ExtraChange: {"7"}}}, true},
		{"another team", rest.ImpersonationConfig{UserName: kube.UserOfTeam(s.other)}, false},
		{"the team in system:masters", rest.ImpersonationConfig{UserName: kube.UserOfTeam(s.team), Groups: []string{"system:masters"}}, false},
		{"system:admin", rest.ImpersonationConfig{UserName: "system:admin"}, false},
		{"the team with an extra of another kind", rest.ImpersonationConfig{UserName: kube.UserOfTeam(s.team), Extra: map[string][]string{"scopes": {"all"}}}, false},
		{"nobody", rest.ImpersonationConfig{}, false},
	} {
		cfg := rest.AnonymousClientConfig(s.config)
		cfg.BearerToken, cfg.Impersonate = s.token, c.as
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CoreV1().Secrets(s.place.Namespace).List(t.Context(), metav1.ListOptions{})
		if c.may && err != nil || !c.may && !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestRequestsSayWhoActs looks at what goes over the wire.
func TestRequestsSayWhoActs(t *testing.T) {
	s := newStage(t)
	m := s.through()
	var mu sync.Mutex
	seen := map[string]string{}
	m.before = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		h := r.Header
		seen[r.Method+" "+r.URL.Path] = strings.Join([]string{h.Get("Impersonate-User"), h.Get("Impersonate-Extra-Slipway.dev%2frequester"), h.Get("Impersonate-Extra-Slipway.dev%2fchange"), h.Get("User-Agent")}, " ")
		return false
	}
	s.apply("shop", s.set("shop", settings))
	path := "/api/v1/namespaces/" + s.place.Namespace + "/configmaps/settings"
	want := kube.UserOfTeam(s.team) + " https://id.example.com#u-1 7 slipway"
	for _, method := range []string{"GET", "PATCH"} {
		if got := seen[method+" "+path]; got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
	if got := seen["GET /version"]; got != "   slipway" {
		t.Errorf("what the portal asks for itself: %q", got)
	}
}

// TestWhoAmI asks the API server itself whom it takes the portal for.
func TestWhoAmI(t *testing.T) {
	s := newStage(t)
	cfg := rest.AnonymousClientConfig(s.config)
	cfg.BearerToken = s.token
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	me, err := client.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || !strings.HasSuffix(me.Status.UserInfo.Username, ":portal") {
		t.Errorf("%v, %v: the tests do not run with the portal's account", me, err)
	}
}

func TestNewRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: u, user: {token: x, as: "system:admin"}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		configs []kube.ClusterConfig
		says    string
	}{
		{"a kubeconfig that impersonates", []kube.ClusterConfig{{Name: "main", Kubeconfig: file}}, "impersonates"},
		{"a file that is not there", []kube.ClusterConfig{{Name: "main", Kubeconfig: file + "x"}}, "main"},
		{"a context that is not there", []kube.ClusterConfig{{Name: "main", Kubeconfig: file, Context: "y"}}, `"y"`},
		{"no name", []kube.ClusterConfig{{Kubeconfig: file}}, "no name"},
	} {
		if _, err := kube.New(t.Context(), c.configs, kube.Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPlaceMustBeConfigured(t *testing.T) {
	s := newStage(t)
	_, err := s.cs.DryRun(t.Context(), s.as, manifest.Place{Cluster: "moon", Namespace: "x"}, "shop", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "moon") {
		t.Errorf("%v", err)
	}
}
