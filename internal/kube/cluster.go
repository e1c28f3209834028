package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"slipway.dev/slipway/internal/manifest"
)

// cluster is one API server.
type cluster struct {
	name          string
	log           *slog.Logger
	config        *rest.Config
	transport     *http.Transport
	authenticated http.RoundTripper // transport with the portal's credentials
	discovery     *discovered
	slots         slots
	logs          slots // see Log
	answers       answers
	known         knownNodes
	usages        usages
}

// readyTimeout is how long an API server may take to say that it is ready, or what it can do.
const (
	readyTimeout     = 3 * time.Second
	discoveryTimeout = 10 * time.Second
)

func newCluster(c ClusterConfig, log *slog.Logger) (*cluster, error) {
	cfg, err := restConfig(c)
	if err != nil {
		return nil, err
	}
	pool, authenticated, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	dc, err := discovery.NewDiscoveryClientForConfigAndClient(cfg, &http.Client{Transport: authenticated, Timeout: discoveryTimeout})
	if err != nil {
		return nil, err
	}
	one := &cluster{
		name: c.Name, log: log, config: cfg, transport: pool, authenticated: authenticated,
		slots: make(slots, perCluster), logs: make(slots, perClusterLogs),
	}
	one.discovery = &discovered{client: dc, release: one.release, now: time.Now}
	return one, nil
}

// release asks which version of Kubernetes the API server is. It is the first request to a cluster,
// and is not repeated, so that one that is away is noticed at once.
func (c *cluster) release(ctx context.Context) (string, error) {
	s, err := c.own()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := s.rest.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		return "", err
	}
	var v version.Info
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", fmt.Errorf("read the API server's version: %w", err)
	}
	return v.GitVersion, nil
}

// restClient speaks JSON with paths given whole, so one serves all kinds.
func (c *cluster) restClient(hc *http.Client) (*rest.RESTClient, error) {
	cfg := rest.CopyConfig(c.config)
	cfg.APIPath = "/"
	cfg.ContentType = runtime.ContentTypeJSON
	cfg.AcceptContentTypes = runtime.ContentTypeJSON
	cfg.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return rest.UnversionedRESTClientForConfigAndClient(cfg, hc)
}

// ready asks the API server whether it serves.
func (c *cluster) ready(ctx context.Context) error {
	s, err := c.own()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := s.rest.Get().AbsPath("/readyz").MaxRetries(0).Do(ctx).Error(); err != nil {
		return fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
	}
	return nil
}

// slots bound how many requests are under way.
type slots chan struct{}

// take waits for a slot. The caller calls the function to give it back.
func (s slots) take(ctx context.Context) (give func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
