package kube_test

import (
	"slices"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

func TestFacts(t *testing.T) {
	s := newStage(t)
	s.adminDoes("kubectl", "", "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {user: ada, password: hunter2}")
	s.adminDoes("kubectl", "", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: 5432}]}")
	named := func(kind, name, ns string) manifest.Ref {
		return manifest.Ref{Version: "v1", Kind: kind, Name: name, Namespace: ns}
	}
	db, gone, dns := named("Service", "db", ""), named("Service", "gone", ""), named("Service", "kube-dns", "kube-system")
	s.adminDoes("kubectl", "", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: dumps}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}")
	login, none := named("Secret", "login", ""), named("ConfigMap", "none", "")
	dumps, lost := named("PersistentVolumeClaim", "dumps", ""), named("PersistentVolumeClaim", "lost", "")
	got := s.cs.Facts(t.Context(), s.as, s.place, manifest.Wanted{
		Services: []manifest.Ref{db, gone, dns}, Keyed: []manifest.Ref{login, none, dumps, lost}, Nodes: true, StorageClasses: true,
	})
	if f := got.Services[db]; !f.Exists || !slices.Equal(f.Ports, []int32{5432}) {
		t.Errorf("db: %+v", f)
	}
	if f, known := got.Services[gone]; !known || f.Exists {
		t.Errorf("gone: %+v, %v", f, known)
	}
	if f, known := got.Services[dns]; known {
		t.Errorf("what is in a namespace that is not the team's is known: %+v", f)
	}
	if f := got.Keyed[login]; !f.Exists || !slices.Equal(f.Keys, []string{"password", "user"}) {
		t.Errorf("login: %+v", f)
	}
	if f, known := got.Keyed[none]; !known || f.Exists {
		t.Errorf("none: %+v, %v", f, known)
	}
	if f := got.Keyed[dumps]; !f.Exists || len(f.Keys) != 0 {
		t.Errorf("dumps: %+v", f)
	}
	if f, known := got.Keyed[lost]; !known || f.Exists {
		t.Errorf("lost: %+v, %v", f, known)
	}
	if len(got.Nodes) == 0 || got.Nodes[0].CPU.IsZero() || got.Nodes[0].Labels["kubernetes.io/hostname"] == "" || !got.Nodes[0].Ready {
		t.Errorf("nodes: %+v", got.Nodes)
	}
	if len(got.StorageClasses) == 0 {
		t.Error("no storage classes")
	}
	if got := s.cs.Facts(t.Context(), s.as, manifest.Place{Cluster: "away"}, manifest.Wanted{Nodes: true}); got.Nodes != nil {
		t.Errorf("of a cluster that is not configured: %+v", got)
	}
}
