package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"slipway.dev/slipway/internal/manifest"
)

// session speaks to one cluster with one set of rights. Nothing in it retries: see patience.
type session struct {
	rest      *rest.RESTClient
	discovery *discovered
}

// badName is a name that cannot stand in a path.
type badName struct{ name, why string }

func (e *badName) Error() string {
	return fmt.Sprintf("the name %q cannot be used: it %s", e.name, e.why)
}

// path is where an object is: in its own namespace, else in home, the application's. A name comes from what somebody typed, so one that would lead elsewhere
// ("../..") is refused here, before it gets into a URL.
func (s *session) path(ctx context.Context, home string, ref manifest.Ref) ([]string, error) {
	namespace := cmp.Or(ref.Namespace, home)
	for _, part := range []string{namespace, ref.Name} {
		if part == "" {
			return nil, &badName{part, "is empty"}
		}
		if why := rest.IsValidPathSegmentName(part); len(why) > 0 {
			return nil, &badName{part, why[0]}
		}
	}
	r, err := s.discovery.resource(ctx, ref.GVK())
	if err != nil {
		return nil, err
	}
	p := []string{"/api", r.Version}
	if r.Group != "" {
		p = []string{"/apis", r.Group, r.Version}
	}
	if r.namespaced {
		p = append(p, "namespaces", namespace)
	}
	return append(p, r.Resource, ref.Name), nil
}

// get reads an object.
func (s *session) get(ctx context.Context, home string, ref manifest.Ref) (manifest.Object, error) {
	p, err := s.path(ctx, home, ref)
	if err != nil {
		return nil, err
	}
	return object(s.rest.Get().AbsPath(p...).MaxRetries(0).Do(ctx))
}

// metadataOnly asks for an object without what it says.
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// head reads an object's metadata.
func (s *session) head(ctx context.Context, home string, ref manifest.Ref) (*metav1.PartialObjectMetadata, error) {
	p, err := s.path(ctx, home, ref)
	if err != nil {
		return nil, err
	}
	res := s.rest.Get().AbsPath(p...).SetHeader("Accept", metadataOnly).MaxRetries(0).Do(ctx)
	if err := res.Error(); err != nil {
		return nil, err
	}
	raw, err := res.Raw()
	if err != nil {
		return nil, err
	}
	m := new(metav1.PartialObjectMetadata)
	return m, json.Unmarshal(raw, m)
}

// applyOptions are the query of a server-side apply.
type applyOptions struct {
	dryRun  bool
	force   bool      // only with dryRun, to see what it would be, and for one field, see run.takeBack
	manager string    // who applies; empty for manifest.FieldManager
	onlyNew bool      // an object of that name must not exist, see noVersion
	uid     types.UID // the object of that name must be this one; empty for whichever there is
}

// noVersion is a resource version that no object has (ADR 29). An apply that carries it creates what is not
// there, and is refused as a conflict where there is an object: nothing that somebody else made a moment ago is
// adopted.
const noVersion = "1"

// asNew is u as it is sent to be created. u stays as it is.
func asNew(u manifest.Object) manifest.Object { return withMetadata(u, "resourceVersion", noVersion) }

// applied is what the API server answered to an apply.
type applied struct {
	object   manifest.Object // as it is now, or would be
	created  bool
	warnings []string
}

// apply writes u by server-side apply, exactly as it is.
func (s *session) apply(ctx context.Context, home string, u manifest.Object, opts applyOptions) (applied, error) {
	ref := manifest.RefIn(u, home)
	p, err := s.path(ctx, home, ref)
	if err != nil {
		return applied{}, err
	}
	if err := s.placed(ctx, u, ref); err != nil {
		return applied{}, err
	}
	switch {
	case opts.onlyNew:
		u = asNew(u)
	case opts.uid != "":
		u = withUID(u, opts.uid)
	}
	body, err := json.Marshal(u.Object)
	if err != nil {
		return applied{}, err
	}
	req := s.rest.Patch(types.ApplyPatchType).AbsPath(p...).Body(body).MaxRetries(0).
		Param("fieldManager", cmp.Or(opts.manager, manifest.FieldManager)).
		Param("fieldValidation", metav1.FieldValidationStrict)
	if opts.dryRun {
		req = req.Param("dryRun", metav1.DryRunAll)
	}
	if opts.force {
		req = req.Param("force", "true")
	}
	res := req.Do(ctx)
	out := applied{warnings: warnings(res)}
	res.WasCreated(&out.created)
	out.object, err = object(res)
	return out, err
}

// remove deletes an object if it is still the one with the UID.
func (s *session) remove(ctx context.Context, home string, ref manifest.Ref, uid types.UID) error {
	p, err := s.path(ctx, home, ref)
	if err != nil {
		return err
	}
	propagation := metav1.DeletePropagationBackground
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:          metav1.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"},
		Preconditions:     &metav1.Preconditions{UID: &uid},
		PropagationPolicy: &propagation,
	})
	if err != nil {
		return err
	}
	return s.rest.Delete().AbsPath(p...).SetHeader("Content-Type", "application/json").Body(body).MaxRetries(0).Do(ctx).Error()
}

func object(res rest.Result) (manifest.Object, error) {
	if err := res.Error(); err != nil {
		return nil, err
	}
	raw, err := res.Raw()
	if err != nil {
		return nil, err
	}
	u := new(unstructured.Unstructured)
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("read the API server's answer: %w", err)
	}
	return u, nil
}

// warnings are the texts of the Warning headers (RFC 7234, section 5.5) that come from the API server:
// code 299, each once.
func warnings(res rest.Result) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range res.Warnings() {
		text := strings.TrimSpace(w.Text)
		if w.Code == 299 && text != "" && !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}
