package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// keySuffix is what the name of the key's file has after that of the SQLite database.
const keySuffix = ".key"

// sealer makes the tokens of secret values: with the configured key, or with one of its own, which is
// kept beside the SQLite database and made when it is not there.
func (c *config) sealer() (*manifest.Sealer, error) {
	if c.Secrets.Key.isSet() {
		return manifest.NewSealer([]byte(c.Secrets.Key.value))
	}
	file := c.Database.Path + keySuffix
	key, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("portal: the key for secret values, %s: %w\nThe portal makes it beside the database, or takes the one that secrets.key names", file, err)
	}
	s, err := manifest.NewSealer([]byte(strings.TrimSpace(string(key))))
	if err != nil {
		return nil, fmt.Errorf("portal: the key for secret values, %s, is too short: restore it from a backup, or remove it to have another one made", file)
	}
	return s, nil
}

// makeKey writes a new key for the owner alone. It is there whole or not at all, and when two portals
// start at once both have the same.
func makeKey(file string) ([]byte, error) {
	raw := make([]byte, manifest.MinSealerKey)
	_, _ = rand.Read(raw)                                                    // never fails
	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // with mode 0600
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(part.Name()) }()
	_, err = part.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(part.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(file)
}
