package handlers

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

func TestRefusalsOfPagesAreRecordedOnce(t *testing.T) {
	st, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(t.TempDir(), "portal.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := &server{Config: Config{Changes: change.NewService(change.Config{Store: st, Log: slog.New(slog.DiscardHandler)}), Log: slog.New(slog.DiscardHandler)}}
	anne := policy.Subject{Person: policy.Person{Identity: policy.Identity{Issuer: "https://idp", Subject: "anne"}, Name: "Anne"}}
	theirs := policy.Target{Team: "search", Environment: "production"}

	for _, tc := range []struct {
		name   string
		who    policy.Subject
		err    error
		target policy.Target
		want   string // "" where nothing is to be recorded
	}{
		{"not for this role", anne, &change.Refusal{Reason: "Only platform admins can see this page."}, policy.Target{}, "Asked for GET /admin. Only platform admins can see this page."},
		{"recorded by the service", anne, &change.Refusal{Reason: "You submitted it.", Recorded: true}, policy.Target{}, ""},
		{"another's", anne, &change.Foreign{Target: theirs}, theirs, "Asked for GET /admin, which is not there for this person."},
		{"another's, recorded by the service", anne, &change.Foreign{Target: theirs, Recorded: true}, theirs, ""},
		{"what never was", anne, change.ErrNotFound, policy.Target{}, ""},
		{"nobody", policy.Subject{}, &change.Refusal{Reason: "No."}, policy.Target{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, _, err := st.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), tc.who), http.MethodGet, "/admin", http.NoBody)
			c := echo.New().NewContext(r, httptest.NewRecorder())
			c.SetPath("/admin")
			s.noteRefusal(c, tc.err)
			page, err := st.Entries(t.Context(), audit.Filter{}, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if int64(len(page.Entries)) != before {
					t.Fatalf("recorded: %+v", page.Entries[0])
				}
				return
			}
			if int64(len(page.Entries)) != before+1 {
				t.Fatalf("%d entries were recorded, want 1", int64(len(page.Entries))-before)
			}
			got := page.Entries[0]
			if got.Detail != tc.want || got.Outcome != audit.Refused || got.Action != audit.Access || got.Target != tc.target || got.Actor.Subject != "anne" {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}
