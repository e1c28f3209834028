package templates

import (
	"net/url"
	"strings"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
)

// The values that the pages are drawn with in tests, as real as they can be.

var (
	sampleNow  = time.Date(2026, 11, 21, 14, 32, 40, 0, time.UTC)
	mara       = policy.Person{Identity: policy.Identity{Issuer: "https://login.example.com", Subject: "auth0|6720f3c1b8e94a0012d77ef0"}, Name: "Mara Lindqvist", Email: "mara@example.com"}
	tom        = policy.Person{Identity: policy.Identity{Issuer: "https://login.example.com", Subject: "tom"}, Name: "Tom Ortega"}
	production = policy.Target{Team: "payments", Environment: "production"}
	staging    = policy.Target{Team: "payments", Environment: "staging"}
	api        = change.AppKey{Target: production, Name: "api"}
	place      = manifest.Place{Cluster: "nbg1-prod", Namespace: "payments"}
	webService = catalog.TemplateID{Name: "web-service", Version: "1.0.0"}
)

const sampleDigest = manifest.Digest("7f3a91c45d0e8b6623f1a7c09be4d2158a6f40ccd7713e9958b2f06ae1c47d83")

func before(d time.Duration) time.Time { return sampleNow.Add(-d) }

func samplePage(nav Nav, title string, crumbs ...Crumb) Page {
	return Page{
		Title: title, Nav: nav, Target: production, Cluster: "nbg1-prod", Crumbs: crumbs,
		Person: mara, Teams: []string{"payments", "search"},
		Targets: []TargetLink{{production, "nbg1-prod"}, {staging, "nbg1-staging"}},
		Waiting: 4, Admin: true, CanAudit: true,
		Clusters: []ClusterHealth{{Name: "nbg1-prod", Answers: true, Known: true}, {Name: "nbg1-staging", Known: true}, {Name: "aws-use2"}},
		Nonce:    "sample", Assets: Assets{CSS: "app.css", JS: "app.js", Favicon: "favicon.svg"}, Now: sampleNow,
	}
}

func ref(kind, name string) manifest.Ref {
	group, version := "", "v1"
	switch kind {
	case "Deployment", "ReplicaSet":
		group = "apps"
	case "Ingress":
		group = "networking.k8s.io"
	}
	return manifest.Ref{Group: group, Version: version, Kind: kind, Name: name}
}

const beforeYAML = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: payments
spec:
  progressDeadlineSeconds: 900
  replicas: 3
  selector:
    matchLabels:
      slipway.dev/app: api
  template:
    metadata:
      labels:
        slipway.dev/app: api
    spec:
      containers:
      - env:
        - name: LOG_LEVEL
          value: info
        image: registry.example.com/payments/api:237c6b8
        name: api
        ports:
        - containerPort: 8080
          name: http
        resources:
          limits:
            memory: 512Mi
      serviceAccountName: api
`

func afterYAML() string {
	s := strings.ReplaceAll(beforeYAML, "api:237c6b8", "api:9c41e7d")
	return strings.ReplaceAll(s, "          value: info\n", "          value: info\n        - name: POSTHOG_API_KEY\n          valueFrom:\n            secretKeyRef:\n              key: POSTHOG_API_KEY\n              name: api-posthog\n")
}

func samplePlan() change.Plan {
	return change.Plan{
		At: before(6 * time.Second), Took: 84 * time.Millisecond, Place: place, Base: 42,
		Objects: []manifest.DryRun{
			{Ref: ref("Secret", "api-posthog"), Op: manifest.Create, After: "apiVersion: v1\ndata:\n  POSTHOG_API_KEY: (hidden)\nkind: Secret\nmetadata:\n  name: api-posthog\n"},
			{Ref: ref("Service", "api"), Op: manifest.Unchanged, Before: "a\n", After: "a\n"},
			{Ref: ref("Deployment", "api"), Op: manifest.Change, Before: beforeYAML, After: afterYAML(), PodsLive: 3, PodsWanted: 3,
				Warnings: []string{`would violate PodSecurity "restricted:latest": runAsNonRoot != true (container "api" must set securityContext.runAsNonRoot=true)`}},
			{Ref: ref("ConfigMap", "api-feature-flags"), Op: manifest.Delete, Before: "apiVersion: v1\ndata:\n  flags.json: '{}'\nkind: ConfigMap\n"},
		},
		Effects: []change.Effect{
			{Kind: change.Outage, Ref: ref("Deployment", "redis"), Sentence: "`redis` is away briefly: its old pod stops before the new one starts.", Why: "because its claim can be mounted by one pod only"},
			{Kind: change.Restart, Ref: ref("Deployment", "api"), Sentence: "3 pods of `api` restart, one at a time. No outage.", Why: "because the image and one variable change", Pods: 3},
			{Kind: change.Removed, Ref: ref("ConfigMap", "api-feature-flags"), Sentence: "ConfigMap `api-feature-flags` is deleted."},
			{Kind: change.Created, Ref: ref("Secret", "api-posthog"), Sentence: "Secret `api-posthog` is created."},
		},
		Unchecked: []string{"Whether the image `registry.example.com/payments/api:9c41e7d` can be pulled. A dry run does not ask the registry.", "Quota and scheduling of the new pods. They are counted when pods are made."},
		Inputs:    []change.InputChange{{Title: "Image", Path: "/image", From: "…/api:237c6b8", To: "…/api:9c41e7d"}, {Title: "Variables, POSTHOG_API_KEY", Path: "/env/POSTHOG_API_KEY", To: "(secret)"}},
		Demands:   []policy.Demand{{Rule: "production needs two approvals", Approvals: 2}},
		Digest:    sampleDigest,
	}
}

func blockedPlan() change.Plan {
	p := samplePlan()
	p.Effects = nil
	p.Objects[2].Conflicts = []manifest.Conflict{{Manager: "kube-controller-manager", Field: ".spec.replicas", Since: before(41 * time.Minute), Live: "3", Wanted: "4"}}
	p.Objects[1] = manifest.DryRun{Ref: ref("Ingress", "api"), Problem: &manifest.Problem{
		Kind: manifest.Admission, Sentence: "The policy `allowed-hosts` refuses it: take a host name that ends in `.example.com`.",
		Said: `admission webhook "allowed-hosts.platform.svc" denied the request: host shop.example.org is not allowed`, Field: ".spec.rules[0].host",
	}}
	return p
}

func sampleHidden() []HiddenField {
	return []HiddenField{{"in/image", "registry.example.com/payments/api:9c41e7d"}, {"in/port", "8080"}, {"name", "api"}}
}

func planPage() PlanData {
	return PlanData{
		Kind: change.Update, App: api, Template: webService, Title: "Image 9c41e7d and 1 more input of api", Plan: samplePlan(),
		Diff:   DiffView{Post: "/targets/payments/production/apps/api/edit", Hidden: sampleHidden()},
		Submit: "/targets/payments/production/apps/api/edit/submit", Key: "K3Y", Reason: "Posthog events from the server",
		Back: "/targets/payments/production/apps/api/edit", BackPost: true, MaySubmit: true, Requester: mara,
		Environment: sampleEnvironment(), Departures: sampleDepartures(12),
	}
}

func sampleChange(state change.State) change.Change {
	c := change.Change{
		ID: 1284, App: api, Place: place, Kind: change.Update, State: state, Title: "Image 9c41e7d and 1 more input of api",
		Reason: "Posthog events from the server; the flags file is unused", Requester: mara, Submitted: before(23 * time.Minute),
		Expires: sampleNow.Add(7 * 24 * time.Hour), Template: webService, Plan: samplePlan(), Base: 42, Attempt: 1,
		Approvals: []change.Approval{{By: tom, At: before(11 * time.Minute), Comment: "Flags file is unused since r38, checked.", Digest: sampleDigest}},
	}
	switch state {
	case change.Rejected, change.Withdrawn:
		c.Closed = &change.Closing{By: tom, At: before(time.Minute), Comment: "Not on a Saturday."}
	case change.Expired:
		c.Closed = &change.Closing{At: before(time.Minute)}
	case change.Stale:
		c.Closed = &change.Closing{At: before(time.Minute), Comment: "The cluster has changed since this was planned, so that this would now do what nobody agreed to: `.spec.replicas` of Deployment `api` would now change in another way, or from another value."}
	}
	switch state {
	case change.Applying, change.Applied, change.Failed:
		c.Approvals = append(c.Approvals, change.Approval{By: policy.Person{Identity: policy.Identity{Subject: "jonas"}, Name: "Jonas Weidmann"}, At: before(5 * time.Minute), Digest: sampleDigest})
		c.Started = before(4 * time.Minute)
		c.Outcomes = sampleOutcomes(state)
	}
	switch state {
	case change.Failed:
		c.Finished = before(3 * time.Minute)
		c.Failure = "The admission webhook `image-policy.platform` did not answer within 10 s, four times."
	case change.Applied:
		c.Finished, c.Revision = before(3*time.Minute), 43
	}
	return c
}

func sampleOutcomes(state change.State) []manifest.Outcome {
	out := []manifest.Outcome{
		{Ref: ref("Secret", "api-posthog"), Stage: 1, Op: manifest.Create, State: manifest.Succeeded, Took: 11 * time.Millisecond},
		{Ref: ref("ServiceAccount", "api"), Stage: 1, Op: manifest.Unchanged, State: manifest.Succeeded, Took: 7 * time.Millisecond},
		{Ref: ref("Service", "api"), Stage: 2, Op: manifest.Unchanged, State: manifest.Succeeded, Took: 8 * time.Millisecond},
		{Ref: ref("Deployment", "api"), Stage: manifest.StageWorkloads, Op: manifest.Change, State: manifest.Succeeded, Took: 34 * time.Millisecond},
		{Ref: ref("Deployment", "redis"), Stage: manifest.StageWorkloads, Op: manifest.Change, State: manifest.Working},
		{Ref: ref("ConfigMap", "api-feature-flags"), Stage: manifest.StageDeletions, Op: manifest.Delete, State: manifest.Waiting},
	}
	switch state {
	case change.Failed:
		out[4].State, out[4].Took, out[4].Tries = manifest.Broken, 47*time.Second, 4
		out[4].Problem = &manifest.Problem{Kind: manifest.Other, Sentence: "A webhook that the API server must ask did not answer. Try again when it does.", Said: `Internal error occurred: failed calling webhook "image-policy.platform.svc": context deadline exceeded`}
		out[5].State = manifest.Skipped
	case change.Applied:
		out[4].State, out[5].State = manifest.Succeeded, manifest.Succeeded
	}
	return out
}

// leftOutcomes are of a deletion that left what is somebody else's by now.
func leftOutcomes() []manifest.Outcome {
	out := []manifest.Outcome{{Ref: ref("Deployment", "api"), Op: manifest.Delete}, {Ref: ref("ConfigMap", "api-settings"), Op: manifest.Unchanged, Left: manifest.OfNoApplication},
		{Ref: manifest.Ref{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret", Name: "api-keys"}, Op: manifest.Unchanged, Left: "the application shop"}}
	for i := range out {
		out[i].Stage, out[i].State, out[i].Took = manifest.StageDeletions, manifest.Succeeded, 20*time.Millisecond
	}
	return out
}

// gateChange waits for a migration, or failed with it.
func gateChange(s change.State) ChangeData {
	d := ChangeData{Change: sampleChange(s), Can: Can{Resume: s == change.Failed, Change: true}, Live: "/changes/1284/stream"}
	d.Change.Outcomes = gateOutcomes(manifest.Awaited)
	if s == change.Failed {
		d.Change.Outcomes = gateOutcomes(manifest.Broken)
		d.Change.Failure = "Job api-migrate-3f9c21aa did not succeed, so the rollout has not begun: what runs is as it was. 3 objects are applied, 3 wait behind it."
	}
	return d
}

// gateOutcomes are of a change that has a migration before its rollout.
func gateOutcomes(job manifest.OutcomeState) []manifest.Outcome {
	out := sampleOutcomes(change.Applying)
	gate := manifest.Outcome{Ref: ref("Job", "api-migrate-3f9c21aa"), Stage: manifest.StageGates, Op: manifest.Create, State: job, Since: before(40 * time.Second), Note: "1 pod runs"}
	if job == manifest.Broken {
		gate.Note, gate.Took = "", 71*time.Second
		gate.Problem = &manifest.Problem{Kind: manifest.GateFailed, Sentence: "It was tried 4 times. Its process ends with exit code 3 soon after its start. Its logs say why.", Said: `pq: column "email" of relation "users" already exists`}
	}
	for i := 3; i < len(out); i++ {
		out[i] = manifest.Outcome{Ref: out[i].Ref, Stage: out[i].Stage, Op: out[i].Op, State: manifest.Waiting}
		if job == manifest.Broken {
			out[i].State = manifest.Skipped
		}
	}
	return append(out, gate)
}

func field(kind catalog.FieldKind, path, title, help string) *catalog.Field {
	return &catalog.Field{Path: path, Kind: kind, Title: title, Help: help}
}

func text(path, title, help, value string) catalog.Control {
	return catalog.Control{Field: field(catalog.Text, path, title, help), Name: "in" + path, ID: "in" + strings.ReplaceAll(path, "/", "-"), Value: value, Set: value != ""}
}

func sampleView(wrong bool) catalog.View {
	image := text("/image", "Image", "A tag that never moves, or a digest, so that a roll back gets the same bytes.", "registry.example.com/payments/partner:4f02be1")
	image.Field.Mono, image.Field.Required = true, true
	port := text("/port", "Port", "", "8000")
	port.Field.Kind, port.Field.Integer, port.Field.Required = catalog.Number, true, true
	replicas := text("/replicas", "Pods", "How many run at once.", "3")
	replicas.Field.Kind, replicas.Field.Integer = catalog.Number, true
	start := text("/start", "Longest start", "Includes waiting for a migration.", "240")
	start.Field.Kind, start.Field.Unit = catalog.Number, "s"
	reach := catalog.Control{Name: "in/reach", ID: "in-reach", Value: "public", Field: field(catalog.Choice, "/reach", "Who can reach it", "")}
	reach.Field.Options = []catalog.Option{{Value: "cluster", Title: "The cluster only", Help: "Other workloads, by name"}, {Value: "public", Title: "The public", Help: "HTTPS on its own host name"}}
	level := catalog.Control{Name: "in/level", ID: "in-level", Value: "info", Field: field(catalog.Choice, "/level", "Log level", "")}
	level.Field.Options = []catalog.Option{{Value: "debug", Title: "debug"}, {Value: "info", Title: "info"}}
	spread := catalog.Control{Name: "in/spread", ID: "in-spread", On: true, Field: field(catalog.Switch, "/spread", "Spread over nodes", "So that one node going away does not take all pods.")}
	env := catalog.Control{Name: "in/env", ID: "in-env", Set: true, Field: field(catalog.Map, "/env", "Environment variables", "Not for secrets.")}
	env.Field.Item = field(catalog.Text, "", "Value", "")
	for i, kv := range [][2]string{{"LOG_LEVEL", "info"}, {"FLAG", "true"}} {
		base := "in/env/" + plainNumber(int64(i))
		key := catalog.Control{Field: field(catalog.Text, "", "Name", ""), Name: base + "/key", ID: "in-env-" + plainNumber(int64(i)) + "-key", Value: kv[0]}
		env.Rows = append(env.Rows, catalog.Row{Index: i, Key: &key, Item: catalog.Control{Field: env.Field.Item, Name: base + "/value", ID: "in-env-" + plainNumber(int64(i)) + "-value", Value: kv[1]}})
	}
	memory := text("/resources/memory", "Memory", "", "128Mi")
	resources := catalog.Control{Name: "in/resources", ID: "in-resources", Field: field(catalog.Object, "/resources", "What each pod gets", ""), Parts: []catalog.Control{text("/resources/cpu", "CPU", "", "100m"), memory}}
	v := catalog.View{Sections: []catalog.Section{
		{ID: "runs", Title: "What runs", Required: true, Controls: []catalog.Control{image, port}},
		{ID: "reach", Title: "Who can reach it", Controls: []catalog.Control{reach, text("/host", "Public address", "A host name of your team.", "partners.example.com")}},
		{ID: "up", Title: "How it stays up", Controls: []catalog.Control{replicas, start, spread}},
		{ID: "settings", Title: "Settings", Advanced: true, Summary: "2 of environment variables, log level info", Controls: []catalog.Control{env, level}},
		{ID: "size", Title: "CPU and memory", Advanced: true, Summary: "100m and 128Mi", Controls: []catalog.Control{resources}},
	}}
	if wrong {
		v.Sections[2].Controls[0].Value, v.Sections[2].Controls[0].Error = "300", "Take 50 or less."
		v.Sections[2].Errors = 1
		v.Sections[3].Controls[0].Rows[1].Key.Error = "Take another name; this one is there already."
		v.Sections[3].Errors = 1
		v.Errors = catalog.Errors{{Path: "/replicas", Title: "Pods", Message: "Take 50 or less."}, {Path: "/env/1/key", Title: "Name", Message: "Take another name; this one is there already."}}
	}
	return v
}

func formPage(wrong bool) FormData {
	d := FormData{
		Kind: change.Create, App: change.AppKey{Target: production}, Place: place, Template: webService, About: catalog.About{Makes: []string{"Deployment", "Service"}}, View: sampleView(wrong), Name: "partner-api",
		Action: "/targets/payments/production/new/web-service", Posted: wrong,
		Manifests: ManifestsData{Took: 9 * time.Millisecond, Objects: []ManifestObject{
			{Ref: ref("Deployment", "partner-api"), YAML: beforeYAML, By: map[int]MarkedBy{20: {"/image", "Image"}, 21: {"/image", "Image"}}},
			{Ref: ref("Service", "partner-api"), YAML: "apiVersion: v1\nkind: Service\nmetadata:\n  name: partner-api\nspec:\n  ports:\n  - port: 80\n    targetPort: http\n"},
		}},
	}
	if wrong {
		d.NameError, d.Name = "Use small letters, digits and “-”.", "Partner API"
		d.Manifests = ManifestsData{Problem: "The manifests appear when the fields are filled in.", Errors: 3}
	}
	return d
}

func sampleSnapshot() status.Snapshot {
	pod := func(name string, w status.Word, reason string, ready int32) status.Node {
		return status.Node{Ref: ref("Pod", name), Word: w, Reason: reason, Ready: ready, Want: 1, Created: before(4 * time.Minute)}
	}
	plain := func(kind, name, reason string) status.Node {
		return status.Node{Ref: ref(kind, name), Word: status.Ready, Reason: reason, Want: -1, Created: before(41 * 24 * time.Hour)}
	}
	return status.Snapshot{
		Key: status.Key{Cluster: "nbg1-prod", Namespace: "payments", App: "api"}, At: before(2 * time.Second), Synced: true, Since: before(time.Hour),
		Verdict: status.Failed, Sentence: "1 of 2 workloads failed", Objects: 9, PodsReady: 3, PodsWant: 4,
		Wrong: []status.Wrong{{
			Word: status.Failed, Ref: ref("Deployment", "worker"), Title: "cannot start: its image does not exist", Since: before(39 * time.Minute), Pods: 1,
			Sentence: "The registry has no `registry.example.com/payments/worker:broken`. No worker runs now.",
			Said:     `Failed to pull image "registry.example.com/payments/worker:broken": manifest unknown`,
		}},
		Rollouts: []status.Rollout{{
			Ref: ref("Deployment", "api"), Image: "registry.example.com/payments/api:9c41e7d", NewSet: "5b8c7f9d66", OldSet: "7d9f8b6c54",
			New: []status.PodState{status.PodReady, status.PodStarting, status.PodToCome}, Old: []status.PodState{status.PodOld, status.PodOld},
			Sentence: "3 ready pods serve throughout.", Since: before(4 * time.Minute), Deadline: 15 * time.Minute,
		}},
		Tree: []status.Node{
			{Ref: ref("Deployment", "worker"), Note: "exactly one pod", Word: status.Failed, Reason: "no pod is ready", Want: 1, Created: before(39 * time.Minute),
				Children: []status.Node{pod("worker-6c9d5f7b88-zl4hm", status.Failed, "image cannot be pulled", 0)}},
			{Ref: ref("Deployment", "api"), Note: "3 pods", Word: status.Progressing, Reason: "2 of 3 pods are new", Ready: 3, Want: 3, Created: before(41 * 24 * time.Hour), Children: []status.Node{
				{Ref: ref("ReplicaSet", "api-5b8c7f9d66"), Word: status.Progressing, Reason: "new", Ready: 1, Want: 2, Created: before(4 * time.Minute),
					Children: []status.Node{pod("api-5b8c7f9d66-k2x9p", status.Ready, "", 1), pod("api-5b8c7f9d66-tq7wd", status.Progressing, "starting, 95 of 240 s", 0)}},
				plain("Service", "api", "3 endpoints"), plain("Ingress", "api", "2 addresses"),
			}},
			plain("ConfigMap", "api", ""),
		},
		Events: []status.Event{
			{Time: before(time.Minute), Word: status.Progressing, Object: ref("Pod", "api-5b8c7f9d66-tq7wd"), Reason: "Started", Message: "Started container api", Count: 1},
			{Time: before(2 * time.Minute), Word: status.Failed, Object: ref("Pod", "worker-6c9d5f7b88-zl4hm"), Reason: "Failed", Message: "Error: ImagePullBackOff", Count: 12},
			{Time: before(26 * time.Hour), Word: status.Ready, Object: ref("Deployment", "api"), Reason: "ScalingReplicaSet", Message: "Scaled up replica set api-5b8c7f9d66 to 1", Count: 1},
		},
		Workloads: sampleWorkloads(),
		Hosts: []status.Host{
			{Name: "api.example.com", Path: "/", TLS: true, Service: "api"},
			{Name: "the-checkout-of-the-shop.preview.example.com", Path: "/basket", Service: "the-checkout-of-the-shop"},
		},
		Pods: samplePods(),
	}
}

func application(key change.AppKey, revision int) change.Application {
	return change.Application{AppKey: key, Place: place, Template: webService, Revision: revision, Created: before(41 * 24 * time.Hour), Changed: before(4 * time.Minute)}
}

// goneSnapshot is of an application of which somebody has deleted a part, and another cannot be seen.
func goneSnapshot() status.Snapshot {
	refs := []manifest.Ref{ref("Deployment", "api"), ref("Service", "api")}
	refs[0].Group = "apps"
	return status.Evaluate(status.Input{
		Key: status.Key{Cluster: place.Cluster, Namespace: place.Namespace, App: "api"}, Now: sampleNow, Synced: true, Since: before(time.Hour),
		Expected: refs, Applied: before(time.Hour),
		Unseen: []status.Unseen{
			{Ref: manifest.Ref{Group: "cert-manager.io", Version: "v1", Kind: "Certificate", Name: "api-tls"}, Why: status.NotAllowed},
			{Ref: manifest.Ref{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster", Name: "api-db"}, Why: status.NoSuchKind},
		},
	})
}

// sampleHistory are changes of an application as they ended.
func sampleHistory() []change.Change {
	ended := func(id int64, s change.State, ago time.Duration, title string) change.Change {
		return change.Change{ID: id, App: api, State: s, Title: title, Requester: mara, Submitted: before(ago + time.Minute), Started: before(ago), Finished: before(ago)}
	}
	applied, failed, rejected := ended(1284, change.Applied, 4*time.Minute, "Image 4.18.2 and 4 pods"), ended(1281, change.Failed, 3*time.Hour, "Image 4.18.1"), ended(1279, change.Rejected, 30*time.Hour, "More memory")
	applied.Revision, failed.Failure = 43, "1 of 5 objects was not applied."
	rejected.Closed = &change.Closing{By: tom, At: before(29 * time.Hour), Comment: "Please look at the leak first."}
	return []change.Change{ended(1285, change.Pending, time.Minute, "6 pods"), applied, failed, rejected}
}

func livePage() LiveData {
	return LiveData{
		App: application(api, 43), Snapshot: sampleSnapshot(), Usage: sampleUsage(), Changes: []change.Change{sampleChange(change.Pending)},
		History: sampleHistory(), MoreHistory: true,
		By: "Mara Lindqvist", Change: 1284, CanChange: true, CanRestart: true, CanScale: true, Stream: "/targets/payments/production/apps/api/stream",
	}
}

func applicationsPage() ApplicationsData {
	row := func(name string, t policy.Target, w status.Word, reason string, ready, want int32) ApplicationRow {
		return ApplicationRow{App: application(change.AppKey{Target: t, Name: name}, 3), Word: w, Reason: reason, Ready: ready, Want: want, Synced: w != status.Unknown}
	}
	d := ApplicationsData{
		Rows: []ApplicationRow{
			row("api", production, status.Failed, "1 of 2 workloads failed", 8, 9),
			row("satellite", production, status.Unknown, "the watch is cut since 11:02", 0, 1),
			row("docs-preview-311", staging, status.Progressing, "starting, 40 of 120 s", 0, 1),
			row("checkstack", production, status.Pending, "", 1, 1),
			row("legacy-import", production, status.Paused, "0 pods on purpose", 0, 0),
			row("api-docs", production, status.Ready, "", 2, 2), row("drip-mail", staging, status.Ready, "", 1, 1),
		},
		Total: 7, Counts: map[status.Word]int{status.Failed: 1, status.Unknown: 1, status.Progressing: 1, status.Pending: 1, status.Paused: 1, status.Ready: 2},
		Teams: []string{"payments", "search"}, Environments: []string{"production", "staging"}, CanCreate: true, Stream: "/applications/stream?", At: sampleNow,
	}
	d.Rows[3].Change, d.Rows[3].ChangeState = 1279, change.Pending
	return d
}

func queuePage() QueueData {
	c := sampleChange(change.Pending)
	other := c
	other.ID, other.Title, other.Requester, other.Submitted = 1287, "Remove satellite-eu", tom, before(27*time.Hour)
	other.Plan.Effects = []change.Effect{{Kind: change.DataLoss, Ref: ref("PersistentVolumeClaim", "data"), Sentence: "Claim `data` is deleted, and the data on it."}}
	own := c
	own.ID, own.Title = 1288, "3 to 6 pods by load"
	reviewed := c
	reviewed.Requester = tom
	return QueueData{
		View: ViewWaiting, Changes: []change.Change{other, reviewed}, Own: []change.Change{own}, Counts: QueueCounts{Waiting: 2, Mine: 1, Open: 9},
		Review: &ReviewData{Change: reviewed, Can: Can{Approve: true, Reject: true}, Diff: DiffView{URL: "/changes?view=waiting&review=1284"}},
	}
}

func auditData() AuditData {
	entry := func(seq int64, ago time.Duration, a audit.Actor, action audit.Action, o audit.Outcome, object, detail string) audit.Entry {
		return audit.Entry{
			Seq: seq, Time: before(ago), Actor: a, Action: action, Outcome: o, Target: production, Application: "api", Change: 1284, Object: object,
			Digest: string(sampleDigest), RanAs: "slipway:team:payments", Detail: detail, Prev: strings.Repeat("3c9e51aa", 8), Hash: strings.Repeat("a40b77e1", 8),
			Request: audit.Request{ID: "01JD6Z8WQ4M0T3V9X2C7", RemoteIP: "198.51.100.23", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"},
		}
	}
	person, portal := audit.Actor{Person: mara}, audit.Actor{Person: mara, Portal: true}
	signIn := entry(184090, 26*time.Hour, person, audit.SignIn, audit.Done, "", "")
	signIn.Target, signIn.Application, signIn.Change = policy.Target{}, "", 0
	return AuditData{
		Page: audit.Page{Before: 184090, Entries: []audit.Entry{
			entry(184201, time.Minute, person, audit.ApproveChange, audit.Refused, "", "You submitted it, so somebody else must decide."),
			entry(184171, 4*time.Minute, portal, audit.ApplyObject, audit.Failed, "Deployment redis", `failed calling webhook "image-policy.platform.svc": context deadline exceeded`),
			entry(184170, 4*time.Minute, portal, audit.ApplyObject, audit.Done, "Deployment api", ""),
			entry(184168, 4*time.Minute, portal, audit.ApplyChange, audit.Intent, "", "Attempt 2."),
			entry(184167, 4*time.Minute, portal, audit.ApplyChange, audit.Failed, "", "Deployment redis was not applied."),
			entry(184166, 5*time.Minute, portal, audit.ApplyChange, audit.Intent, "", "5 objects and 1 deletion"),
			signIn,
		}},
		Settled: map[int64]audit.Entry{184166: entry(184167, 4*time.Minute, portal, audit.ApplyChange, audit.Failed, "", "Deployment redis was not applied.")},
		Query:   url.Values{"team": {"payments"}}, Open: 184171, Teams: []string{"payments", "search"}, Environments: []string{"production", "staging"}, CanExport: true,
	}
}

func catalogueData() CatalogueData {
	about := func(title, group, icon, summary, instead string) catalog.About {
		return catalog.About{Title: title, Summary: summary, Instead: instead, Group: group, Icon: icon, Gives: []string{"Image", "Port"}, Makes: []string{"Deployment", "Service", "budget", "Ingress if public"}, Owner: "platform"}
	}
	return CatalogueData{
		Entries: []CatalogueEntry{
			{ID: webService, About: about("web-service", "It answers requests", "globe", "Listens on a port and keeps nothing on disk.", "Writes files that must survive? Take stateful-service."), UsedBy: []change.AppKey{api, {Target: staging, Name: "status"}}},
			{ID: catalog.TemplateID{Name: "stateful-service", Version: "1.0.4"}, About: about("stateful-service", "It answers requests", "hard-drive", "One pod with a disk of its own.", "An update is a brief outage.")},
			{ID: catalog.TemplateID{Name: "worker", Version: "1.6.0"}, About: about("worker", "It works in the background", "cog", "Takes work from a queue. No port, no address.", "")},
			{ID: catalog.TemplateID{Name: "postgres-starter", Version: "0.9.3"}, About: about("postgres-starter", "It keeps data", "database", "One PostgreSQL pod with a disk.", ""), Broken: "values.schema.json: line 12: unexpected comma"},
		},
		Targets: []policy.Target{staging, production},
	}
}

func revisionsData() RevisionsData {
	rev := func(n int, kind change.Kind, ago time.Duration) change.Revision {
		return change.Revision{Number: n, Change: int64(1240 + n), Kind: kind, Template: webService, By: mara, Applied: before(ago)}
	}
	return RevisionsData{App: application(api, 43), CanRollBack: true,
		Titles:    map[int64]string{1283: "api: Image gitea.treytartt.com/admin/honeydue-api:9c41e7d", 1282: "Roll api back to revision 40", 1241: "Create api"},
		Revisions: []change.Revision{rev(43, change.Update, 4*time.Minute), rev(42, change.Rollback, 40*time.Minute), rev(41, change.Update, 72*time.Hour), rev(1, change.Create, 41*24*time.Hour)},
		Failed:    []change.Change{sampleChange(change.Rejected)}}
}

func adminData() AdminData {
	return AdminData{
		Version: "0.1.0", Issuer: "https://login.example.com",
		Clusters:  []AdminCluster{{ClusterHealth{Name: "nbg1-prod", Answers: true, Known: true}, "v1.37.1"}, {ClusterHealth{Name: "nbg1-staging", Known: true, Said: "dial tcp 10.44.0.1:6443: i/o timeout"}, ""}},
		Targets:   []AdminTarget{{production, place}, {staging, manifest.Place{Cluster: "nbg1-staging", Namespace: "payments"}}},
		Bindings:  []policy.GroupBinding{{Group: "payments-developers", Binding: policy.Binding{Role: policy.Developer, Team: "payments", Environment: policy.Any}}, {Group: "platform", Binding: policy.Binding{Role: policy.Admin, Team: policy.Any, Environment: policy.Any}}},
		Rules:     []policy.Rule{{Name: "production needs two approvals", Environment: "production", Approvals: 2}},
		Templates: catalogueData().Entries,
	}
}
