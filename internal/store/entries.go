package store

import (
	"context"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// The limits of a page of the audit log.
const (
	defaultPage = 100
	maxPage     = 1000
	eachPage    = 2000 // how many entries Each reads at a time
)

// Entries gives a page of the log, newest first: at most limit entries (0 means 100, the most is
// 1000) with a Seq below before (0 for the newest).
//
// Every filter but Text finds its entries by an index, so it is quick in a long log. Text, and rare
// combinations, read entries from the newest on until the page is full; ctx ends that.
func (s *Store) Entries(ctx context.Context, f audit.Filter, before int64, limit int) (audit.Page, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	search, err := s.search(ctx, f, &s.names)
	if err != nil {
		return audit.Page{}, wrap("search the audit log", err)
	}
	search.below(before)
	entries, err := search.entries(ctx, limit+1, newestFirst)
	if err != nil {
		return audit.Page{}, wrap("read the audit log", err)
	}
	page := audit.Page{Entries: entries}
	if len(entries) > limit {
		page.Entries = entries[:limit]
		page.Before = entries[limit-1].Seq
	}
	return page, nil
}

// Entry gives one entry, if its target is among visible (nil for all). change.ErrNotFound.
func (s *Store) Entry(ctx context.Context, seq int64, visible []policy.Target) (audit.Entry, error) {
	search, err := s.search(ctx, audit.Filter{Visible: visible}, &s.names)
	if err != nil {
		return audit.Entry{}, wrap("search the audit log", err)
	}
	search.below(seq + 1)
	search.above(seq - 1)
	entries, err := search.entries(ctx, 1, newestFirst)
	if err != nil {
		return audit.Entry{}, wrap("read the audit log", err)
	}
	if len(entries) == 0 {
		return audit.Entry{}, change.ErrNotFound
	}
	return entries[0], nil
}

// Count tells how many entries f chooses, counting up to most; more tells that there are further ones.
func (s *Store) Count(ctx context.Context, f audit.Filter, most int) (n int, more bool, err error) {
	search, err := s.search(ctx, f, &s.names)
	if err != nil {
		return 0, false, wrap("search the audit log", err)
	}
	n, err = search.count(ctx, most+1)
	if err != nil {
		return 0, false, wrap("count audit entries", err)
	}
	return min(n, most), n > most, nil
}

// Each calls fn for each entry that f chooses and that is there when Each begins, oldest first. It
// reads in pages, so it needs constant memory and holds nothing in the database while fn runs. It
// stops at fn's error and returns it.
func (s *Store) Each(ctx context.Context, f audit.Filter, fn func(audit.Entry) error) error {
	return s.each(ctx, f, &s.names, fn)
}

func (s *Store) each(ctx context.Context, f audit.Filter, n *names, fn func(audit.Entry) error) error {
	last, _, err := s.Head(ctx)
	if err != nil {
		return err
	}
	search, err := s.search(ctx, f, n)
	if err != nil {
		return wrap("search the audit log", err)
	}
	search.below(last + 1)
	for {
		entries, err := search.entries(ctx, eachPage, oldestFirst)
		if err != nil {
			return wrap("read the audit log", err)
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if len(entries) < eachPage {
			return nil
		}
		search.above(entries[len(entries)-1].Seq)
	}
}

// Head gives the newest entry's Seq and Hash; 0 and audit.Genesis while there is none.
func (s *Store) Head(ctx context.Context) (seq int64, hash string, err error) {
	seq, hash, err = lastEntry(ctx, s.read)
	return seq, hash, wrap("read the end of the audit log", err)
}
