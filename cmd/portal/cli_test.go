package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.jsonl")
	if err := os.WriteFile(broken, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	documented := example(t)
	for name, row := range map[string]struct {
		args []string
		code int
		says string // in the output or in the error
	}{
		"version":               {[]string{"version"}, 0, "portal "},
		"help":                  {[]string{"--help"}, 0, "audit verify"},
		"nothing":               {nil, 2, "--help"},
		"unknown command":       {[]string{"deploy"}, 2, "deploy"},
		"serve without a file":  {[]string{"serve"}, 2, "--config"},
		"serve, file missing":   {[]string{"serve", "--config", "no-such.yaml"}, 2, "there is no such file"},
		"check, good":           {[]string{"config", "check", "--config", documented}, 0, "2 clusters, 2 teams, 3 environments, 4 targets"},
		"check, bad":            {[]string{"config", "check", "--config", "testdata/config/unknown-keys.yaml"}, 2, "did you mean listen?"},
		"verify, no file":       {[]string{"audit", "verify", filepath.Join(dir, "none")}, 2, "there is no such file"},
		"verify, not an export": {[]string{"audit", "verify", broken}, 1, "line 1"},
		"export, bad time":      {[]string{"audit", "export", "--config", documented, "--since", "yesterday"}, 2, "--since"},
		"export, bad format":    {[]string{"audit", "export", "--config", documented, "--format", "xml"}, 2, "xml"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			env := func(name string) string { return map[string]string{"SLIPWAY_DSN": "postgres://nowhere"}[name] }
			err := run(t.Context(), row.args, &out, &errs, env)
			if got := exitCode(err); got != row.code {
				t.Errorf("exit code %d, want %d: %v", got, row.code, err)
			}
			all := out.String() + errs.String()
			if err != nil {
				all += err.Error()
			}
			if !strings.Contains(all, row.says) {
				t.Errorf("%q is not in %q", row.says, all)
			}
		})
	}
}
