package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"slipway.dev/slipway/internal/catalog"
)

// Library holds the catalogue of now. It is safe for concurrent use.
type Library struct {
	log     *slog.Logger
	current atomic.Pointer[catalog.Catalog]

	mu   sync.Mutex
	held []*held // in the order of the configuration
}

// held is a source with what it last gave.
type held struct {
	source    Source
	templates []*catalog.Template
	notes     []string // of the content
	status    Status
}

// Open reads every source once and makes the catalogue. A source that cannot be read is no error: its
// Status says why, and Run tries it again. Sources that come first count where two have the same
// version of a template.
func Open(ctx context.Context, log *slog.Logger, sources ...Source) *Library {
	l := &Library{log: log}
	for _, s := range sources {
		l.held = append(l.held, &held{source: s, status: Status{Name: s.Name()}})
	}
	l.swap()
	var reading sync.WaitGroup
	for _, h := range l.held {
		reading.Go(func() { l.read(ctx, h) })
	}
	reading.Wait()
	return l
}

// Run reads the sources again and again until ctx ends.
func (l *Library) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, h := range l.held {
		if h.source.Every() > 0 {
			running.Go(func() { l.follow(ctx, h) })
		}
	}
	running.Wait()
}

func (l *Library) follow(ctx context.Context, h *held) {
	tick := time.NewTicker(h.source.Every())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.read(ctx, h)
		}
	}
}

// read reads one source and swaps the catalogue if that gave something new.
func (l *Library) read(ctx context.Context, h *held) {
	soon, cancel := context.WithTimeout(ctx, h.source.Patience())
	defer cancel()
	content, err := h.source.Read(soon)
	if ctx.Err() != nil {
		return
	}
	now := time.Now().UTC()
	var all []*catalog.Template
	if err == nil {
		all, err = content.templates(h.source.Name(), h.templates)
	}
	if err == nil {
		l.took(ctx, h, content, all, now)
		return
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it did not answer within %v", h.source.Patience())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h.status.Tried = now
	before := h.status.Problem
	h.status.Problem = ""
	if !errors.Is(err, ErrUnchanged) {
		h.status.Problem = err.Error()
	} else {
		h.status.Read, h.status.Cached = now, false
	}
	if h.status.Problem != before && h.status.Problem != "" {
		l.log.ErrorContext(ctx, "a source of templates cannot be read; what it gave before stays", "source", h.status.Name, "err", err)
	}
}

func (l *Library) took(ctx context.Context, h *held, content Content, all []*catalog.Template, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.templates, h.notes = all, content.Notes
	h.status = Status{Name: h.source.Name(), Read: now, Tried: now, Cached: content.Cached, Problem: content.Problem}
	for _, t := range all {
		if t.Broken == nil {
			h.status.Templates++
			continue
		}
		h.status.Broken++
		l.log.ErrorContext(ctx, "a template cannot be used", "template", t.ID.String(), "source", h.status.Name, "err", t.Broken)
	}
	l.swapLocked()
	l.log.InfoContext(ctx, "templates are loaded", "source", h.status.Name, "usable", h.status.Templates, "broken", h.status.Broken)
}

func (l *Library) swap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swapLocked()
}

// swapLocked makes the catalogue of what all sources hold.
func (l *Library) swapLocked() {
	var all []*catalog.Template
	for _, h := range l.held {
		all = append(all, h.templates...)
	}
	c, shadowed := catalog.New(all)
	for _, h := range l.held {
		h.status.Notes = slices.Clone(h.notes)
		for _, t := range shadowed {
			if slices.Contains(h.templates, t) {
				h.status.Notes = append(h.status.Notes, t.ID.String()+" is in a source that comes before this one, and is taken from there.")
			}
		}
	}
	l.current.Store(c)
}

// Catalog is the catalogue of now. Whoever looks at several things in it takes it once.
func (l *Library) Catalog() *catalog.Catalog { return l.current.Load() }

// Templates is that of the catalogue of now.
func (l *Library) Templates() []*catalog.Template { return l.Catalog().Templates() }

// Template is that of the catalogue of now.
func (l *Library) Template(id catalog.TemplateID) (*catalog.Template, error) {
	return l.Catalog().Template(id)
}

// Newest is that of the catalogue of now.
func (l *Library) Newest(name string) (*catalog.Template, error) { return l.Catalog().Newest(name) }

// Versions is that of the catalogue of now.
func (l *Library) Versions(name string) []*catalog.Template { return l.Catalog().Versions(name) }

// Sources says how each source does, in the order of the configuration.
func (l *Library) Sources() []Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Status, len(l.held))
	for i, h := range l.held {
		out[i] = h.status
		out[i].Notes = slices.Clone(h.status.Notes)
	}
	return out
}
