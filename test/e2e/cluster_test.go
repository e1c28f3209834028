package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

type place struct{ team, environment string }

var targets = []place{
	{"payments", "staging"}, {"payments", "production"}, {"search", "staging"}, {"search", "production"},
	{"lab", "staging"}, {"lab", "preview"}, {"lab", "brief"},
	{"coequal", "production"}, {"opta", "production"}, {"checkstack", "production"}, {"honeydue", "production"},
	{"eurosky", "production"},
}

// systemTeams are the teams of the systems that the portal was made for, and lab, which has environments for copies.
var systemTeams = []string{"coequal", "opta", "checkstack", "honeydue", "eurosky", "lab"}

// cluster is what this run has in the cluster: a namespace for each target, and the portal's identity
// with no more rights than deploy/k8s gives it.
type cluster struct {
	run        string
	admin      kubernetes.Interface
	kubeconfig []byte // the portal's
	server     string // the API server's address
}

func newCluster(ctx context.Context, run string) (*cluster, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	admin, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	c := &cluster{run: run, admin: admin, server: cfg.Host}
	if err := c.make(ctx, cfg); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func (c *cluster) make(ctx context.Context, cfg *rest.Config) error {
	for _, t := range targets {
		if err := c.makeNamespace(ctx, c.namespace(t)); err != nil {
			return err
		}
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "slipway-team"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: c.run + "-slipway-team"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "slipway:team:" + t.team}},
		}
		if _, err := c.admin.RbacV1().RoleBindings(c.namespace(t)).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := c.makeNamespace(ctx, c.home()); err != nil {
		return err
	}
	if err := c.makeRights(ctx); err != nil {
		return err
	}
	return c.makeIdentity(ctx, cfg)
}

func (c *cluster) namespace(t place) string { return c.run + "-" + t.team + "-" + t.environment }

func (c *cluster) home() string { return c.run + "-portal" }

func (c *cluster) makeNamespace(ctx context.Context, name string) error {
	_, err := c.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	return err
}

// makeRights creates the roles of deploy/k8s/rbac.yaml under names of this run, so that what is shipped
// is what is tried.
func (c *cluster) makeRights(ctx context.Context) error {
	raw, err := os.ReadFile("../../deploy/k8s/rbac.yaml")
	if err != nil {
		return err
	}
	dec := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		var role rbacv1.ClusterRole
		if err := dec.Decode(&role); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("rbac.yaml: %w", err)
		}
		if role.Kind != "ClusterRole" {
			continue
		}
		role.Name = c.run + "-" + role.Name
		knowTeams(&role)
		if _, err := c.admin.RbacV1().ClusterRoles().Create(ctx, &role, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	_, err = c.admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: c.run + "-slipway-portal"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: c.run + "-slipway-portal"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "slipway", Namespace: c.home()}},
	}, metav1.CreateOptions{})
	return err
}

// knowTeams lets the portal act as the teams of the systems too, as whoever adds a team to rbac.yaml does.
func knowTeams(role *rbacv1.ClusterRole) {
	for i := range role.Rules {
		rule := &role.Rules[i]
		if !slices.Contains(rule.Verbs, "impersonate") || !slices.Contains(rule.ResourceNames, "slipway:team:payments") {
			continue
		}
		for _, team := range systemTeams {
			rule.ResourceNames = append(rule.ResourceNames, "slipway:team:"+team)
		}
	}
}

// makeIdentity makes the portal's service account and a kubeconfig with a token of it.
func (c *cluster) makeIdentity(ctx context.Context, cfg *rest.Config) error {
	accounts := c.admin.CoreV1().ServiceAccounts(c.home())
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "slipway"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	hours := int64(6 * time.Hour / time.Second)
	token, err := accounts.CreateToken(ctx, "slipway", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &hours},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := rest.LoadTLSFiles(cfg); err != nil {
		return err
	}
	out := clientcmdapi.NewConfig()
	out.Clusters["local"] = &clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData, InsecureSkipTLSVerify: cfg.Insecure, TLSServerName: cfg.ServerName}
	out.AuthInfos["slipway"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	out.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: "slipway"}
	out.CurrentContext = "local"
	c.kubeconfig, err = clientcmd.Write(*out)
	return err
}

// remove deletes all that this run made. Namespaces are not waited for.
func (c *cluster) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	namespaces, err := c.admin.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err == nil {
		for _, n := range namespaces.Items {
			if strings.HasPrefix(n.Name, c.run+"-") {
				_ = c.admin.CoreV1().Namespaces().Delete(ctx, n.Name, metav1.DeleteOptions{})
			}
		}
	}
	_ = c.admin.RbacV1().ClusterRoleBindings().Delete(ctx, c.run+"-slipway-portal", metav1.DeleteOptions{})
	for _, role := range []string{"-slipway-portal", "-slipway-team"} {
		_ = c.admin.RbacV1().ClusterRoles().Delete(ctx, c.run+role, metav1.DeleteOptions{})
	}
}
