package kube

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/transport"
)

// A dead API server is noticed by what ends first: the dial, or two pings of HTTP/2 without an
// answer. Neither limits how long a living API server may think, which an admission webhook can make
// as long as 30 s.
const (
	dialTimeout   = 5 * time.Second
	pingEvery     = 3 * time.Second // after silence on a connection
	pingTimeout   = 3 * time.Second
	headerTimeout = 40 * time.Second // for proxies that answer pings themselves
)

// restConfig reads how to reach a cluster.
func restConfig(c ClusterConfig) (*rest.Config, error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return nil, err
	}
	if cfg.Impersonate.UserName != "" || cfg.Impersonate.UID != "" || len(cfg.Impersonate.Groups) > 0 {
		// The API server takes one impersonation a request: this one would take the place of the team's.
		return nil, errors.New("the kubeconfig impersonates somebody, and the portal has to impersonate teams; give it the account's own credentials")
	}
	cfg.QPS = -1 // priority and fairness is the API server's
	cfg.UserAgent = "slipway"
	cfg.WarningHandler = rest.NoWarnings{} // they are read from each answer instead
	return cfg, nil
}

func loadConfig(c ClusterConfig) (*rest.Config, error) {
	if c.Kubeconfig == "" {
		cfg, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("no kubeconfig is named, and this is not a pod of a cluster: %w", err)
		}
		return cfg, nil
	}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: c.Kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: c.Context},
	).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", c.Kubeconfig, err)
	}
	return cfg, nil
}

// newTransport makes the one connection pool of a cluster, and around it what authenticates the
// portal. client-go would make a pool of its own for each difference in configuration.
func newTransport(cfg *rest.Config) (pool *http.Transport, authenticated http.RoundTripper, err error) {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	tc, err := cfg.TransportConfig()
	if err != nil {
		return nil, nil, err
	}
	tlsConfig, err := transport.TLSConfigFor(tc)
	if err != nil {
		return nil, nil, err
	}
	if tlsConfig == nil {
		tlsConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	proxy := tc.Proxy
	if proxy == nil {
		proxy = utilnet.NewProxierWithNoProxyCIDR(http.ProxyFromEnvironment)
	}
	pool = &http.Transport{
		Proxy:                 proxy,
		DialContext:           tc.DialHolder.Dial,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   perCluster,
		DisableCompression:    true, // API servers are near: time is dearer than bytes
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingEvery, PingTimeout: pingTimeout},
	}
	authenticated, err = transport.HTTPWrappersForConfig(tc, pool)
	return pool, authenticated, err
}
