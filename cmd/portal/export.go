package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/store"
)

type exportCommand struct {
	configFlag
	Format      string `default:"jsonl" enum:"jsonl,csv" help:"jsonl, which can be verified, or csv, for a spreadsheet."`
	Person      string `help:"Only what this person did: the subject, or a part of the name or e-mail address."`
	Team        string `help:"Only this team."`
	Environment string `help:"Only this environment."`
	Application string `help:"Only this application."`
	Action      string `help:"Only this action, e.g. \"approve change\"."`
	Outcome     string `help:"Only this outcome: done, refused, failed, intent or unknown."`
	Change      string `help:"Only this change, by its number."`
	Text        string `help:"Only entries that hold this text."`
	Since       string `help:"Only from this time on: 2006-01-02, RFC 3339, or so long ago, e.g. 7d."`
	Until       string `help:"Only before this time; a day is included."`
}

func (x exportCommand) query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{
		"person": x.Person, "team": x.Team, "environment": x.Environment, "application": x.Application, "action": x.Action,
		"outcome": x.Outcome, "change": x.Change, "text": x.Text, "since": x.Since, "until": x.Until,
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// Run writes the entries that the flags choose. That somebody did so is itself an entry, written
// first: an export that cannot be recorded does not happen.
func (x exportCommand) Run(e *environs) error {
	filter, bad := audit.ParseFilter(x.query(), now())
	if len(bad) > 0 {
		return usage{fmt.Errorf("portal: --%s: %s", bad[0].Field, bad[0].Message)}
	}
	c, err := x.load(e)
	if err != nil {
		return err
	}
	if c.Database.Driver == store.SQLite {
		if _, err := os.Stat(c.Database.Path); err != nil {
			return fmt.Errorf("portal: the database %s: %s", c.Database.Path, plainly(err))
		}
	}
	st, err := openStore(e.ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // read only by now
	entry := audit.Entry{
		Actor:  audit.Actor{Person: policy.Person{Name: "command line"}, Portal: true},
		Action: audit.ExportAudit, Outcome: audit.Done,
		Detail: strings.TrimSpace("As " + x.Format + " on the portal's host. " + filter.Query().Encode()),
	}
	if err := st.Record(e.ctx, entry); err != nil {
		return fmt.Errorf("portal: the export could not be written to the audit log, so it was not made: %w", err)
	}
	return x.write(e.ctx, st, filter, e.stdout)
}

func (x exportCommand) write(ctx context.Context, st *store.Store, f audit.Filter, to io.Writer) error {
	enc := audit.NewJSONLines(to)
	if x.Format == "csv" {
		enc = audit.NewCSV(to)
	}
	if err := st.Each(ctx, f, enc.Encode); err != nil {
		return fmt.Errorf("portal: the export is not complete: %w", err)
	}
	if err := enc.Flush(); err != nil {
		return fmt.Errorf("portal: the export is not complete: %w", err)
	}
	return nil
}
