package change

import (
	"slices"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/manifest"
)

var (
	deployment = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api"}
	migration  = manifest.Ref{Group: "batch", Version: "v1", Kind: "Job", Name: "api-migrate"}
	service    = manifest.Ref{Version: "v1", Kind: "Service", Name: "api"}
	claim      = manifest.Ref{Version: "v1", Kind: "PersistentVolumeClaim", Name: "data"}
	role       = manifest.Ref{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role", Name: "job"}
	binding    = manifest.Ref{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding", Name: "team", Namespace: "search"}
	autoscaler = manifest.Ref{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Name: "api"}
	ingress    = manifest.Ref{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress", Name: "api"}
)

const gentle = "spec:\n  strategy:\n    type: RollingUpdate\n    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}\n"

func field(path, from, to string) manifest.FieldChange {
	return manifest.FieldChange{Path: path, From: from, To: to, Op: manifest.Change}
}

func TestEffects(t *testing.T) {
	image := field(`.spec.template.spec.containers[name="api"].image`, "a:1", "a:2")
	env := field(`.spec.template.spec.containers[name="api"].env[name="X"].value`, "1", "2")
	for name, tc := range map[string]struct {
		in   []manifest.DryRun
		want []string
	}{
		"nothing changes": {[]manifest.DryRun{{Ref: deployment, Op: manifest.Unchanged, PodsLive: 2}}, nil},
		"created": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Create, PodsWanted: 2}, {Ref: service, Op: manifest.Create}},
			[]string{"created: Deployment `api` is created with 2 pods.", "created: Service `api` is created."},
		},
		"created with no pods": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Create}},
			[]string{"created: Deployment `api` is created and runs no pods, because 0 are asked for."},
		},
		"a new image restarts, gently": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, After: gentle, PodsLive: 3, PodsWanted: 3, Fields: []manifest.FieldChange{env, image}}},
			[]string{"restart: 3 pods of `api` restart, a new one is ready before an old one goes. No outage. Because of the image and the environment."},
		},
		"Recreate is an outage": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, After: "spec: {strategy: {type: Recreate}}", PodsLive: 1, PodsWanted: 1, Fields: []manifest.FieldChange{image}}},
			[]string{"outage: `api` is away briefly: its old pod stops before the new ones start. Because of the image."},
		},
		"scaled without a restart": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, PodsLive: 2, PodsWanted: 3, Fields: []manifest.FieldChange{field(".spec.replicas", "2", "3")}}},
			[]string{"scaled: `api` runs 3 pods instead of 2."},
		},
		"scaled to zero stops": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, PodsLive: 2, Fields: []manifest.FieldChange{field(".spec.replicas", "2", "0")}}},
			[]string{"stop: All pods of `api` stop, because 0 are asked for."},
		},
		"an autoscaler's bounds": {
			[]manifest.DryRun{{Ref: autoscaler, Op: manifest.Change, Fields: []manifest.FieldChange{field(".spec.maxReplicas", "5", "8"), field(".spec.minReplicas", "1", "2")}}},
			[]string{"scaled: The autoscaler `api` keeps at least 2 instead of 1 and at most 8 instead of 5 pods."},
		},
		"a restart that is asked for": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, After: gentle, PodsLive: 2, PodsWanted: 2, Fields: []manifest.FieldChange{field(`.spec.template.metadata.annotations["slipway.dev/restarted-at"]`, "", "2026-03-04T05:06:07Z")}}},
			[]string{"restart: 2 pods of `api` restart, a new one is ready before an old one goes. No outage. Because of the restart."},
		},
		"a DaemonSet of which nobody has counted the nodes yet": {
			[]manifest.DryRun{{Ref: manifest.Ref{Group: "apps", Version: "v1", Kind: "DaemonSet", Name: "agent"}, Op: manifest.Change, Fields: []manifest.FieldChange{image}}},
			[]string{"restart: The pods of `agent` restart, a few at a time. Because of the image."},
		},
		"a gate runs first": {
			[]manifest.DryRun{{Ref: service, Op: manifest.Create}, {Ref: migration, Op: manifest.Create, PodsWanted: 1, Gate: &manifest.Gate{Limit: 10 * time.Minute}}},
			[]string{
				"gate: Job `api-migrate` runs first. The rollout waits for it, at most 10 min. If it fails, nothing that runs is touched, and the change can be resumed.",
				"created: Service `api` is created.",
			},
		},
		"a gate that failed runs anew": {
			[]manifest.DryRun{{Ref: migration, Op: manifest.Unchanged, Gate: &manifest.Gate{Limit: 90 * time.Second, Live: manifest.GateBroken}}},
			[]string{"gate: Job `api-migrate` failed before and runs anew, first. The rollout waits for it, at most 90 s. If it fails, nothing that runs is touched, and the change can be resumed."},
		},
		"a gate that still runs is waited for": {
			[]manifest.DryRun{{Ref: migration, Op: manifest.Unchanged, Gate: &manifest.Gate{Limit: 3 * time.Hour, Live: manifest.GateRunning, Trial: true}}},
			[]string{"gate: Job `api-migrate` still runs. The rollout waits for it, at most 3 h. It tries the new version beside the old one. If it fails, nothing that runs is touched, and the change can be resumed."},
		},
		"a gate that goes is deleted": {
			[]manifest.DryRun{{Ref: migration, Op: manifest.Delete, Gate: &manifest.Gate{Limit: time.Minute, Live: manifest.GateBroken}}},
			[]string{"removed: Job `api-migrate` is deleted."},
		},
		"a gate that was passed is not run again": {
			[]manifest.DryRun{{Ref: migration, Op: manifest.Unchanged, Gate: &manifest.Gate{Limit: time.Minute, Live: manifest.GatePassed}}}, nil,
		},
		"labels alone restart nothing": {
			[]manifest.DryRun{{Ref: deployment, Op: manifest.Change, PodsLive: 2, PodsWanted: 2, Fields: []manifest.FieldChange{field(".metadata.labels.x", "1", "2")}}},
			[]string{"changed: Deployment `api` is changed, and no pod restarts. Because of labels."},
		},
		"data loss comes first": {
			[]manifest.DryRun{{Ref: ingress, Op: manifest.Delete}, {Ref: deployment, Op: manifest.Delete, PodsLive: 1}, {Ref: claim, Op: manifest.Delete}},
			[]string{
				"data loss: Claim `data` is deleted, and the data on it. Unless its storage class keeps volumes, the data cannot be brought back.",
				"stop: Deployment `api` is deleted and its pod stops for good.",
				"removed: Ingress `api` is deleted: its addresses no longer answer.",
			},
		},
		"the list of what belongs together": {
			[]manifest.DryRun{{Ref: manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "slipway-api"}, Op: manifest.Change, After: "metadata:\n  labels:\n    applyset.kubernetes.io/id: x\n", Fields: []manifest.FieldChange{field(".metadata.annotations.x", "1", "2")}}},
			[]string{"changed: ConfigMap `slipway-api` is changed, as the list of what belongs together."},
		},
		"a ConfigMap of the team's that is called like it": {
			[]manifest.DryRun{{Ref: manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: "slipway-settings"}, Op: manifest.Create, After: "data: {}\n"}},
			[]string{"created: ConfigMap `slipway-settings` is created."},
		},
		"a namespace goes with all that is in it": {
			[]manifest.DryRun{{Ref: service, Op: manifest.Delete}, {Ref: manifest.Ref{Version: "v1", Kind: "Namespace", Name: "search"}, Op: manifest.Delete}},
			[]string{
				"data loss: Namespace `search` is deleted, and everything in it. Whatever anybody runs or keeps there goes with it, and cannot be brought back.",
				"removed: Service `api` is deleted: nothing in the cluster can reach it by this name.",
			},
		},
		"rights are said as such": {
			[]manifest.DryRun{
				{Ref: service, Op: manifest.Create},
				{Ref: binding, Op: manifest.Create, After: "roleRef: {kind: ClusterRole, name: slipway-team}\nsubjects: [{kind: User, name: 'slipway:team:search'}, {kind: ServiceAccount, name: job, namespace: pay}]"},
				{Ref: role, Op: manifest.Change, After: "rules: [{verbs: [get, list], resources: [configmaps]}, {verbs: ['*'], resources: ['*'], apiGroups: ['*']}, {verbs: [get], resources: [secrets], resourceNames: [login]}, {verbs: [get], nonResourceURLs: [/x]}]"},
			},
			[]string{
				"rights: RoleBinding `team` in namespace `search` is created. User `slipway:team:search` and ServiceAccount `job` of namespace `pay` get the rights of ClusterRole `slipway-team` in namespace `search`.",
				"rights: Role `job` is changed. Whoever is bound to it may get, list configmaps; do anything with everything; get secrets named login; 1 more.",
				"created: Service `api` is created.",
			},
		},
		"rights that end": {
			[]manifest.DryRun{{Ref: role, Op: manifest.Delete, Before: "rules: []"}},
			[]string{"rights: Role `job` is deleted, and the rights that it gives end."},
		},
		"what has a problem has no effect": {
			[]manifest.DryRun{{Ref: service, Op: manifest.Create, Problem: &manifest.Problem{Kind: manifest.Quota}}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range Effects(tc.in) {
				got = append(got, strings.TrimSpace(string(e.Kind)+": "+e.Sentence+" "+e.Why))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestBeyondWhatWasApproved(t *testing.T) {
	plan := func(objects ...manifest.DryRun) Plan { return Plan{Objects: objects, Effects: Effects(objects)} }
	create := manifest.DryRun{Ref: deployment, Op: manifest.Create, PodsWanted: 2}
	same := manifest.DryRun{Ref: deployment, Op: manifest.Unchanged}
	change := manifest.DryRun{Ref: deployment, Op: manifest.Change, PodsLive: 1, PodsWanted: 1, Fields: []manifest.FieldChange{field(".spec.template.x", "", "1")}}
	quiet := manifest.DryRun{Ref: deployment, Op: manifest.Change, Fields: []manifest.FieldChange{field(".metadata.labels.x", "", "1")}}
	harder := change // somebody has changed how its pods are replaced
	harder.After = "spec: {strategy: {type: Recreate}}"
	gone := manifest.DryRun{Ref: service, Op: manifest.Delete}
	of := func(d manifest.DryRun, uid string) manifest.DryRun { d.UID = uid; return d }
	scale := func(from, to string) manifest.DryRun {
		return manifest.DryRun{Ref: deployment, Op: manifest.Change, PodsWanted: 5, Fields: []manifest.FieldChange{field(".spec.replicas", from, to)}}
	}
	for name, tc := range map[string]struct {
		approved, now Plan
		want          string
	}{
		"the same":                         {plan(create, gone), plan(create, gone), ""},
		"done by an earlier attempt":       {plan(create, gone), plan(same), ""},
		"was unchanged, now changes":       {plan(same), plan(change), "Deployment `api` would now be changed."},
		"was to be created, exists now":    {plan(create), plan(change), "Deployment `api` would now be changed."},
		"a deletion that nobody approved":  {plan(create), plan(create, gone), "Service `api` would now be deleted."},
		"restarts, which was not said":     {plan(quiet), plan(change), "`.spec.template.x` of Deployment `api` would now change in another way, or from another value."},
		"from another value than approved": {plan(scale("2", "5")), plan(scale("3", "5")), "`.spec.replicas` of Deployment `api` would now change in another way, or from another value."},
		"of another object of the name":    {plan(of(change, "a")), plan(of(change, "b")), "Deployment `api` is another one by now: the one that was there was deleted, and one of the same name was made."},
		"deletes another of the name":      {plan(of(gone, "a")), plan(of(gone, "b")), "Service `api` is another one by now: the one that was there was deleted, and one of the same name was made."},
		"of the same object":               {plan(of(change, "a")), plan(of(change, "a")), ""},
		"another that is as it should be":  {plan(of(change, "a")), plan(of(same, "b")), ""},
		"the same fields":                  {plan(scale("2", "5")), plan(scale("2", "5")), ""},
		"the same fields, away meanwhile":  {plan(change), plan(harder), "it would also have this effect now: `api` is away briefly: its old pod stops before the new ones start."},
	} {
		if got := beyond(tc.approved, tc.now); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWhatCouldNotBeTriedIsSaid(t *testing.T) {
	got := unchecked([]manifest.DryRun{{Ref: service, Op: manifest.Create}, {Ref: binding, Op: manifest.Create, Untried: true}})
	want := []string{"RoleBinding `team` in namespace `search`, because something else that is created here must be there first."}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
