package audit

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Encoder writes entries one by one. What it wrote is complete after Flush.
type Encoder interface {
	Encode(e Entry) error
	Flush() error
}

// csvHeader names the columns.
var csvHeader = []string{
	"seq", "time", "issuer", "subject", "name", "email", "portal", "action", "outcome", "team", "environment",
	"application", "change", "object", "digest", "ran_as", "detail", "request_id", "remote_ip", "user_agent", "prev", "hash",
}

type csvEncoder struct {
	w      *csv.Writer
	header bool
	row    []string
}

// NewCSV writes entries as CSV (RFC 4180) with a header, for spreadsheets: times are RFC 3339 in UTC,
// and cells that a spreadsheet would take for a formula begin with an apostrophe. The header is
// written even if no entry follows.
func NewCSV(w io.Writer) Encoder {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	return &csvEncoder{w: cw, row: make([]string, 0, len(csvHeader))}
}

func (c *csvEncoder) begin() error {
	if c.header {
		return nil
	}
	c.header = true
	return c.w.Write(csvHeader)
}

// Encode writes one row.
func (c *csvEncoder) Encode(e Entry) error {
	if err := c.begin(); err != nil {
		return err
	}
	change := ""
	if e.Change != 0 {
		change = strconv.FormatInt(e.Change, 10)
	}
	c.row = append(c.row[:0], strconv.FormatInt(e.Seq, 10), e.Time.UTC().Format(time.RFC3339Nano))
	c.cells(e.Actor.Issuer, e.Actor.Subject, e.Actor.Name, e.Actor.Email)
	c.row = append(c.row, strconv.FormatBool(e.Actor.Portal))
	c.cells(string(e.Action), string(e.Outcome), e.Target.Team, e.Target.Environment, e.Application)
	c.row = append(c.row, change)
	c.cells(e.Object, e.Digest, e.RanAs, e.Detail, e.Request.ID, e.Request.RemoteIP, e.Request.UserAgent, e.Prev, e.Hash)
	return c.w.Write(c.row)
}

func (c *csvEncoder) cells(texts ...string) {
	for _, s := range texts {
		c.row = append(c.row, Cell(s))
	}
}

// Flush writes out what is buffered.
func (c *csvEncoder) Flush() error {
	if err := c.begin(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// Cell makes a text safe as a cell of a spreadsheet. Text that begins with = + - @, in any width,
// with a control character, or with such a character behind spaces or quotes, gets an apostrophe in
// front, which spreadsheets take for "this is text". So does text that begins with an apostrophe,
// so that taking one away gives back what it was. Control characters become spaces.
func Cell(s string) string {
	s = visible(s)
	if s != "" && (s[0] == '\'' || formula(s)) {
		return "'" + s
	}
	return s
}

// TextOfCell is the text that Cell made safe.
func TextOfCell(cell string) string { return strings.TrimPrefix(cell, "'") }

// formula tells whether a spreadsheet may take s for a formula or a command.
func formula(s string) bool {
	if c := s[0]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return false // nearly all cells
	}
	s = strings.TrimLeftFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("\"'`“”‘’„‚«»", r)
	})
	for _, r := range s {
		return strings.ContainsRune("=+-@|%＝＋－＠﹢﹣﹦﹫−", r)
	}
	return false
}
