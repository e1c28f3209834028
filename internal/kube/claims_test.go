package kube_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// keeper is a StatefulSet whose controller makes a claim for its pod. POLICY is what becomes of that with it: of an
// application that ends by itself it is written as package change does, which is held by TestWhatEndsLeavesNoClaims.
const keeper = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: keeper}
spec:
  replicas: 1
  serviceName: keeper
  selector: {matchLabels: {app: keeper}}
  POLICY
  template:
    metadata: {labels: {app: keeper, slipway.dev/app: shop}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: keeper, image: "example.com/keeper:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}`

// The claims that a StatefulSet has made are in no inventory. When the application is deleted they go too if they are
// those of one that ends by itself, and stay otherwise. A real controller decides that, and a real garbage collector.
func TestClaimsOfStatefulSetsGoWithWhatEndsByItself(t *testing.T) {
	for name, tc := range map[string]struct {
		policy string
		stays  bool
	}{
		"ends by itself":   {"persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}", false},
		"is there to stay": {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			claims, pods := s.admin.CoreV1().PersistentVolumeClaims(s.place.Namespace), s.admin.CoreV1().Pods(s.place.Namespace)
			set := s.set("shop", strings.Replace(keeper, "POLICY", tc.policy, 1))
			s.apply("shop", set)
			owned := false
			s.eventually("the claim of a pod", func() bool {
				c, err := claims.Get(t.Context(), "data-keeper-0", metav1.GetOptions{})
				_, missing := pods.Get(t.Context(), "keeper-0", metav1.GetOptions{})
				owned = err == nil && len(c.OwnerReferences) > 0
				return err == nil && missing == nil && owned != tc.stays
			})
			s.apply("shop", nil, manifest.Ref{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "keeper"})
			s.eventually("the pod to go", func() bool {
				left, err := pods.List(t.Context(), metav1.ListOptions{})
				return err == nil && len(left.Items) == 0
			})
			if !tc.stays {
				s.eventually("the claim to go", func() bool {
					left, err := claims.List(t.Context(), metav1.ListOptions{})
					return err == nil && len(left.Items) == 0
				})
				return
			}
			// Whatever the garbage collector deletes, it deletes for an owner, and this claim has none.
			c, err := claims.Get(t.Context(), "data-keeper-0", metav1.GetOptions{})
			if err != nil || c.DeletionTimestamp != nil || len(c.OwnerReferences) > 0 {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}
