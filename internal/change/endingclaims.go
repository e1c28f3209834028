package change

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// dropClaims has the claims that StatefulSets make for their pods deleted together with them, in what ends by
// itself: it leaves nothing behind. Kubernetes keeps such claims otherwise.
func (s *Service) dropClaims(ctx context.Context, d Draft, set manifest.Set) error {
	if !slices.ContainsFunc(set, makesClaims) {
		return nil
	}
	_, ends := s.CopyRule(d.App.Target)
	if d.Kind != Create {
		app, err := s.Store.Application(ctx, d.App)
		if err != nil {
			return err
		}
		ends = app.Ending != nil
	}
	if !ends {
		return nil
	}
	for _, u := range set {
		if !makesClaims(u) {
			continue
		}
		err := unstructured.SetNestedField(u.Object, "Delete", "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
		if err != nil {
			return fmt.Errorf("change: have the claims of %s deleted: %w", u.GetName(), err)
		}
	}
	return nil
}

func makesClaims(u manifest.Object) bool {
	all, _, _ := unstructured.NestedSlice(u.Object, "spec", "volumeClaimTemplates")
	return u.GetKind() == "StatefulSet" && len(all) > 0
}
