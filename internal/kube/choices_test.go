package kube_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
)

func (s *stage) choices(q manifest.Question) []manifest.Choice {
	s.t.Helper()
	got, err := s.cs.Choices(s.t.Context(), s.as, s.place, q)
	if err != nil {
		s.t.Fatalf("%+v: %v", q, err)
	}
	return got
}

func TestChoicesInTheNamespace(t *testing.T) {
	s := newStage(t)
	for _, text := range []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {user: ada, password: hunter2}",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: web-tls}\ntype: kubernetes.io/tls\nstringData: {tls.crt: a, tls.key: b}",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: slipway-staged-abc, labels: {slipway.dev/staged: \"true\"}}\nstringData: {value: hunter3}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {b: '1', a: '2'}\nbinaryData: {c: aGk=}",
		"apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{name: postgres, port: 5432}, {name: metrics, port: 9187}]}",
	} {
		s.adminDoes("kubectl", "", text)
	}
	for resource, last := range map[string]string{"secrets": "slipway-staged-abc", "configmaps": "settings", "services": "db"} {
		s.cached(corev1.SchemeGroupVersion.WithResource(resource), s.place.Namespace, last)
	}
	for _, row := range []struct {
		q    manifest.Question
		want []manifest.Choice
	}{
		{manifest.Question{Kind: "Secret"}, []manifest.Choice{{Value: "login"}, {Value: "web-tls"}}},
		{manifest.Question{Kind: "Secret", Type: "kubernetes.io/tls"}, []manifest.Choice{{Value: "web-tls"}}},
		{manifest.Question{Kind: "SecretKey", Of: "login"}, []manifest.Choice{{Value: "password"}, {Value: "user"}}},
		{manifest.Question{Kind: "SecretKey", Of: "not-there"}, nil},
		{manifest.Question{Kind: "SecretKey"}, nil},
		{manifest.Question{Kind: "ConfigMap"}, []manifest.Choice{{Value: "settings"}}},
		{manifest.Question{Kind: "ConfigMapKey", Of: "settings"}, []manifest.Choice{{Value: "a"}, {Value: "b"}, {Value: "c"}}},
		{manifest.Question{Kind: "Service"}, []manifest.Choice{{Value: "db", Help: "ports 5432, 9187"}}},
		{manifest.Question{Kind: "ServicePort", Of: "db"}, []manifest.Choice{{Value: "5432", Help: "postgres"}, {Value: "9187", Help: "metrics"}}},
		{manifest.Question{Kind: "ServiceURL"}, []manifest.Choice{
			{Value: "postgres://db." + s.place.Namespace + ".svc.cluster.local:5432", Help: "db, postgres"},
			{Value: "http://db." + s.place.Namespace + ".svc.cluster.local:9187", Help: "db, metrics"},
			{Value: "db." + s.place.Namespace + ".svc.cluster.local", Help: "db, its host alone"},
		}},
	} {
		if got := s.choices(row.q); !slices.Equal(got, row.want) {
			t.Errorf("%+v: got %+v, want %+v", row.q, got, row.want)
		}
	}
	_, err := s.cs.Choices(t.Context(), s.as, s.place, manifest.Question{Kind: "SecretKey", Of: "../../../x"})
	if err == nil {
		t.Error("a name that leads elsewhere was asked for")
	}
	if _, err := s.cs.Choices(t.Context(), s.as, s.place, manifest.Question{Kind: "Pod"}); !errors.Is(err, kube.ErrNoSuchChoice) {
		t.Errorf("an unknown kind: %v", err)
	}
	elsewhere := s.place
	elsewhere.Namespace = "kube-system"
	var not *kube.NotListed
	if _, err := s.cs.Choices(t.Context(), s.as, elsewhere, manifest.Question{Kind: "Secret"}); !errors.As(err, &not) || !strings.Contains(not.Sentence, s.team) {
		t.Errorf("Secrets of a namespace that is not the team's: %v", err)
	}
}

func TestChoicesInTheCluster(t *testing.T) {
	s := newStage(t)
	wait, grow := storagev1.VolumeBindingWaitForFirstConsumer, true
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "fast-" + s.run}, Provisioner: "rancher.io/local-path",
		VolumeBindingMode: &wait, AllowVolumeExpansion: &grow,
	}
	if _, err := s.admin.StorageV1().StorageClasses().Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.admin.StorageV1().StorageClasses().Delete(context.Background(), class.Name, metav1.DeleteOptions{})
	})
	s.cached(storagev1.SchemeGroupVersion.WithResource("storageclasses"), "", class.Name)
	classes := s.choices(manifest.Question{Kind: "StorageClass"})
	if !slices.Contains(classes, manifest.Choice{Value: class.Name, Help: "waits for the first pod, node-local, can grow"}) {
		t.Errorf("classes: %+v", classes)
	}
	if !strings.HasPrefix(classes[0].Help, "default") {
		t.Errorf("the default does not come first: %+v", classes)
	}
	nodes := s.choices(manifest.Question{Kind: "NodeLabel"})
	if !slices.ContainsFunc(nodes, func(c manifest.Choice) bool { return c.Value == "kubernetes.io/hostname" }) {
		t.Errorf("labels of nodes: %+v", nodes)
	}
	hosts := s.choices(manifest.Question{Kind: "NodeLabel", Of: "kubernetes.io/hostname"})
	if len(hosts) == 0 || hosts[0].Help != "1 node" {
		t.Errorf("values of a label: %+v", hosts)
	}
	mine := s.choices(manifest.Question{Kind: "Namespace"})
	if !slices.ContainsFunc(mine, func(c manifest.Choice) bool { return c.Value == "kube-system" }) {
		t.Errorf("namespaces: %+v", mine)
	}
	var not *kube.NotListed // this portal's account has not been given the right
	if _, err := s.cs.Choices(t.Context(), s.as, s.place, manifest.Question{Kind: "PriorityClass"}); !errors.As(err, &not) {
		t.Errorf("without the right: %v", err)
	}
}

func TestNamespacesOfOtherTeamsAreNotOffered(t *testing.T) {
	theirs := newStage(t, manifest.LabelTeam+"=somebody-else")
	s := newStage(t, manifest.LabelTeam+"="+theirs.team)
	s.cached(corev1.SchemeGroupVersion.WithResource("namespaces"), "", s.place.Namespace)
	var got []string
	for _, c := range s.choices(manifest.Question{Kind: "Namespace"}) {
		got = append(got, c.Value)
	}
	if slices.Contains(got, theirs.place.Namespace) || !slices.Contains(got, s.place.Namespace) {
		t.Errorf("offered: %v", got)
	}
}

// Many who ask the same cost one request, and those who gave up do not spoil it for the others.
func TestChoicesAreAskedForOnce(t *testing.T) {
	s := newStage(t)
	var asked atomic.Int32
	m := newMeddler(t, s.world)
	m.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/configmaps") {
			asked.Add(1)
			time.Sleep(200 * time.Millisecond)
		}
		return false
	}
	cs := s.portal(t, s.kubeconfig(t, m.URL, m.ca()))
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			ctx := t.Context()
			if i == 0 {
				ctx = short
			}
			if _, err := cs.Choices(ctx, s.as, s.place, manifest.Question{Kind: "ConfigMap"}); err != nil && i > 0 {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestChoicesOfAClusterThatIsSlow(t *testing.T) {
	s := newStage(t)
	m := newMeddler(t, s.world)
	m.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/configmaps") {
			return false
		}
		<-r.Context().Done()
		return true
	}
	cs := s.portal(t, s.kubeconfig(t, m.URL, m.ca()))
	if _, err := cs.Version(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err := cs.Choices(t.Context(), s.as, s.place, manifest.Question{Kind: "ConfigMap"})
	if took := time.Since(start); !errors.Is(err, manifest.ErrClusterAway) || took > 4*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}
