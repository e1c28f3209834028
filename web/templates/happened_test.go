package templates

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
)

func event(age time.Duration, word status.Word, kind, name, reason, message string, n int32) status.Event {
	return status.Event{
		Time: sampleNow.Add(-age), Word: word, Object: manifest.Ref{Kind: kind, Name: name},
		Reason: reason, Message: message, Count: n,
	}
}

func TestEqualEventsAreOneLine(t *testing.T) {
	const pull = "Failed to pull image \"api:broken\": not found"
	got := grouped([]status.Event{
		event(1*time.Second, status.Progressing, "Pod", "api-a", "BackOff", "Back-off pulling image \"api:broken\"", 3),
		event(2*time.Second, status.Failed, "Pod", "api-b", "Failed", pull, 1),
		event(3*time.Second, status.Failed, "Pod", "api-c", "FailedMount", "no such secret", 1),
		event(4*time.Second, status.Progressing, "Pod", "api-a", "Scheduled", "Successfully assigned", 1),
		event(5*time.Second, status.Progressing, "Pod", "api-b", "Scheduled", "Successfully assigned", 1),
		event(6*time.Second, status.Progressing, "Widget", "w", "Wound", "It was wound.", 0),
	})
	want := []happening{
		{Word: status.Failed, Who: "2 pods", What: "could not pull the image", Times: 4},
		{Word: status.Failed, Who: "api-c", What: "could not mount a volume", Said: "no such secret", Times: 1},
		{Word: status.Progressing, Who: "2 pods", What: "got a node", Times: 1},
		{Word: status.Progressing, Who: "w", What: "reported Wound", Said: "It was wound.", Times: 1},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		got[i].Time, got[i].First = time.Time{}, time.Time{}
		if got[i] != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestOldHappeningsAreFolded(t *testing.T) {
	applied := change.Change{ID: 7, State: change.Applied, Revision: 2, Requester: mara, Finished: sampleNow.Add(-90 * time.Second)}
	d := LiveData{App: change.Application{Revision: 2}, History: []change.Change{applied}}
	for _, reason := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I"} {
		d.Snapshot.Events = append(d.Snapshot.Events, event(time.Minute, status.Progressing, "Pod", "api", reason, "", 1))
	}
	recent, earlier := happened(d)
	if len(recent) != recentHappenings || len(earlier) != 2 {
		t.Fatalf("%d stand open and %d are folded, want %d and 2", len(recent), len(earlier), recentHappenings)
	}
	if last := earlier[1]; last.Revision != 2 || last.Change != 7 {
		t.Errorf("the oldest is %+v, want revision 2 by change 7", last)
	}
}

// Events and changes are one history, newest first, each with what became of it.
func TestWhatHappenedTellsOfChanges(t *testing.T) {
	at := func(minutes int) time.Time { return sampleNow.Add(time.Duration(-minutes) * time.Minute) }
	closed := func(by policy.Person, minutes int) *change.Closing {
		return &change.Closing{By: by, At: at(minutes), Comment: "not on a Friday"}
	}
	d := LiveData{App: change.Application{Revision: 3}, History: []change.Change{
		{ID: 19, State: change.Approved, Requester: tom, Submitted: at(1), Title: "Update image"},
		{ID: 18, State: change.Applied, Undoes: 17, Revision: 3, Finished: at(2)},
		{ID: 17, State: change.Applied, Revision: 2, Finished: at(5)},
		{ID: 16, State: change.Failed, Failure: "1 of 4 objects failed.", Finished: at(6)},
		{ID: 15, State: change.Rejected, Closed: closed(mara, 7)},
		{ID: 14, State: change.Expired, Closed: &change.Closing{At: at(8)}},
		{ID: 13, State: change.Stale, Closed: &change.Closing{At: at(9)}},
		{ID: 12, State: change.Applying, Submitted: at(20), Started: at(0)},
	}}
	d.Snapshot.Events = []status.Event{event(4*time.Minute, status.Failed, "Pod", "api", "BackOff", "Back-off restarting", 9)}
	recent, earlier := happened(d)
	var got []string
	for _, h := range append(recent, earlier...) {
		got = append(got, strings.TrimSpace(h.Who+" "+h.What+" "+h.Said))
	}
	want := []string{
		"#12 began to be applied",
		"#19 was submitted by " + display(tom),
		"Revision 3 rolled back by itself, by",
		"api ended again and again; the cluster waits before the next start Back-off restarting",
		"Revision 2 applied by",
		"#16 failed 1 of 4 objects failed.",
		"#15 was rejected by " + display(mara) + " not on a Friday",
		"#14 expired, as nobody decided",
		"#13 became stale: the cluster had changed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What goes on says since when, in one line.
func TestARepeatedEventSaysSinceWhen(t *testing.T) {
	first := event(2*time.Minute, status.Failed, "Pod", "api-a", "Unhealthy", "Readiness probe failed", 12)
	first.First = sampleNow.Add(-time.Hour)
	got := grouped([]status.Event{event(time.Minute, status.Failed, "Pod", "api-b", "Unhealthy", "Readiness probe failed", 1), first})
	if len(got) != 1 || got[0].Times != 13 || !got[0].First.Equal(first.First) || !got[0].lasts() {
		t.Errorf("%+v", got)
	}
	once := grouped([]status.Event{event(time.Minute, status.Progressing, "Pod", "a", "Started", "", 1), event(time.Hour, status.Progressing, "Pod", "b", "Started", "", 1)})
	if len(once) != 1 || once[0].lasts() {
		t.Errorf("two that each did it once: %+v", once)
	}
}
