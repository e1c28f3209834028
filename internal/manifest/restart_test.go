package manifest

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSetRestarted(t *testing.T) {
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n"
	for name, tc := range map[string]struct {
		text string
		fits bool
	}{
		"annotations":        {head + "spec: {template: {metadata: {annotations: {a: b}}}}\n", true},
		"no annotations":     {head + "spec: {template: {metadata: {labels: {a: b}}}}\n", true},
		"annotations null":   {head + "spec: {template: {metadata: {annotations: null}}}\n", true},
		"no metadata":        {head + "spec: {template: {spec: {}}}\n", true},
		"restarted before":   {head + "spec: {template: {metadata: {annotations: {slipway.dev/restarted-at: x}}}}\n", true},
		"no template":        {head + "spec: {}\n", false},
		"no spec":            {head, false},
		"template is a text": {head + "spec: {template: pods}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Decode(strings.NewReader(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			at := RestartTime(time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600)))
			err = SetRestarted(set[0], at)
			if !tc.fits {
				if !errors.Is(err, ErrNoPodTemplate) || Restarted(set[0]) != "" {
					t.Errorf("%v, %q", err, Restarted(set[0]))
				}
				return
			}
			if err != nil || Restarted(set[0]) != "2026-03-04T04:06:07Z" {
				t.Errorf("%v, %q", err, Restarted(set[0]))
			}
			if name == "annotations" && set[0].Object["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)["annotations"].(map[string]any)["a"] != "b" {
				t.Error("another annotation is gone")
			}
		})
	}
}

// Whatever of the pods' metadata was there before, a plan can tell what the restart is.
func TestRestartIn(t *testing.T) {
	for _, before := range []string{"{}", "{metadata: {labels: {a: b}}}", "{metadata: {annotations: {a: b}}}", "{metadata: {annotations: {a: b, slipway.dev/restarted-at: x}}}"} {
		text := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {template: " + before + "}\n"
		var set [2]Set
		for i := range set {
			var err error
			if set[i], err = Decode(strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := SetRestarted(set[1][0], "2026-03-04T05:06:07Z"); err != nil {
			t.Fatal(err)
		}
		fields := Fields(set[0][0], set[1][0])
		if len(fields) != 1 || !RestartIn(fields[0]) {
			t.Errorf("%s: %+v", before, fields)
		}
	}
	for _, f := range []FieldChange{
		{Path: ".spec.template.metadata.annotations", To: "a: b"}, {Path: ".metadata.annotations", To: AnnotationRestarted},
		{Path: ".spec.template.metadata.annotations", From: "slipway.dev/restarted-at: x", To: "slipway.dev/restarted-at: x, a: b"},
	} {
		if RestartIn(f) {
			t.Errorf("%+v is no restart", f)
		}
	}
}

func TestRestartable(t *testing.T) {
	for _, tc := range []struct {
		ref  Ref
		want bool
	}{
		{Ref{Group: "apps", Kind: "Deployment"}, true}, {Ref{Group: "apps", Kind: "StatefulSet"}, true}, {Ref{Group: "apps", Kind: "DaemonSet"}, true},
		{Ref{Group: "batch", Kind: "Job"}, false}, {Ref{Group: "batch", Kind: "CronJob"}, false}, {Ref{Kind: "Pod"}, false},
		{Ref{Group: "apps", Kind: "ReplicaSet"}, false}, {Ref{Group: "example.com", Kind: "Deployment"}, false},
	} {
		if Restartable(tc.ref) != tc.want {
			t.Errorf("%v: %v", tc.ref, !tc.want)
		}
	}
}
