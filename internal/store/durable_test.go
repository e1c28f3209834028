package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/store"
)

// childEnv makes the test binary a process that commits until it is killed.
const childEnv = "SLIPWAY_STORE_CHILD"

func TestMain(m *testing.M) {
	if where := os.Getenv(childEnv); where != "" {
		driver, place, _ := strings.Cut(where, " ")
		commitForEver(store.Config{Driver: driver, Path: place, DSN: place})
	}
	os.Exit(m.Run())
}

// commitForEver says what it has committed only after it was told that it is.
func commitForEver(c store.Config) {
	ctx := timeoutContext()
	s, err := store.Open(ctx, c)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	say := func(state change.State, id int64, err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(state, id)
	}
	for i := 0; ; i++ {
		d := draft(change.Create, key(staging, fmt.Sprintf("k%d-%d", os.Getpid(), i)), change.Approved)
		made, err := s.Create(ctx, d, []audit.Entry{entry(audit.SubmitChange, d.App)})
		say(change.Approved, made.ID, err)
		got, err := s.Claim(ctx, "child", time.Millisecond, nil)
		say(change.Applying, got.ID, err)
		_, err = s.Update(ctx, got.ID, func(c *change.Change) (change.Commit, error) {
			c.State = change.Applied
			return change.Commit{Revision: true, Mine: []manifest.Ref{ref("a"), ref("b")}, Audit: []audit.Entry{entry(audit.ApplyChange, c.App)}}, nil
		})
		say(change.Applied, got.ID, err)
	}
}

func TestKilledInTheMiddleOfCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		open(t, c)
		acknowledged := map[int64]change.State{}
		for round := range 6 {
			killAfter(t, c, 3+5*round, acknowledged)
			s := open(t, c)
			if err := s.Verify(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			checkAcknowledged(t, s, acknowledged)
		}
	})
}

// killAfter starts the child, kills it once it has said so many lines, and notes what it said.
func killAfter(t *testing.T, c store.Config, lines int, acknowledged map[int64]change.State) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+c.Driver+" "+c.Path+c.DSN)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 0; said.Scan(); n++ {
		state, id, ok := strings.Cut(said.Text(), " ")
		number, err := strconv.ParseInt(id, 10, 64)
		if !ok || err != nil {
			t.Errorf("the child says %q", said.Text())
			break
		}
		acknowledged[number] = change.State(state)
		if n == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait()
}

// rank orders the states that a change goes through here.
var rank = map[change.State]int{change.Approved: 1, change.Applying: 2, change.Applied: 3}

func checkAcknowledged(t *testing.T, s *store.Store, acknowledged map[int64]change.State) {
	t.Helper()
	for id, state := range acknowledged {
		c, err := s.Change(t.Context(), id)
		if err != nil || rank[c.State] < rank[state] {
			t.Errorf("#%d was acknowledged as %s and is %s (%v)", id, state, c.State, err)
			continue
		}
		got := entries(t, s, audit.Filter{Change: id})
		want := 1
		if c.State == change.Applied {
			want = 2
		}
		if len(got) != want {
			t.Errorf("#%d is %s and has %d audit entries, want %d", id, c.State, len(got), want)
		}
		refs, err := s.Inventory(t.Context(), c.App)
		if wanted := map[bool]int{true: 2}[c.State == change.Applied]; err != nil || len(refs) != wanted {
			t.Errorf("#%d is %s and has the inventory %v (%v)", id, c.State, refs, err)
		}
	}
	if len(acknowledged) == 0 {
		t.Error("the child did nothing")
	}
}

func TestFullDisk(t *testing.T) {
	s := open(t, sqliteConfig(t))
	var pages int
	if err := s.WriteDB().QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := s.WriteDB().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages + 60)
	made := 0
	var err error
	for ; err == nil && made < 1000; made++ {
		d := draft(change.Create, key(staging, name(made)), change.Pending)
		d.Rendered = []byte(strings.Repeat("x", 3000))
		_, err = s.Create(t.Context(), d, []audit.Entry{entry(audit.SubmitChange, d.App)})
	}
	made--
	if !errors.Is(err, change.ErrUnavailable) || made == 0 {
		t.Fatalf("after %d changes: %v", made, err)
	}
	list, err := s.Changes(t.Context(), change.Query{Limit: 1000})
	if err != nil || len(list) != made {
		t.Errorf("reading: %d changes (%v), want %d", len(list), err, made)
	}
	if apps, err := s.Applications(t.Context(), nil); err != nil || len(apps) != made {
		t.Errorf("%d applications for %d changes (%v)", len(apps), made, err)
	}
	if n := len(entries(t, s, audit.Filter{})); n != made {
		t.Errorf("%d audit entries for %d changes", n, made)
	}
	if err := s.Verify(t.Context(), nil); err != nil {
		t.Error(err)
	}
	limit(1 << 30)
	create(t, s, draft(change.Create, key(production, "again"), change.Pending))
	if err := s.Verify(t.Context(), nil); err != nil {
		t.Errorf("after there was room again: %v", err)
	}
}
