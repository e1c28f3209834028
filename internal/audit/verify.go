package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrCSV means that a file is a CSV export.
var ErrCSV = errors.New("this is a CSV export, whose cells were made safe for spreadsheets; export JSON lines to verify them")

// problemLimit is the most problems that a Report lists.
const problemLimit = 20

// LineProblem is what is wrong with one line of an export.
type LineProblem struct {
	Line    int
	Message string
}

// Report is what the verification of an export found.
type Report struct {
	Entries     int
	First, Last Entry // zero without entries
	Runs        int   // parts without gaps; 1 means that every entry follows the one before it
	Longest     Run   // the longest of them
	Problems    []LineProblem
	More        int // problems that are not listed
}

// OK tells whether every line is as it was written.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// VerifyFile checks an export in JSON lines, in constant memory. The error is ErrCSV, or that the
// file could not be read; what is wrong with the entries stands in the Report.
func VerifyFile(r io.Reader) (Report, error) {
	br := bufio.NewReader(r)
	begin, _ := br.Peek(len(csvHeader[0]) + len(csvHeader[1]) + 1)
	if bytes.HasPrefix(begin, []byte(csvHeader[0]+","+csvHeader[1])) {
		return Report{}, ErrCSV
	}
	dec, v := NewDecoder(br), Verifier{}
	var report Report
	for {
		e, err := dec.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *LineError
		if errors.As(err, &bad) {
			report.add(bad.Line, bad.Err.Error())
			continue
		}
		if err != nil {
			return report, fmt.Errorf("the file cannot be read: %w", err)
		}
		var broken *BrokenLink
		if err := v.Add(e); errors.As(err, &broken) {
			report.add(dec.Line(), broken.Reason)
		}
	}
	report.Entries, report.First, report.Last = v.count, v.first, v.last
	report.Runs, report.Longest = v.runs, v.longest
	return report, nil
}

func (r *Report) add(line int, message string) {
	if len(r.Problems) >= problemLimit {
		r.More++
		return
	}
	r.Problems = append(r.Problems, LineProblem{Line: line, Message: message})
}

// String is the report in plain words.
func (r Report) String() string {
	var b strings.Builder
	switch {
	case r.Entries == 0 && r.OK():
		return "The file has no entries, so there is nothing to prove.\n"
	case r.OK():
		fmt.Fprintf(&b, "%s, each as it was written.\n", count(r.Entries, "entry", "entries"))
	default:
		problems := len(r.Problems) + r.More
		fmt.Fprintf(&b, "This is not the log as it was written: %s in %s.\n", count(problems, "problem", "problems"), count(r.Entries, "entry", "entries"))
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "  line %d: %s\n", p.Line, p.Message)
		}
		if r.More > 0 {
			fmt.Fprintf(&b, "  and %d more\n", r.More)
		}
	}
	if r.Entries > 0 {
		fmt.Fprintf(&b, "First: entry %d of %s, hash %s\n", r.First.Seq, when(r.First), r.First.Hash)
		fmt.Fprintf(&b, "Last:  entry %d of %s, hash %s\n", r.Last.Seq, when(r.Last), r.Last.Hash)
	}
	if r.OK() {
		b.WriteString(r.proved())
	}
	return b.String()
}

func when(e Entry) string { return e.Time.UTC().Format(time.RFC3339) }

// proved says what the entries prove, and what they cannot.
func (r Report) proved() string {
	switch {
	case r.Runs > 1:
		return fmt.Sprintf("The file has gaps, as an export with filters has: it is %s, the longest from entry %d to %d. "+
			"Within each of them nothing is missing; what lies between them is not proved.\n",
			count(r.Runs, "unbroken run", "unbroken runs"), r.Longest.First, r.Longest.Last)
	case r.First.Seq == 1:
		return "Nothing is missing from the first entry of the log to the last one here. Whether entries followed it, " +
			"the file alone cannot tell: compare the last hash with one that was kept elsewhere.\n"
	default:
		return "Nothing is missing between the first and the last entry here. Whether entries came before and after them, " +
			"the file alone cannot tell: compare the hashes with ones that were kept elsewhere.\n"
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
