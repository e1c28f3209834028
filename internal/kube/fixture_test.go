package kube_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/kube"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// world is a real API server with a portal's account that has the rights which deploy/k8s gives it,
// and no others.
type world struct {
	admin   kubernetes.Interface
	dynamic dynamic.Interface
	config  *rest.Config
	run     string // distinguishes this run's names
	token   string // of the portal's account
	team    string // which the portal may act as
	other   string // which it may not
}

var theWorld = sync.OnceValues(makeWorld)

// TestMain removes what the tests made for the whole cluster.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range cleanups {
		f()
	}
	os.Exit(code)
}

var cleanups []func()

func needWorld(t testing.TB) *world {
	t.Helper()
	if os.Getenv("SLIPWAY_TEST_KUBECONFIG") == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_KUBECONFIG is not set")
		}
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set")
	}
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func makeWorld() (*world, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1
	w := &world{config: cfg, run: strings.ToLower(rand.Text()[:6])}
	w.team, w.other = "payments-"+w.run, "search-"+w.run
	if w.admin, err = kubernetes.NewForConfig(cfg); err != nil {
		return nil, err
	}
	if w.dynamic, err = dynamic.NewForConfig(cfg); err != nil {
		return nil, err
	}
	return w, w.makePortal()
}

// portalRules are the rights of design decision 3: act as these teams and nobody else, read, and no
// Secrets.
func (w *world) portalRules() []rbacv1.PolicyRule {
	read := []string{"get", "list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"users"}, Verbs: []string{"impersonate"}, ResourceNames: []string{kube.UserOfTeam(w.team)}},
		{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"userextras/" + kube.ExtraRequester, "userextras/" + kube.ExtraChange}, Verbs: []string{"impersonate"}},
		{APIGroups: []string{""}, Resources: []string{"namespaces", "pods", "services", "events", "configmaps", "serviceaccounts", "persistentvolumeclaims"}, Verbs: read},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets", "daemonsets", "replicasets"}, Verbs: read},
		{APIGroups: []string{"batch"}, Resources: []string{"jobs", "cronjobs"}, Verbs: read},
		{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"}, Verbs: read},
		{APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"}, Verbs: read},
		{APIGroups: []string{"policy"}, Resources: []string{"poddisruptionbudgets"}, Verbs: read},
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: read[:2]},
		{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"storageclasses"}, Verbs: read[:2]},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingressclasses"}, Verbs: read[:2]},
		{APIGroups: []string{"cert-manager.io"}, Resources: []string{"clusterissuers"}, Verbs: read[:2]},
		{APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"pods"}, Verbs: read[:2]},
	}
}

func (w *world) makePortal() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	name := "slipway-kube-" + w.run
	if _, err := w.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	cleanups = append(cleanups, func() {
		ctx := context.Background()
		_ = w.admin.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
		_ = w.admin.RbacV1().ClusterRoles().Delete(ctx, name, metav1.DeleteOptions{})
		_ = w.admin.RbacV1().ClusterRoleBindings().Delete(ctx, name, metav1.DeleteOptions{})
	})
	if _, err := w.admin.CoreV1().ServiceAccounts(name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "portal"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := w.admin.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: w.portalRules()}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := w.admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: name, Name: "portal"}},
	}, metav1.CreateOptions{}); err != nil {
		return err
	}
	token, err := w.admin.CoreV1().ServiceAccounts(name).CreateToken(ctx, "portal", &authv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	w.token = token.Status.Token
	return w.awaitRights(ctx)
}

// awaitRights waits until the API server's authorizer has seen the new binding.
func (w *world) awaitRights(ctx context.Context) error {
	cfg := rest.AnonymousClientConfig(w.config)
	cfg.BearerToken = w.token
	c, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	for {
		if _, err = c.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1}); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// kubeconfig writes a file for the portal's account. server and ca are the API server's unless given.
func (w *world) kubeconfig(t testing.TB, server string, ca []byte) string {
	t.Helper()
	cluster := &clientcmdapi.Cluster{Server: w.config.Host, CertificateAuthority: w.config.CAFile, CertificateAuthorityData: w.config.CAData}
	if server != "" {
		cluster.Server = server
	}
	if ca != nil {
		cluster.CertificateAuthority, cluster.CertificateAuthorityData = "", ca
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": cluster},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"portal": {Token: w.token}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "portal"}},
		CurrentContext: "x",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// portal gives the clusters as the portal sees them: one, named "main".
func (w *world) portal(t testing.TB, kubeconfig string) *kube.Clusters {
	t.Helper()
	cs, err := kube.New(t.Context(), []kube.ClusterConfig{{Name: "main", Kubeconfig: kubeconfig}}, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cs.Close)
	return cs
}

// stage is a namespace in which the team may work, and the portal in front of it.
type stage struct {
	*world
	t     testing.TB
	place manifest.Place
	cs    *kube.Clusters
	as    policy.Acting
}

// newStage makes a namespace. The team may do in it what teams need, which NetworkPolicies are not.
func newStage(t testing.TB, labels ...string) *stage {
	t.Helper()
	w := needWorld(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "kube-" + w.run + "-", Labels: map[string]string{}}}
	for _, l := range labels {
		k, v, _ := strings.Cut(l, "=")
		ns.Labels[k] = v
	}
	ns, err := w.admin.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.admin.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{})
	})
	s := &stage{world: w, t: t, place: manifest.Place{Cluster: "main", Namespace: ns.Name}, as: actingFor(w.team)}
	s.grant()
	s.cs = w.portal(t, w.kubeconfig(t, "", nil))
	return s
}

func actingFor(team string) policy.Acting {
	p := policy.Person{Identity: policy.Identity{Issuer: "https://id.example.com", Subject: "u-1"}, Name: "Ada"}
	return policy.Acting{Team: team, Requester: p, Change: 7}
}

func (s *stage) grant() {
	s.t.Helper()
	ctx, all := s.t.Context(), []string{"get", "list", "create", "patch", "update", "delete"}
	_, err := s.admin.RbacV1().Roles(s.place.Namespace).Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "team"},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"configmaps", "secrets", "services", "serviceaccounts", "pods", "persistentvolumeclaims"}, Verbs: all},
			{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets"}, Verbs: all},
			{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: all},
			{APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles", "rolebindings"}, Verbs: all},
			{APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"}, Verbs: all},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.admin.RbacV1().RoleBindings(s.place.Namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "team"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "team"},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: kube.UserOfTeam(s.team)}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.eventually("the team's rights", func() bool {
		cfg := rest.CopyConfig(s.config)
		cfg.Impersonate.UserName = kube.UserOfTeam(s.team)
		c, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			s.t.Fatal(err)
		}
		_, err = c.CoreV1().ConfigMaps(s.place.Namespace).List(ctx, metav1.ListOptions{})
		return err == nil
	})
}

func (s *stage) eventually(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// cached waits until the API server's cache has an object. What is listed for people to choose from comes from
// there, and it hears of a write a moment after whoever wrote.
func (s *stage) cached(of schema.GroupVersionResource, namespace, name string) {
	s.t.Helper()
	s.eventually(name+" in the API server's cache", func() bool {
		all, err := s.dynamic.Resource(of).Namespace(namespace).List(s.t.Context(), metav1.ListOptions{ResourceVersion: "0"})
		return err == nil && slices.ContainsFunc(all.Items, func(u unstructured.Unstructured) bool { return u.GetName() == name })
	})
}

// set reads objects, gives them the labels of an application of the stage's team, and puts them in order.
func (s *stage) set(app, text string) manifest.Set {
	s.t.Helper()
	var set manifest.Set
	for doc := range strings.SplitSeq(text, "\n---\n") {
		set = append(set, s.object(app, doc))
	}
	set.Sort()
	return set
}

func (s *stage) object(app, text string) manifest.Object {
	s.t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	u := new(unstructured.Unstructured)
	if err := json.Unmarshal(raw, u); err != nil {
		s.t.Fatal(err)
	}
	if u.GetNamespace() == "" {
		u.SetNamespace(s.place.Namespace)
	}
	if app != "" {
		u.SetLabels(map[string]string{manifest.LabelApp: app, manifest.LabelTeam: s.team})
	}
	return u
}

// adminDoes creates an object as the cluster's admin, with a field manager of its own.
func (s *stage) adminDoes(manager, app, text string) {
	s.t.Helper()
	u := s.object(app, text)
	r, err := s.resourceOf(u)
	if err == nil {
		_, err = r.Apply(s.t.Context(), u.GetName(), u, metav1.ApplyOptions{FieldManager: manager, Force: true})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) resourceOf(u manifest.Object) (dynamic.ResourceInterface, error) {
	gvk := u.GroupVersionKind()
	lists, err := s.admin.Discovery().ServerResourcesForGroupVersion(gvk.GroupVersion().String())
	if err != nil {
		return nil, err
	}
	for _, r := range lists.APIResources {
		if r.Kind == gvk.Kind && !strings.Contains(r.Name, "/") {
			return s.dynamic.Resource(gvk.GroupVersion().WithResource(r.Name)).Namespace(u.GetNamespace()), nil
		}
	}
	return nil, fmt.Errorf("no kind %s", gvk)
}

func (s *stage) exists(ref manifest.Ref) bool {
	s.t.Helper()
	u := new(unstructured.Unstructured)
	u.SetGroupVersionKind(ref.GVK())
	u.SetNamespace(s.place.Namespace)
	r, err := s.resourceOf(u)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = r.Get(s.t.Context(), ref.Name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		s.t.Fatal(err)
	}
	return err == nil
}

// dryRun asks about one set and gives the results by "Kind name".
func (s *stage) dryRun(app string, set manifest.Set, prune ...manifest.Ref) map[string]manifest.DryRun {
	s.t.Helper()
	ds, err := s.cs.DryRun(s.t.Context(), s.as, s.place, app, set, prune)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(ds) != len(set)+len(prune) {
		s.t.Fatalf("%d results for %d objects", len(ds), len(set)+len(prune))
	}
	out := map[string]manifest.DryRun{}
	for _, d := range ds {
		out[d.Ref.String()] = d
	}
	return out
}
