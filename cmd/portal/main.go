// Command portal is Slipway: the web server, and what an operator needs around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(exitCode(err))
}

// usage marks an error of whoever called: of the command line or the configuration.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// exitCode is 0 for success, 2 where the caller has to change something and 1 for everything else.
func exitCode(err error) int {
	var u usage
	var p *problems
	switch {
	case err == nil:
		return 0
	case errors.As(err, &u), errors.As(err, &p):
		return 2
	}
	return 1
}
