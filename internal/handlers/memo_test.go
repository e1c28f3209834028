package handlers

import (
	"errors"
	"sync"
	"testing"
)

func TestMemo(t *testing.T) {
	var m memo
	drawn := 0
	draw := func() ([]byte, error) { drawn++; return []byte("list"), nil }
	var tabs sync.WaitGroup
	for range 50 {
		tabs.Go(func() {
			if b, err := m.get([2]uint64{1, 1}, "payments", draw); string(b) != "list" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
	tabs.Wait()
	if drawn != 1 {
		t.Errorf("drawn %d times for 50 tabs", drawn)
	}
	_, _ = m.get([2]uint64{1, 1}, "search", draw)
	_, _ = m.get([2]uint64{1, 2}, "payments", draw)
	_, _ = m.get([2]uint64{2, 2}, "payments", draw)
	if drawn != 4 {
		t.Errorf("drawn %d times; another class and each new state need their own", drawn)
	}
	broken := errors.New("away")
	if _, err := m.get([2]uint64{3, 2}, "payments", func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if b, err := m.get([2]uint64{3, 2}, "payments", draw); string(b) != "list" || err != nil {
		t.Errorf("an error was kept: %q, %v", b, err)
	}
}
