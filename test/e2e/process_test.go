package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const clientSecret = "e2e-client-secret"

// buildPortal compiles the portal, unless one is named.
func buildPortal(ctx context.Context, folder string) (string, error) {
	if path := os.Getenv("SLIPWAY_TEST_PORTAL"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(folder, "portal")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "slipway.dev/slipway/cmd/portal")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	const first, count = 23100, 900
	begin := rand.IntN(count) // two runs that begin at the same moment do not take the same one
	for i := range count {
		port := first + (begin+i)%count
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port from 23100 to 23999 is free")
}

// startProvider starts the OpenID Connect provider and returns its issuer.
func startProvider(ctx context.Context, portal, log string) (issuer string, stop func(), err error) {
	cmd := exec.Command(os.Getenv("SLIPWAY_TEST_DEX"), "-listen", "127.0.0.1:0", "-redirect", portal+"/auth/callback", "-until-eof")
	cmd.Env = append(os.Environ(), "OIDC_CLIENT_SECRET="+clientSecret)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if _, err := cmd.StdinPipe(); err != nil { // its end is ours: it ends when this process does
		return "", nil, err
	}
	p, err := launch(cmd, log)
	if err != nil {
		return "", nil, err
	}
	stop = p.stop
	line := make(chan string, 1)
	go func() { s, _ := bufio.NewReader(stdout).ReadString('\n'); line <- s }()
	select {
	case s := <-line:
		if issuer, ok := strings.CutPrefix(strings.TrimSpace(s), "issuer "); ok {
			return issuer, stop, nil
		}
		err = fmt.Errorf("said %q, not its issuer; see %s", s, log)
	case <-ctx.Done():
		err = ctx.Err()
	}
	stop()
	return "", nil, err
}

// startPortal starts the portal and waits until it is ready.
func (w *world) startPortal(ctx context.Context) error {
	log := filepath.Join(w.folder, fmt.Sprintf("portal-%d.log", time.Now().UnixMilli()))
	cmd := exec.Command(w.portal, "serve", "--config", w.config)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "OIDC_CLIENT_SECRET="+clientSecret)
	p, err := launch(cmd, log)
	if err != nil {
		return err
	}
	err = eventually(ctx, time.Minute, func(ctx context.Context) error {
		if p.hasEnded() {
			out, _ := os.ReadFile(log)
			return fmt.Errorf("it ended:\n%s", out)
		}
		return w.ready(ctx)
	})
	if err != nil {
		p.stop()
		return err
	}
	w.server = p
	return nil
}

func (w *world) ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %s", resp.Status)
	}
	return nil
}

// killPortal ends the portal without letting it say a last word.
func (w *world) killPortal(t *testing.T) {
	t.Helper()
	if err := w.server.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-w.server.ended
}

func (w *world) restartPortal(t *testing.T) {
	t.Helper()
	if err := w.startPortal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// process is a program that the stories started.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// launch starts cmd with its messages in a file.
func launch(cmd *exec.Cmd, log string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = out
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		_ = out.Close()
		close(p.ended)
	}()
	return p, nil
}

// stop asks the program to end, waits, and ends it if it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
