package store

import (
	"context"
	"errors"
	"fmt"

	"slipway.dev/slipway/internal/audit"
)

// ErrBroken means that the audit log is not as it was written. The error says at which entry.
var ErrBroken = errors.New("store: the audit log has been changed")

// Verify walks the whole log and checks that each entry is as it was written and follows the one
// before it. progress, if not nil, is called now and then with the Seq that has been reached. What was cut
// off at the end cannot be seen from within; compare Head with a checkpoint kept elsewhere.
func (s *Store) Verify(ctx context.Context, progress func(seq int64)) error {
	prev, seq := genesis, int64(0)
	return s.Each(ctx, audit.Filter{}, func(e audit.Entry) error {
		seq++
		if e.Seq != seq {
			return fmt.Errorf("%w: after entry %d comes entry %d", ErrBroken, seq-1, e.Seq)
		}
		if e.Prev != prev {
			return fmt.Errorf("%w: entry %d does not follow the entry before it", ErrBroken, seq)
		}
		if sealed := seal(prev, e); sealed.Hash != e.Hash {
			return fmt.Errorf("%w: entry %d is not as it was written", ErrBroken, seq)
		}
		prev = e.Hash
		if progress != nil && seq%eachPage == 0 {
			progress(seq)
		}
		return nil
	})
}
