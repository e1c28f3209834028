package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What deploy/ installs is a configuration that the portal takes, once the files of its Secrets are there.
func TestInstalledConfigurations(t *testing.T) {
	files, err := filepath.Glob("../../deploy/*/portal.yaml")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		out := theSurroundings(os.Getenv)
		out.read = func(path string) ([]byte, error) {
			if strings.HasPrefix(path, "/var/run/slipway/") {
				return []byte(strings.Repeat("k", 44)), nil
			}
			return readLimited(path)
		}
		c, err := loadConfig(file, out)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if c.OIDC.ClientSecret.value == "" || c.Database.Driver == "postgres" && (c.Secrets.Key.value == "" || c.Database.DSN.value == "") {
			t.Errorf("%s reads no secret", file)
		}
	}
}
