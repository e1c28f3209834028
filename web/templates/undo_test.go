package templates

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/slipway/internal/change"
)

// watchedChange is one that is to be rolled back by itself, in each state of its watch.
func watchedChange(state change.WatchState) change.Change {
	c := sampleChange(change.Applied)
	if state == change.Asked {
		c = sampleChange(change.Pending)
	}
	c.Watch = &change.Watch{State: state}
	switch state {
	case change.Watching:
		c.Watch.Since = before(3 * time.Minute)
	case change.RolledBack, change.GivenUp, change.Settled, change.Superseded:
		c.Watch.Since, c.Watch.Ended = before(3*time.Minute), before(time.Minute)
	}
	switch state {
	case change.RolledBack:
		c.Watch.Undone, c.Watch.Why = 1285, "api cannot start: its image does not exist."
	case change.GivenUp:
		c.Watch.Why = "api was not ready in time: 1 of 3 pods is ready. Going back would run Job api-migrate-4c1 once more, and whether that does harm is for a person to say."
	case change.Settled:
		c.Watch.Why = "It got ready and stayed so."
	case change.Superseded:
		c.Watch.Why = "Another change of the application came."
	}
	return c
}

// undoing is the change that takes another one back.
func undoing() change.Change {
	c := sampleChange(change.Applied)
	c.ID, c.Kind, c.Title, c.Undoes, c.Approvals, c.Plan.Demands = 1285, change.Rollback, "Roll api back to revision 42", 1284, nil, nil
	c.Reason = "Because #1284 did not get ready: api cannot start: its image does not exist."
	return c
}

// undoViews are the pages on which rolling back by itself shows.
func undoViews() []view {
	var out []view
	apps, changes := Crumb{"Applications", "/applications"}, Crumb{"Changes", "/changes"}
	offered, unoffered := planPage(), planPage()
	offered.Undo = UndoData{Offer: true, On: true}
	unoffered.Undo = UndoData{Offer: true, WhyNot: "Going back would run Job api-migrate-4c1 once more, and whether that does harm is for a person to say."}
	out = append(out, view{"plan-undo", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), offered)},
		view{"plan-undo-not", Plan(samplePage(NavApplications, "Plan", apps, Crumb{"Plan", ""}), unoffered)})
	for _, s := range []change.WatchState{change.Watching, change.RolledBack, change.GivenUp} {
		d := ChangeData{Change: watchedChange(s), Can: Can{Change: true}}
		name := strings.ReplaceAll(string(s), " ", "-")
		out = append(out, view{"change-undo-" + name, Change(samplePage(NavChanges, "#1284", changes, Crumb{"#1284", ""}), d)})
		live := livePage()
		live.Newest = &d.Change
		if s == change.Watching {
			out = append(out, view{"live-undo", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), live)})
		}
	}
	back, live, queue := undoing(), livePage(), queuePage()
	live.Newest, live.Snapshot.Wrong = &back, nil
	queue.Changes = []change.Change{back, watchedChange(change.RolledBack), watchedChange(change.Watching), watchedChange(change.GivenUp), watchedChange(change.Asked), watchedChange(change.Settled)}
	return append(out,
		view{"change-undoes", Change(samplePage(NavChanges, "#1285", changes, Crumb{"#1285", ""}), ChangeData{Change: back, Can: Can{Change: true}})},
		view{"live-undone", Live(samplePage(NavApplications, "api", apps, Crumb{"api", ""}), live)},
		view{"changes-undo", Queue(samplePage(NavChanges, "Changes"), queue)})
}

func TestTheSwitchForRollingBack(t *testing.T) {
	p := samplePage(NavApplications, "Plan")
	d := planPage()
	if html := draw(t, Plan(p, d)); strings.Contains(html, `name="rollback"`) {
		t.Error("it is offered where there is nothing to go back to")
	}
	d.Undo = UndoData{Offer: true}
	html := draw(t, Plan(p, d))
	if strings.Count(html, `form="submit" name="rollback"`) != 2 || strings.Contains(html, `name="rollback" value="true" class="checkbox checkbox-xs mt-0.5" checked`) {
		t.Error("the box is not there, or ticked, or does not go along with the submission")
	}
	if !strings.Contains(html, "16 min after it is applied") || !strings.Contains(html, "Whoever approves the change agrees to that too.") {
		t.Error("it is not said by when, or that approvers agree to it")
	}
	d.Undo.WhyNot = "Going back would run a Job."
	if html := draw(t, Plan(p, d)); strings.Contains(html, `name="rollback"`) || !strings.Contains(html, "Going back would run a Job.") {
		t.Error("it can be ticked though it cannot be done, or the reason is missing")
	}
}

func TestMarksOfRollingBack(t *testing.T) {
	gone := watchedChange(change.Asked)
	gone.State = change.Withdrawn
	for _, c := range []struct {
		change change.Change
		want   string
	}{
		{sampleChange(change.Applied), ""},
		{watchedChange(change.Asked), "rolls back by itself"},
		{gone, ""},
		{watchedChange(change.Watching), "watched"},
		{watchedChange(change.Settled), ""},
		{watchedChange(change.RolledBack), "rolled back by itself"},
		{watchedChange(change.GivenUp), "did not get ready"},
		{undoing(), "by itself, takes back #1284"},
	} {
		if got, _ := undoMark(c.change); got != c.want {
			t.Errorf("%+v: %q, want %q", c.change.Watch, got, c.want)
		}
	}
}

func TestApproversSeeThatItRollsBackByItself(t *testing.T) {
	d := queuePage()
	plain := draw(t, Queue(samplePage(NavChanges, "Changes"), d))
	d.Review.Change = watchedChange(change.Asked)
	asked := draw(t, Queue(samplePage(NavChanges, "Changes"), d))
	for _, want := range []string{"Rolls back by itself.", "revision 42 comes back by itself", "Whoever approves agrees to that too."} {
		if strings.Contains(plain, want) || !strings.Contains(asked, want) {
			t.Errorf("%q stands in the wrong one", want)
		}
	}
}

// What a watch has come to is said on the change's page and on the application's, in every state.
func TestEveryEndOfAWatchIsSaid(t *testing.T) {
	p := samplePage(NavChanges, "#1284")
	for state, want := range map[change.WatchState][2]string{
		change.Watching:   {"watches it, and rolls back by itself if it is not ready by 14:45", "is watched"},
		change.Settled:    {"It got ready and stayed so.", ""},
		change.Superseded: {"Another change of the application came.", ""},
		change.RolledBack: {"Rolled back by itself to revision 42", "its image does not exist"},
		change.GivenUp:    {"was not rolled back by itself", "was not rolled back by itself"},
	} {
		c := watchedChange(state)
		live := livePage()
		live.Newest = &c
		if html := draw(t, ChangeFragments(p, ChangeData{Change: c})); !strings.Contains(html, want[0]) {
			t.Errorf("%s: the change's page does not say %q", state, want[0])
		}
		html := draw(t, LiveFragments(p, live))
		if !strings.Contains(html, want[1]) || want[1] == "" && strings.Contains(html, "undo-n") {
			t.Errorf("%s: the application's page says something else than %q", state, want[1])
		}
	}
}
