package kube

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"slipway.dev/slipway/internal/manifest"
)

// apiServer has ConfigMaps, and Widgets once they are installed.
type apiServer struct {
	asked   int
	widgets bool
	away    error
}

func (a *apiServer) release(context.Context) (string, error) {
	a.asked++
	return "v1.37.1", a.away
}

func (a *apiServer) ServerGroupsAndResourcesWithContext(context.Context) ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	groups, lists := []*metav1.APIGroup{}, []*metav1.APIResourceList{}
	add := func(group, version, kind, resource string) {
		gv := schema.GroupVersion{Group: group, Version: version}.String()
		v := metav1.GroupVersionForDiscovery{GroupVersion: gv, Version: version}
		groups = append(groups, &metav1.APIGroup{Name: group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
		lists = append(lists, &metav1.APIResourceList{GroupVersion: gv, APIResources: []metav1.APIResource{
			{Name: resource, Kind: kind, Namespaced: true}, {Name: resource + "/status", Kind: kind, Namespaced: true},
		}})
	}
	add("", "v1", "ConfigMap", "configmaps")
	if a.widgets {
		add("example.com", "v1", "Widget", "widgets")
	}
	return groups, lists, nil
}

func TestDiscoveryIsRemembered(t *testing.T) {
	server, now := &apiServer{away: errors.New("refused")}, time.Now()
	d := &discovered{client: server, release: server.release, now: func() time.Time { return now }}
	widget := schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Widget"}

	for range 3 {
		if _, err := d.version(t.Context()); !errors.Is(err, manifest.ErrClusterAway) {
			t.Fatalf("never reached: %v", err)
		}
	}
	if server.asked != 1 {
		t.Errorf("those who wait share one answer, and %d were asked for", server.asked)
	}

	server.away, now = nil, now.Add(time.Second)
	v, err := d.version(t.Context())
	if err != nil || v.Kube != "v1.37.1" || !slices.Equal(v.APIs, []string{"v1", "v1/ConfigMap"}) {
		t.Fatalf("%+v %v", v, err)
	}
	r, err := d.resource(t.Context(), schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"})
	if err != nil || r.Resource != "configmaps" || !r.namespaced || server.asked != 2 {
		t.Errorf("%+v %v, asked %d times", r, err, server.asked)
	}

	for range 5 { // an unknown kind has it asked again, but not each time
		if _, err := d.resource(t.Context(), widget); !meta.IsNoMatchError(err) {
			t.Errorf("%v", err)
		}
	}
	if server.asked != 2 {
		t.Errorf("asked %d times at once", server.asked)
	}
	server.widgets, now = true, now.Add(refreshMin)
	if _, err := d.resource(t.Context(), widget); err != nil || server.asked != 3 {
		t.Errorf("a kind that was installed: %v, asked %d times", err, server.asked)
	}

	server.away, now = errors.New("refused"), now.Add(2*refreshMax)
	if v, err := d.version(t.Context()); err != nil || len(v.APIs) != 4 {
		t.Errorf("an old answer is better than none: %+v %v", v, err)
	}
}

func TestLongValuesOfConflictsAreCut(t *testing.T) {
	if got := []rune(shorten(strings.Repeat("ü", 5000))); len(got) != manifest.ValueLimit {
		t.Errorf("%d characters", len(got))
	}
}
