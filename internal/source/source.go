// Package source fetches templates from where they are kept, and keeps the catalogue that the portal
// serves up to date with them.
//
// A Source gives Content: files in memory, one folder for each version of a chart. Whatever the source
// is, its files come through the same path with the same limits, see tree. A Library reads each source
// again and again and, when something is new, loads it and swaps the catalogue for another one. A
// catalogue itself never changes, so a request that has begun with one ends with it.
//
// Nothing that goes wrong with one source touches another. A source that is away keeps what it last
// gave, and says since when; a chart that is broken is shown as broken.
package source

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"slipway.dev/slipway/internal/catalog"
)

// ErrUnchanged is returned by Source.Read when the content is what the Read before gave.
var ErrUnchanged = errors.New("source: unchanged")

// Source is a place where templates are kept. Its methods are called by one goroutine at a time.
type Source interface {
	// Name says for people what it is, without credentials: "built in", "oci://registry.example.com/charts".
	Name() string
	// Read gives what is there now, ErrUnchanged, or an error whose text is fit for a platform admin.
	Read(ctx context.Context) (Content, error)
	// Every is how long to wait between two Reads; 0 means that one is enough.
	Every() time.Duration
	// Patience is how long one Read may take.
	Patience() time.Duration
}

// Content is what a source gave.
type Content struct {
	Files  fs.FS             // a folder at the top for each version of a chart
	Broken map[string]error  // by folder: charts whose files could not be taken, and why
	Pins   map[string]string // by folder: see catalog.Origin.Pin
	Notes  []string          // what an admin should know of single charts or versions, one sentence each
	// Cached tells that this is what an earlier run of the portal was given, and Problem why it could not
	// be asked for anew.
	Cached  bool
	Problem string
}

// templates loads the charts of a content. What has not changed since before is not loaded again.
func (c Content) templates(from string, before []*catalog.Template) ([]*catalog.Template, error) {
	all, err := catalog.LoadAll(c.Files, before...)
	if err != nil {
		return nil, err
	}
	for _, folder := range slices.Sorted(maps.Keys(c.Broken)) {
		name, version, _ := strings.Cut(folder, "@")
		t := &catalog.Template{
			ID: catalog.TemplateID{Name: name, Version: version}, About: catalog.About{Title: name}, Broken: c.Broken[folder],
		}
		t.Origin.Folder = folder
		all = append(all, t)
	}
	for _, t := range all {
		t.Origin.Source, t.Origin.Pin = from, c.Pins[t.Origin.Folder]
	}
	return all, nil
}

// folderFor names the folder of a version where a source has several.
func folderFor(name, version string) string {
	return name + "@" + strings.ReplaceAll(version, "/", "_")
}

// Status is what is known of a source.
type Status struct {
	Name      string
	Read      time.Time // when it last answered; zero for never
	Tried     time.Time
	Problem   string   // why it could not be read the last time; empty when it could
	Cached    bool     // what it has is from the disk, since it was not reached since the start
	Notes     []string // one sentence each
	Templates int      // versions that can be used
	Broken    int      // versions that cannot
}
