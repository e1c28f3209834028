package templates

import (
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/environ"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// sampleContainer has a variable of every kind.
func sampleContainer(workload, name string) environ.Container {
	return environ.Container{
		Workload: ref("Deployment", workload), Name: name, Links: true,
		Sources: []environ.Source{
			{Kind: environ.ConfigMap, Name: "honeydue-config", Known: true, Gives: 3, Unusable: []string{"not=a name"}},
			{Kind: environ.Secret, Name: "made-by-the-operator", Prefix: "DB_", Optional: true},
			{Kind: environ.Secret, Name: "gone", Known: true, Missing: true},
		},
		Variables: []environ.Variable{
			{Name: "APNS_AUTH_KEY_PATH", Origin: environ.Origin{Kind: environ.ConfigMap, Name: "honeydue-config", Key: "APNS_AUTH_KEY_PATH", Value: "/secrets/apns/apns_auth_key.p8", Shown: true}},
			{Name: "DATABASE_URL", Origin: environ.Origin{Kind: environ.Own, Value: "postgres://honeydue:$(POSTGRES_PASSWORD)@db.example.com:5432/$(NOBODY)?sslmode=require", Shown: true}, Expands: []string{"POSTGRES_PASSWORD"}, Literal: []string{"NOBODY"}},
			{Name: "EMPTY", Origin: environ.Origin{Kind: environ.Own, Shown: true}},
			{Name: "HOSTNAME", Origin: environ.Origin{Kind: environ.Own, Value: "0.0.0.0", Shown: true}},
			{Name: "MEMORY", Origin: environ.Origin{Kind: environ.Resource, Name: "limits.memory"}},
			{Name: "POD", Origin: environ.Origin{Kind: environ.Field, Name: "metadata.name"}},
			{Name: "PORT", Origin: environ.Origin{Kind: environ.Own, Value: "3000", Shown: true}, Overrides: []environ.Origin{
				{Kind: environ.Secret, Name: "made-by-the-operator", Key: "PORT"}, {Kind: environ.ConfigMap, Name: "honeydue-config", Key: "PORT", Value: "8000", Shown: true},
			}},
			{Name: "POSTGRES_PASSWORD", Origin: environ.Origin{Kind: environ.Secret, Name: "honeydue-secrets", Key: "password"}},
			{Name: "REDIS_PASSWORD", Origin: environ.Origin{Kind: environ.Secret, Name: "elsewhere", Key: "REDIS_PASSWORD", Optional: true, Unseen: true}},
			{Name: "SECRET_KEY", Origin: environ.Origin{Kind: environ.Secret, Name: "honeydue-secrets", Key: "SECRET_KEY", Missing: true}},
		},
	}
}

func sampleEnvironment() []environ.Container {
	first := environ.Container{Workload: ref("Deployment", "api"), Name: "wait", Init: true}
	return []environ.Container{first, sampleContainer("api", "api"), {Workload: ref("Deployment", "worker"), Name: "worker"}}
}

func environmentPage() EnvironmentData {
	long := environ.Variable{Name: "RULES", Origin: environ.Origin{Kind: environ.Own, Value: strings.Repeat("é", 30_000), Shown: true}, Overrides: []environ.Origin{
		{Kind: environ.ConfigMap, Name: "rules", Key: "RULES", Value: strings.Repeat("a line\n", 100), Shown: true},
	}}
	rules := environ.Container{Workload: ref("Deployment", "rules"), Name: "rules", Variables: []environ.Variable{long}}
	return EnvironmentData{App: application(api, 43), Containers: append(sampleEnvironment(), rules)}
}

// sampleDepartures are as many groups as an application of that many workloads has.
func sampleDepartures(workloads int) []catalog.Departures {
	out := []catalog.Departures{{Title: "Shared settings", Given: []catalog.Departure{
		{Path: "/config/data/0/value", Title: "Settings, API_URL", Value: "https://api.myhoneydue.com/api"},
		{Path: "/secrets/data/0/value", Title: "Secrets, POSTGRES_PASSWORD", Value: "stored"},
	}}}
	for i := range workloads {
		out = append(out, catalog.Departures{
			Title: fmt.Sprintf("Workloads, workload-%d", i+1),
			Changed: []catalog.Departure{
				{Path: "/workloads/0/replicas", Title: "Pods", Default: "2", Value: "3", Help: "Two are enough that one may go at any time, for a new version or a node that is drained."},
				{Path: "/workloads/0/resources/limits/memory", Title: "Limits, memory", Default: "256Mi", Value: "512Mi", Help: "A container that takes more is **ended** at once."},
				{Path: "/workloads/0/probes/liveness/type", Title: "Liveness probe, type", Default: "an HTTP request", Value: ""},
			},
			Given: []catalog.Departure{{Path: "/workloads/0/image", Title: "Image", Value: "gitea.treytartt.com/admin/honeydue-api:237c6b8"}},
		})
	}
	return out
}

func sampleWorkloads() []status.Workload {
	const registry = "gitea.treytartt.com/admin/"
	service := func(name string, ports ...status.Port) []status.Service {
		return []status.Service{{Name: name, Host: name + ".honeydue-production.svc.cluster.local", Type: "ClusterIP", Ports: ports}}
	}
	both := service("api", status.Port{Name: "http", Number: 8000, Protocol: "TCP", Target: "8000"}, status.Port{Name: "metrics", Number: 80, Protocol: "TCP", Target: "metrics"})
	both[0].Type = "LoadBalancer"
	redis := service("redis", status.Port{Number: 6379, Protocol: "TCP", Target: "6379"})
	redis[0].Pods = true
	return []status.Workload{
		{Ref: ref("Deployment", "admin"), Word: status.Ready, Role: "web", Image: registry + "honeydue-admin:237c6b8", Ready: 1, Want: 1, Services: service("admin", status.Port{Number: 3000, Protocol: "TCP", Target: "3000"})},
		{Ref: ref("Deployment", "api"), Word: status.Progressing, Role: "web", Image: registry + "honeydue-api:237c6b8", Others: 1, Ready: 2, Want: 3, Services: both},
		{Ref: ref("CronJob", "dump"), Word: status.Ready, Role: "job", Image: "postgres:17", Want: -1, Note: "0 3 * * *"},
		{Ref: ref("Deployment", "redis"), Word: status.Paused, Role: "stateful", Image: "redis@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", Services: redis},
		{Ref: ref("Deployment", "worker-with-a-rather-long-name-for-it"), Word: status.Failed, Role: "database", Image: registry + "honeydue-worker:broken", Want: 1},
	}
}

// offering is a form whose variables are offered addresses.
func offering() FormData {
	d := formPage(false)
	env := &d.View.Sections[3].Controls[0]
	picker := &catalog.Picker{Kind: "ServiceURL", Keys: "_URL$"}
	for i := range env.Rows {
		f := *env.Rows[i].Item.Field
		f.Picker = picker
		env.Rows[i].Item.Field, env.Rows[i].Item.Suits = &f, i == 0
	}
	d.Answers = map[string]PickerAnswer{"ServiceURL  ": {Choices: []manifest.Choice{{Value: "http://api.payments.svc.cluster.local:80", Help: "api"}}}}
	return d
}
