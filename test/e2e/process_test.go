package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
	for port := 23100; port < 24000; port++ {
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
	stop, err = launch(cmd, log)
	if err != nil {
		return "", nil, err
	}
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
func startPortal(ctx context.Context, binary, config, base, log string) (stop func(), err error) {
	cmd := exec.Command(binary, "serve", "--config", config)
	cmd.Dir = filepath.Dir(config)
	cmd.Env = append(os.Environ(), "OIDC_CLIENT_SECRET="+clientSecret)
	ended := make(chan struct{})
	stop, err = launchWith(cmd, log, func() { close(ended) })
	if err != nil {
		return nil, err
	}
	err = eventually(ctx, time.Minute, func(ctx context.Context) error {
		select {
		case <-ended:
			out, _ := os.ReadFile(log)
			return fmt.Errorf("it ended:\n%s", out)
		default:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
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
	})
	if err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func launch(cmd *exec.Cmd, log string) (stop func(), err error) {
	return launchWith(cmd, log, func() {})
}

// launchWith starts cmd with its messages in a file. stop asks it to end, waits, and ends it if it
// does not.
func launchWith(cmd *exec.Cmd, log string, ended func()) (stop func(), err error) {
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
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		_ = out.Close()
		ended()
		close(done)
	}()
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	}, nil
}
