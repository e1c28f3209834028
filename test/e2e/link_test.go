package e2e

import (
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// link is what lies between the portal and the API server: it can be cut, and it can be made slow.
type link struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	cut   bool
	delay time.Duration
	all   sync.WaitGroup
}

func newLink(server string) (*link, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &link{listener: listener, to: u.Host, conns: map[net.Conn]struct{}{}}
	l.all.Go(l.serve)
	return l, nil
}

func (l *link) url() string { return "https://" + l.listener.Addr().String() }

func (l *link) stop() {
	_ = l.listener.Close()
	l.set(true, 0)
	l.all.Wait()
}

// set cuts or heals the link, and says how long each piece of an answer takes.
func (l *link) set(cut bool, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.delay = cut, delay
	if cut {
		for c := range l.conns {
			_ = c.Close()
		}
	}
}

func (l *link) serve() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.all.Go(func() { l.carry(in) })
	}
}

func (l *link) carry(in net.Conn) {
	defer in.Close()
	if !l.keep(in) {
		return
	}
	defer l.forget(in)
	out, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer out.Close()
	if !l.keep(out) {
		return
	}
	defer l.forget(out)
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	both.Go(func() { _, _ = io.Copy(slow{in, l}, out); _ = in.Close() })
	both.Wait()
}

func (l *link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut {
		l.conns[c] = struct{}{}
	}
	return !l.cut
}

func (l *link) forget(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// slow is the way back from the API server.
type slow struct {
	net.Conn
	link *link
}

func (s slow) Write(b []byte) (int, error) {
	s.link.mu.Lock()
	delay := s.link.delay
	s.link.mu.Unlock()
	time.Sleep(delay)
	return s.Conn.Write(b)
}
