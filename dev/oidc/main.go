// Command oidc is an OpenID Connect provider for development and tests: Dex, embedded, with one
// account for each role that Slipway knows. Everything is kept in memory. It is no provider for
// real people: all accounts share one well-known password.
//
// It prints one line, "issuer URL", as soon as it can be reached, and ends on SIGINT, SIGTERM or,
// with -until-eof, when its standard input ends.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "oidc: %v\n", err)
		}
		os.Exit(1)
	}
}

// options are what the command line chooses.
type options struct {
	listen     string
	issuer     string
	clientID   string
	secretFile string
	redirects  redirects
	lifetime   time.Duration
	untilEOF   bool
	verbose    bool
}

// redirects is a flag that may be given several times.
type redirects []string

// String implements flag.Value.
func (r *redirects) String() string { return strings.Join(*r, " ") }

// Set implements flag.Value; it takes absolute http and https addresses only.
func (r *redirects) Set(value string) error {
	u, err := url.Parse(value)
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%q is not an absolute http or https address", value)
	}
	*r = append(*r, value)
	return nil
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("oidc", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:5556", "address to listen on; port 0 takes any free one")
	flags.StringVar(&o.issuer, "issuer", "", "issuer URL (default: http://, the address listened on, /dex)")
	flags.StringVar(&o.clientID, "client-id", "slipway", "client that may ask for tokens")
	flags.StringVar(&o.secretFile, "client-secret-file", "", "file with the client's secret (default: the environment variable OIDC_CLIENT_SECRET)")
	flags.Var(&o.redirects, "redirect", "address that the client may ask to be redirected to; may be given several times")
	flags.DurationVar(&o.lifetime, "token-lifetime", time.Hour, "how long ID and access tokens are valid")
	flags.BoolVar(&o.untilEOF, "until-eof", false, "end when standard input ends, so that a caller that dies leaves nothing running")
	flags.BoolVar(&o.verbose, "verbose", false, "log every request that Dex logs, not only warnings")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if len(o.redirects) == 0 {
		return o, errors.New("at least one -redirect is needed, for example -redirect http://localhost:8080/auth/callback")
	}
	return o, nil
}

// secret reads the client's secret from the file named on the command line or else from the environment.
func (o options) secret(env func(string) string) (string, error) {
	if o.secretFile == "" {
		if s := env("OIDC_CLIENT_SECRET"); s != "" {
			return s, nil
		}
		return "", errors.New("the client needs a secret: give -client-secret-file or set OIDC_CLIENT_SECRET")
	}
	raw, err := os.ReadFile(o.secretFile)
	if err != nil {
		return "", fmt.Errorf("client's secret: %w", err)
	}
	s := strings.TrimSpace(string(raw))
	if s == "" {
		return "", fmt.Errorf("client's secret: %s is empty", o.secretFile)
	}
	return s, nil
}

// run serves until ctx ends (or stdin does, when asked) and has waited for requests under way when it returns.
func run(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	secret, err := o.secret(env)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with -listen", err)
	}
	defer listener.Close() //nolint:errcheck // Serve closes it too; whichever comes second gets an error.
	if o.issuer == "" {
		o.issuer = "http://" + listener.Addr().String() + "/dex"
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	handler, err := newProvider(ctx, logger, o, secret)
	if err != nil {
		return err
	}
	if o.untilEOF {
		go func() { // Ends with the process at the latest: a read from stdin cannot be cut short.
			_, _ = bufio.NewReader(stdin).WriteTo(io.Discard)
			cancel()
		}()
	}
	return serve(ctx, listener, handler, func() { fmt.Fprintf(stdout, "issuer %s\n", o.issuer) })
}

// serve answers requests on the listener until ctx ends, then lets those under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, ready func()) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
	}
	<-failed
	return nil
}
