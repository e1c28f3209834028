package change

import "testing"

func TestTransitions(t *testing.T) {
	all := []State{Pending, Approved, Rejected, Withdrawn, Expired, Stale, Applying, Applied, Failed}
	allowed := map[[2]State]bool{
		{"", Pending}: true, {"", Approved}: true,
		{Pending, Approved}: true, {Pending, Rejected}: true, {Pending, Withdrawn}: true, {Pending, Expired}: true,
		{Approved, Applying}: true, {Approved, Stale}: true, {Approved, Withdrawn}: true,
		{Applying, Applied}: true, {Applying, Failed}: true, {Applying, Stale}: true,
		{Failed, Applying}: true,
	}
	for _, from := range append([]State{""}, all...) {
		for _, to := range all {
			if got := from.CanBecome(to); got != allowed[[2]State{from, to}] {
				t.Errorf("%q.CanBecome(%q) = %v", from, to, got)
			}
		}
	}
}
