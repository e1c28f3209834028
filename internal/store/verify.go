package store

import (
	"context"

	"slipway.dev/slipway/internal/audit"
)

// Verify walks the whole log and checks that each entry is as it was written and follows the one
// before it: the error is an *audit.BrokenLink at the first that does not. progress, if not nil, is
// called now and then with the Seq that has been reached. What was cut off at the end cannot be seen
// from within; compare Head with a checkpoint that is kept elsewhere.
func (s *Store) Verify(ctx context.Context, progress func(seq int64)) error {
	v := audit.Verifier{Whole: true}
	// What is remembered of actors and targets may be older than what stands in the database now.
	return s.each(ctx, audit.Filter{}, new(names), func(e audit.Entry) error {
		if progress != nil && e.Seq%eachPage == 0 {
			progress(e.Seq)
		}
		return v.Add(e)
	})
}
