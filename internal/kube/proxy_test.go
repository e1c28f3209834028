package kube_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is a TCP proxy in front of the API server that can be cut, or swallow everything.
type wire struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cond     *sync.Cond
	conns    map[net.Conn]bool
	cut      bool // connections are closed as soon as they are made
	hole     bool // nothing gets through, and nothing is closed
	closed   bool
	all      sync.WaitGroup
}

func newWire(t testing.TB, w *world) *wire {
	t.Helper()
	u, err := url.Parse(w.config.Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &wire{listener: l, to: u.Host, conns: map[net.Conn]bool{}}
	p.cond = sync.NewCond(&p.mu)
	p.all.Go(p.serve)
	t.Cleanup(func() {
		p.set(func() { p.closed, p.hole = true, false })
		_ = l.Close()
		p.drop()
		p.all.Wait()
	})
	return p
}

func (p *wire) url() string { return "https://" + p.listener.Addr().String() }

func (p *wire) set(f func()) {
	p.mu.Lock()
	f()
	p.cond.Broadcast()
	p.mu.Unlock()
}

// drop closes all connections.
func (p *wire) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *wire) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		if !p.keep(in, out) {
			_ = in.Close()
			_ = out.Close()
			continue
		}
		p.all.Go(func() { p.pump(in, out) })
		p.all.Go(func() { p.pump(out, in) })
	}
}

// keep takes the two ends of a connection, unless it is cut: what is dropped afterwards is all that there is.
func (p *wire) keep(in, out net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || p.closed {
		return false
	}
	p.conns[in], p.conns[out] = true, true
	return true
}

func (p *wire) pump(from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		for p.hole {
			p.cond.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = from.Close()
	_ = to.Close()
	p.set(func() { delete(p.conns, from); delete(p.conns, to) })
}

// meddler is an HTTP proxy in front of the API server that may deal with a request or its answer in a
// way of its own. It has a certificate of its own.
type meddler struct {
	*httptest.Server
	// before may answer a request instead of the API server, and then returns true.
	before func(http.ResponseWriter, *http.Request) bool
	// swallow tells whether the answer to a request that the API server did is to be lost.
	swallow func(*http.Request) bool
	writes  atomic.Int32 // that reached the API server
}

func newMeddler(t testing.TB, w *world) *meddler {
	t.Helper()
	target, err := url.Parse(w.config.Host)
	if err != nil {
		t.Fatal(err)
	}
	ca := w.config.CAData
	if len(ca) == 0 {
		if ca, err = os.ReadFile(w.config.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	m := &meddler{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		ModifyResponse: func(res *http.Response) error {
			if isWrite(res.Request) {
				m.writes.Add(1)
			}
			if m.swallow != nil && m.swallow(res.Request) {
				_, _ = io.Copy(io.Discard, res.Body)
				panic(http.ErrAbortHandler)
			}
			return nil
		},
		FlushInterval: -1,
	}
	m.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if m.before == nil || !m.before(rw, r) {
			proxy.ServeHTTP(rw, r)
		}
	}))
	m.EnableHTTP2 = true
	m.StartTLS()
	t.Cleanup(m.Close)
	return m
}

func (m *meddler) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Certificate().Raw})
}

// isWrite tells whether a request changes something.
func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == ""
}
