package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

func TestHealthIsWhatThePagesShow(t *testing.T) {
	at := func(kind, name string) manifest.Ref {
		return manifest.Ref{Group: "apps", Version: "v1", Kind: kind, Name: name}
	}
	place := manifest.Place{Cluster: "c", Namespace: "n"}
	hub := status.NewHub()
	health := healthOf(hub)
	if got := health(place, "api"); got.Known {
		t.Errorf("before anything was seen: %+v", got)
	}
	snap := status.Snapshot{
		Key: status.Key{Cluster: "c", Namespace: "n", App: "api"}, Synced: true,
		Wrong: []status.Wrong{
			{Word: status.Failed, Ref: at("StatefulSet", "api"), Title: "another one of that name"},
			{Word: status.Failed, Ref: at("Deployment", "api"), Title: "cannot start: the Secret `db` does not exist"},
			{Word: status.Pending, Ref: at("Deployment", "waits"), Title: "waits for a node"},
		},
		Tree: []status.Node{
			{Ref: at("Deployment", "api"), Word: status.Failed, Reason: "no pod is ready"},
			{Ref: at("Deployment", "silent"), Word: status.Failed},
			{Ref: at("Deployment", "waits"), Word: status.Pending, Reason: "no node has room"},
			{Ref: at("Deployment", "moves"), Word: status.Progressing, Reason: "1 of 3 pods is ready", Children: []status.Node{{Ref: at("ReplicaSet", "moves-1"), Word: status.Ready}}},
			{Ref: at("Deployment", "off"), Word: status.Paused},
			{Ref: at("Deployment", "up"), Word: status.Ready},
			{Ref: at("Deployment", "odd"), Word: status.Unknown},
			{Ref: manifest.Ref{Name: "shared"}, Word: status.Ready},
		},
	}
	hub.Publish(snap)
	want := change.Health{Known: true, Conditions: []change.Condition{
		{Ref: at("Deployment", "api"), Failed: true, Why: "cannot start: the Secret db does not exist"},
		{Ref: at("Deployment", "silent"), Failed: true, Why: "failed"},
		{Ref: at("Deployment", "waits"), Why: "no node has room"},
		{Ref: at("Deployment", "moves"), Why: "1 of 3 pods is ready"},
		{Ref: at("Deployment", "off"), Ready: true, Why: "paused"},
		{Ref: at("Deployment", "up"), Ready: true, Why: "ready"},
		{Ref: at("Deployment", "odd"), Why: "unknown"},
	}}
	if d := cmp.Diff(want, health(place, "api")); d != "" {
		t.Error(d)
	}
	if got := health(place, "other"); got.Known {
		t.Errorf("of another application: %+v", got)
	}
	snap.Synced = false
	hub.Publish(snap)
	if got := health(place, "api"); got.Known {
		t.Errorf("while the watch is cut: %+v", got)
	}
}
