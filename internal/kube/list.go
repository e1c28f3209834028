package kube

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// metadataListOnly asks for a list of objects without what they say.
const metadataListOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// listed is how many objects a list may have. What is asked for in lists is for people to choose from.
const listed = "2000"

// list asks for the objects of a kind, in one namespace or, if it is empty, in all. It may be served
// from the API server's cache (resourceVersion 0), which is seconds old at most.
func (s *session) list(ctx context.Context, kind manifest.Ref, namespace, accept string, params map[string]string) ([]byte, error) {
	r, err := s.discovery.resource(ctx, kind.GVK())
	if err != nil {
		return nil, err
	}
	p := []string{"/api", r.Version}
	if r.Group != "" {
		p = []string{"/apis", r.Group, r.Version}
	}
	if r.namespaced && namespace != "" {
		p = append(p, "namespaces", namespace)
	}
	req := s.rest.Get().AbsPath(append(p, r.Resource)...).SetHeader("Accept", accept).MaxRetries(0).
		Param("limit", listed).Param("resourceVersion", "0")
	for k, v := range params {
		req = req.Param(k, v)
	}
	res := req.Do(ctx)
	if err := res.Error(); err != nil {
		return nil, err
	}
	return res.Raw()
}

// heads lists the metadata of objects.
func (s *session) heads(ctx context.Context, kind manifest.Ref, namespace string, params map[string]string) ([]metav1.PartialObjectMetadata, error) {
	raw, err := s.list(ctx, kind, namespace, metadataListOnly, params)
	if err != nil {
		return nil, err
	}
	var l metav1.PartialObjectMetadataList
	err = json.Unmarshal(raw, &l)
	return l.Items, err
}

// listOf lists objects as their Go type.
func listOf[T any](ctx context.Context, s *session, kind manifest.Ref, namespace string, params map[string]string) ([]T, error) {
	raw, err := s.list(ctx, kind, namespace, "application/json", params)
	if err != nil {
		return nil, err
	}
	var l struct {
		Items []T `json:"items"`
	}
	err = json.Unmarshal(raw, &l)
	return l.Items, err
}

// getInto reads an object as its Go type.
func (s *session) getInto(ctx context.Context, home string, ref manifest.Ref, into any) error {
	p, err := s.path(ctx, home, ref)
	if err != nil {
		return err
	}
	res := s.rest.Get().AbsPath(p...).MaxRetries(0).Do(ctx)
	if err := res.Error(); err != nil {
		return err
	}
	raw, err := res.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}
