package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/test/systems"
)

// system is one of the systems that the portal was made for, on its way through the forms.
type system struct {
	t       *testing.T
	w       *world
	place   place
	dev     *tab
	signer  *tab
	secrets map[string]string // by the key that they were typed under
}

// The four systems of the documents, and a service as Eurosky's decision wants all of its, are deployed through the
// forms alone, by typing, and the cluster then holds what their documents say.
func TestSystems(t *testing.T) {
	w := theWorld(t)
	for _, name := range []string{"coequal", "opta", "checkstack", "honeydue", "eurosky"} {
		t.Run(name, func(t *testing.T) {
			s := &system{t: t, w: w, place: place{name, "production"}, secrets: map[string]string{}}
			s.dev, s.signer = w.signIn(t, "payments-dev"), w.signIn(t, "approver")
			if name == "honeydue" {
				s.labelNode("node-b", "honeydue/redis", "true")
			}
			docs := s.documents(name)
			for _, d := range docs {
				s.deploy(d)
			}
			for _, d := range docs {
				s.comesUp(d.Name)
			}
			s.compare(name)
			s.secretsArrived()
			s.secretsStayedAway()
			if name == "checkstack" {
				s.upgrade("checkstack", "ghcr.io/enyineer/checkstack:1.4.1")
			}
		})
	}
}

func (s *system) documents(name string) []change.Document {
	s.t.Helper()
	f, err := os.Open("../../examples/" + name + ".yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	docs, err := change.ReadDocuments(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return docs
}

// secret makes a value of the shape that the key asks for.
func (s *system) secret(key string) string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	v := base64.StdEncoding.EncodeToString(raw) + `"'\ $x` + base64.StdEncoding.EncodeToString(raw)
	switch {
	case key == "ENCRYPTION_MASTER_KEY":
		v = hex.EncodeToString(raw)
	case key == "certificate":
		v = "-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(raw) + "\n-----END CERTIFICATE-----\n"
	case key == "privateKey", key == "value": // a file, with the newline at its end
		v = "-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString(raw) + "\n-----END PRIVATE KEY-----\n"
	}
	s.secrets[key] = v
	return v
}

// deploy fills in the form of one application, submits it and has it approved.
func (s *system) deploy(d change.Document) {
	s.t.Helper()
	s.dev.openNew(s.place, d.Template)
	s.dev.fill("Name", d.Name)
	s.dev.enter(d.Inputs, s.secret)
	path := s.dev.submit("as its document says", "Submit for approval")
	s.approve(path)
}

func (s *system) approve(path string) {
	s.t.Helper()
	s.signer.open(path)
	s.signer.follow("Approve ")
	s.dev.open(path)
	s.dev.sees("Became revision")
}

func (s *system) comesUp(name string) {
	s.t.Helper()
	s.dev.open(s.place.app(name))
	s.dev.waitFor("the ready verdict of "+name, `document.querySelector("#verdict")?.classList.contains("st-ready")`)
	s.dev.screenshot("system-" + s.place.team + "-" + name)
}

// kindsOfSystems are what the documents' objects are made of.
var kindsOfSystems = []schema.GroupVersionResource{
	{Version: "v1", Resource: "secrets"}, {Version: "v1", Resource: "configmaps"}, {Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "serviceaccounts"}, {Version: "v1", Resource: "persistentvolumeclaims"},
	{Group: "apps", Version: "v1", Resource: "deployments"}, {Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "batch", Version: "v1", Resource: "cronjobs"}, {Group: "batch", Version: "v1", Resource: "jobs"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}, {Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
}

// objects are what the cluster holds in the system's namespace.
func (s *system) objects() []map[string]any {
	s.t.Helper()
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []map[string]any
	for _, gvr := range kindsOfSystems {
		list, err := client.Resource(gvr).Namespace(s.w.cluster.namespace(s.place)).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, o := range list.Items {
			all = append(all, o.Object)
		}
	}
	return all
}

// compare holds the cluster against the document, field by field. The namespace alone is another one
// in each run; and a number of pods that the document leaves to an autoscaler is there, but not ours.
func (s *system) compare(name string) {
	s.t.Helper()
	wants, err := systems.Wants(name)
	if err != nil {
		s.t.Fatal(err)
	}
	objects := s.objects()
	wants = slices.DeleteFunc(wants, func(w systems.Want) bool {
		if w.Path == "spec.replicas" && w.Value == "absent" {
			s.leavesReplicas(objects, w.Object)
			return true
		}
		return w.Path == "metadata.namespace"
	})
	for _, wrong := range systems.Compare(objects, wants) {
		s.t.Errorf("%s: %s", name, wrong)
	}
}

// leavesReplicas checks that the portal does not own the number of pods of a workload.
func (s *system) leavesReplicas(objects []map[string]any, name string) {
	s.t.Helper()
	found := false
	for _, o := range objects {
		u := unstructured.Unstructured{Object: o}
		if u.GetKind()+" "+u.GetName() != name {
			continue
		}
		found = true
		for _, f := range u.GetManagedFields() {
			if f.Manager == "slipway" && strings.Contains(string(f.FieldsV1.GetRawBytes()), `"f:replicas"`) {
				s.t.Errorf("%s: the portal owns spec.replicas, which are the autoscaler's", name)
			}
		}
	}
	if !found {
		s.t.Errorf("there is no %s", name)
	}
}

// secretsArrived tells whether the values that were typed are in the cluster, byte for byte.
func (s *system) secretsArrived() {
	s.t.Helper()
	found := map[string]bool{}
	for _, o := range s.objects() {
		if o["kind"] != "Secret" {
			continue
		}
		data, _ := o["data"].(map[string]any)
		for _, text := range data {
			raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(text))
			if err != nil {
				s.t.Fatal(err)
			}
			for key, value := range s.secrets {
				meta, _ := o["metadata"].(map[string]any)
				if string(raw) == value && !strings.HasPrefix(fmt.Sprint(meta["name"]), "slipway-staged-") {
					found[key] = true
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.secrets)) {
		if !found[key] && key != "password" { // a registry's password stands within JSON
			s.t.Errorf("the value typed for %s is in no Secret of the cluster", key)
		}
	}
}

// secretsStayedAway looks for the values in all that the portal writes: database, logs, other files.
func (s *system) secretsStayedAway() {
	s.t.Helper()
	err := filepath.WalkDir(s.w.folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the database's own files come and go
			return nil
		}
		if err != nil || d.IsDir() || path == s.w.portal {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for key, value := range s.secrets {
			if strings.Contains(string(raw), value) || strings.Contains(string(raw), base64.StdEncoding.EncodeToString([]byte(value))) {
				s.t.Errorf("the value of %s stands in %s", key, filepath.Base(path))
			}
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

// upgrade takes an application to a new image, as its document tells: one field, one plan.
func (s *system) upgrade(name, image string) {
	s.t.Helper()
	s.dev.open(s.place.app(name) + "/edit")
	s.dev.enter(map[string]any{"image": image}, s.secret)
	s.dev.follow("Show the plan")
	s.dev.sees("Nothing has happened yet", "away")
	s.dev.fill("Why?", "the new version")
	s.dev.follow("Submit for approval")
	s.approve(s.dev.path())
	s.comesUp(name)
	found, err := s.w.cluster.admin.AppsV1().Deployments(s.w.cluster.namespace(s.place)).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil || found.Spec.Template.Spec.Containers[0].Image != image {
		s.t.Errorf("the cluster runs %+v, %v", found.Spec.Template.Spec.Containers, err)
	}
}

// labelNode does what the document has an operator do by hand; the label goes when the test ends.
func (s *system) labelNode(node, key, value string) {
	s.t.Helper()
	set := func(v string) error {
		patch := fmt.Sprintf(`{"metadata": {"labels": {%q: %s}}}`, key, v)
		_, err := s.w.cluster.admin.CoreV1().Nodes().Patch(context.Background(), node, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	}
	if err := set(fmt.Sprintf("%q", value)); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := set("null"); err != nil {
			s.t.Error(err)
		}
	})
}
