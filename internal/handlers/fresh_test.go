package handlers

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// A hundred readers whom one commit wakes read once, and never something older than the commit.
func TestFreshIsReadOnce(t *testing.T) {
	var f fresh[uint64]
	var reads atomic.Int64
	for seq := uint64(1); seq <= 20; seq++ {
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got, err := f.get(seq, "api", func() (uint64, error) { reads.Add(1); return seq, nil })
				if err != nil || got < seq {
					t.Errorf("after commit %d: read of %d, %v", seq, got, err)
				}
			})
		}
		all.Wait()
	}
	if n := reads.Load(); n != 20 {
		t.Errorf("%d reads after 20 commits", n)
	}
	if _, err := f.get(19, "api", func() (uint64, error) { t.Error("read again for an old commit"); return 0, nil }); err != nil {
		t.Error(err)
	}
}

func TestFreshKeepsNoErrorsAndNoStrangers(t *testing.T) {
	var f fresh[int]
	away := errors.New("away")
	if _, err := f.get(1, "api", func() (int, error) { return 0, away }); !errors.Is(err, away) {
		t.Error(err)
	}
	if got, err := f.get(1, "api", func() (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Error("an error was kept", got, err)
	}
	if got, _ := f.get(1, "of somebody who may less", func() (int, error) { return 3, nil }); got != 3 {
		t.Error("classes of readers were mixed up", got)
	}
	for i := range 3 * mostKept {
		_, _ = f.get(1, string(rune(i)), func() (int, error) { return i, nil })
	}
	if n := len(f.kept); n > mostKept+1 {
		t.Errorf("%d classes are remembered", n)
	}
}
