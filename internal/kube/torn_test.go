package kube_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// The live object and the dry run of one answer are of one moment: what somebody else writes meanwhile is never
// told as something that the apply would do.
func TestNobodyElsesWriteIsInADryRun(t *testing.T) {
	s := newStage(t)
	set := s.set("shop", settings)
	s.apply("shop", set)
	changed := s.set("shop", strings.Replace(settings, "blue", "red", 1))

	done, stop := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		maps := s.admin.CoreV1().ConfigMaps(s.place.Namespace)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
			}
			cm, err := maps.Get(t.Context(), "settings", metav1.GetOptions{})
			if err == nil {
				cm.Annotations = map[string]string{"example.com/beat": strconv.Itoa(i)}
				cm.Data["heart"] = strconv.Itoa(i)
				_, _ = maps.Update(t.Context(), cm, metav1.UpdateOptions{})
			}
		}
	}()
	defer func() { close(stop); <-done }()
	for range 200 {
		if d := s.dryRun("shop", changed)["ConfigMap settings"]; d.Op != manifest.Change || len(d.Fields) != 1 {
			t.Fatalf("told as ours: %+v", d.Fields)
		}
	}
}
