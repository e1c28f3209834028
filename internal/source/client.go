package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"
)

// Access is how a remote source is reached.
type Access struct {
	User     string
	Password string // or token; never part of an error or a log
	CA       []byte // PEM, besides the system's; nil for none
}

// ErrAddress is returned instead of connecting to an address that no source of templates has: one of
// this machine or of its surroundings, to which a name or a redirect from outside leads.
var ErrAddress = errors.New("it leads to an address inside, which is not connected to")

const (
	maxBody      = 64 << 20 // of one answer
	maxRedirects = 5
)

// newClient makes a client for one host. It connects to the host that the configuration names, and, if
// that sends it elsewhere (to a blob store, to a token service), only to addresses that are no closer
// to this machine than the host itself; never to link-local ones, where clouds keep their credentials.
func newClient(host string, plain bool, a Access) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if a.CA != nil && !roots.AppendCertsFromPEM(a.CA) {
		return nil, errors.New("the file of certificate authorities holds no certificate in PEM")
	}
	g := &guard{host: host, proxies: proxies(), dialer: net.Dialer{Timeout: 10 * time.Second}}
	return &http.Client{
		Transport: limited{&http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: g.dial,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		}},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("it redirects more than %d times", maxRedirects)
			}
			if r.URL.Scheme != "https" && !plain {
				return errors.New("it redirects to plain http")
			}
			return nil
		},
	}, nil
}

// limited ends answers that are too long.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &limitedBody{ReadCloser: resp.Body, left: maxBody}
	}
	return resp, err
}

type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it sends more than %d MiB", maxBody>>20)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// guard decides which addresses may be connected to. It connects to the very address that it has looked
// at, so a name that resolves to another one a moment later does not help.
type guard struct {
	host    string // without port
	proxies map[string]bool
	dialer  net.Dialer
}

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if g.proxies[address] {
		return g.dialer.DialContext(ctx, network, address)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	limit := inside
	if host != g.host {
		limit = g.closeness(ctx)
	}
	err = ErrAddress
	for _, ip := range ips {
		if distance(ip) > limit {
			continue
		}
		var conn net.Conn
		if conn, err = g.dialer.DialContext(ctx, network, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// closeness is how close the configured host is to this machine.
func (g *guard) closeness(ctx context.Context) closeness {
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", g.host)
	if err != nil {
		return outside
	}
	most := outside
	for _, ip := range ips {
		if d := distance(ip); d <= inside {
			most = max(most, d)
		}
	}
	return most
}

// closeness orders addresses: the larger, the less may be sent there.
type closeness int

const (
	outside closeness = iota
	private           // RFC 1918, RFC 4193, RFC 6598
	inside            // of this machine
	never             // link-local, multicast, unspecified
)

var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
	awsMetadata = netip.MustParseAddr("fd00:ec2::254") // not link-local, unlike the others
)

func distance(ip netip.Addr) closeness {
	ip = ip.Unmap()
	switch {
	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified(), ip == awsMetadata,
		ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return never
	case ip.IsLoopback():
		return inside
	case ip.IsPrivate(), sharedSpace.Contains(ip):
		return private
	}
	return outside
}

// proxies are the addresses of the proxies that the environment names. What goes through one is the
// proxy's to guard.
func proxies() map[string]bool {
	out := map[string]bool{}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		u, err := url.Parse(os.Getenv(name))
		if err != nil || u.Host == "" {
			continue
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "socks5": "1080"}[u.Scheme]
		}
		if port == "" {
			port = "80"
		}
		out[net.JoinHostPort(u.Hostname(), port)] = true
	}
	return out
}
