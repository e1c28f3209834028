package charts_test

import (
	"fmt"
	"slices"
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

// usersOf are the users that the workloads of an application run as, by name.
func usersOf(t *testing.T, app string, workloads ...map[string]any) map[string]int64 {
	t.Helper()
	in := catalog.Inputs{"ownUsers": true, "workloads": []any{}}
	for _, w := range workloads {
		in["workloads"] = append(in["workloads"].([]any), w)
	}
	r := release
	r.App = app
	made, err := template(t, "application").Render(t.Context(), in, r)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]int64{}
	for _, u := range made.Set {
		if u.GetKind() != "Deployment" && u.GetKind() != "StatefulSet" {
			continue
		}
		for _, of := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
			id, _ := field(u, "spec", "template", "spec", "securityContext", of).(int64)
			if was, set := users[u.GetName()]; set && was != id {
				t.Errorf("%s of %s is %d, not %d", of, u.GetName(), id, was)
			}
			users[u.GetName()] = id
		}
	}
	return users
}

func workload(name, kind string, more map[string]any) map[string]any {
	w := map[string]any{"name": name, "kind": kind, "image": "a/b:1"}
	for k, v := range more {
		w[k] = v
	}
	return w
}

// Each workload without a disk gets a user that nobody else has, and that does not depend on what stands
// beside it.
func TestEachWorkloadHasItsOwnUser(t *testing.T) {
	var all []map[string]any
	for i := range 10 {
		all = append(all, workload(fmt.Sprintf("worker-%d", i), "worker", nil))
	}
	users := usersOf(t, "shop", all...)
	seen := map[int64]string{}
	for name, id := range users {
		if id < 20000 || id > 59999 || seen[id] != "" {
			t.Errorf("%s runs as %d, like %q", name, id, seen[id])
		}
		seen[id] = name
	}
	if len(users) != 10 {
		t.Errorf("%d workloads", len(users))
	}
	slices.Reverse(all)
	if again := usersOf(t, "shop", all[:3]...); again["worker-9"] != users["worker-9"] || again["worker-7"] != users["worker-7"] {
		t.Errorf("in another order: %v, was %v", again, users)
	}
	if other := usersOf(t, "blog", all[0]); other["worker-9"] == users["worker-9"] {
		t.Errorf("in another application too %d", other["worker-9"])
	}
}

// Files on a disk belong to a user, and so may an image: who has either stays who it was.
func TestUsersWithFilesStay(t *testing.T) {
	users := usersOf(
		t, "shop",
		workload("redis", "stateful", map[string]any{"port": 6379, "storage": map[string]any{"mountPath": "/data"}}),
		workload("mail", "worker", map[string]any{"claims": []any{map[string]any{"name": "spool", "mountPath": "/spool"}}, "strategy": "Recreate"}),
		workload("web", "web", map[string]any{"port": 80, "security": map[string]any{"runAsUser": 1000}}),
	)
	for name, want := range map[string]int64{"redis": 10001, "mail": 10001, "web": 1000} {
		if users[name] != want {
			t.Errorf("%s runs as %d, want %d", name, users[name], want)
		}
	}
}
