package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"slipway.dev/slipway/internal/audit"
)

// version is set when a release is built: -ldflags "-X main.version=1.2.3".
var version string

// buildVersion is the release's version, or where there is none the commit.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "development, " + s.Value[:12]
			}
		}
	}
	return "development"
}

type commandLine struct {
	Serve  serveCommand `cmd:"" help:"Run the portal."`
	Config struct {
		Check checkCommand `cmd:"" help:"Check a configuration file and what it refers to, and do nothing else."`
	} `cmd:"" help:"Check the configuration."`
	Audit struct {
		Verify verifyCommand `cmd:"" help:"Check an exported audit log (JSON lines), without the portal or its database."`
		Export exportCommand `cmd:"" help:"Write the audit log, oldest entry first, to the standard output."`
	} `cmd:"" help:"Verify and export the audit log."`
	Render   renderCommand    `cmd:"" help:"Make the manifests of applications that stand in files, without a cluster."`
	Template templateCommands `cmd:"" help:"Write, check and test templates."`
	Version  versionCommand   `cmd:"" help:"Print the version."`
}

type configFlag struct {
	Config string `required:"" placeholder:"FILE" help:"The configuration file."`
}

func (f configFlag) load(e *environs) (*config, error) {
	return loadConfig(f.Config, theSurroundings(e.getenv))
}

// environs are what a command has around it.
type environs struct {
	ctx            context.Context //nolint:containedctx // lives as long as one command
	stdout, stderr io.Writer
	getenv         func(string) string
}

// run carries out one command line. The error is for people to read.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			left, ok := p.(exited)
			if !ok {
				panic(p)
			}
			if left != 0 {
				err = usage{fmt.Errorf("portal: left with %d", left)}
			}
		}
	}()
	k, err := kong.New(new(commandLine),
		kong.Name("portal"),
		kong.Description("Slipway, a self-service deployment portal for Kubernetes."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return fmt.Errorf("portal: the command line: %w", err)
	}
	command, err := k.Parse(args)
	if err != nil {
		return usage{fmt.Errorf("portal: %w; portal --help lists what there is", err)}
	}
	return command.Run(&environs{ctx: ctx, stdout: stdout, stderr: stderr, getenv: getenv})
}

// exited is how kong's wish to leave, after printing help, gets out of it.
type exited int

type serveCommand struct{ configFlag }

// Run serves until the process is told to end.
func (s serveCommand) Run(e *environs) error {
	c, err := s.load(e)
	if err != nil {
		return err
	}
	return serve(e.ctx, c, newLogger(c.Log, e.stderr), nil)
}

type checkCommand struct{ configFlag }

// Run says that all is well, or fails with what is not.
func (s checkCommand) Run(e *environs) error {
	c, err := s.load(e)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is fine: %d clusters, %d teams, %d environments, %d targets.\n",
		s.Config, len(c.Clusters), len(c.Teams), len(c.Environments), len(c.Targets))
	return nil
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(e *environs) error {
	_, err := fmt.Fprintln(e.stdout, "portal "+buildVersion())
	return err
}

type verifyCommand struct {
	File string `arg:"" help:"An export in JSON lines; - reads the standard input."`
}

var errChanged = errors.New("portal: the log was changed")

// Run prints what the file proves. It fails where the file is not what was written.
func (v verifyCommand) Run(e *environs) error {
	in := io.Reader(os.Stdin)
	if v.File != "-" {
		f, err := os.Open(v.File)
		if err != nil {
			return usage{fmt.Errorf("portal: %s: %s", v.File, plainly(err))}
		}
		defer f.Close()
		in = f
	}
	report, err := audit.VerifyFile(in)
	if err != nil {
		return usage{fmt.Errorf("portal: %s: %w", v.File, err)}
	}
	fmt.Fprint(e.stdout, report)
	if !report.OK() {
		return errChanged
	}
	return nil
}

// now is when a command runs, for times given as "7d".
func now() time.Time { return time.Now().UTC() }
