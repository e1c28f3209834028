package templates

import (
	"testing"
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
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
		got[i].Time = time.Time{}
		if got[i] != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestOldHappeningsAreFolded(t *testing.T) {
	d := LiveData{App: change.Application{Revision: 2, Changed: sampleNow.Add(-90 * time.Second)}, Change: 7}
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
