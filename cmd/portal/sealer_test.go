package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slipway.dev/slipway/internal/manifest"
)

// Without a key in the configuration one is made beside the database, once, for the owner alone.
func TestKeyBesideTheDatabase(t *testing.T) {
	c := &config{Database: database{Driver: "sqlite", Path: filepath.Join(t.TempDir(), "portal.db")}}
	tokens := make([]manifest.Token, 8)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			s, err := c.sealer()
			if err != nil {
				t.Error(err)
				return
			}
			tokens[i] = s.Seal(manifest.Place{}, "value")
		})
	}
	all.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == "" {
			t.Fatalf("portals that start at once have several keys: %v", tokens)
		}
	}
	file := c.Database.Path + keySuffix
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Errorf("there is %v too", left)
	}
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.sealer(); err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "short\n") {
		t.Errorf("a key that was cut off: %v", err)
	}
	c.Secrets.Key = secret{Env: "KEY", value: strings.Repeat("k", manifest.MinSealerKey)}
	if s, err := c.sealer(); err != nil || s.Seal(manifest.Place{}, "value") == tokens[0] {
		t.Errorf("the configured key is not used: %v", err)
	}
}
