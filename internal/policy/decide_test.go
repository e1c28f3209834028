package policy

import (
	"slices"
	"testing"
)

var (
	payments   = Target{Team: "payments", Environment: "production"}
	paymentsSt = Target{Team: "payments", Environment: "staging"}
	search     = Target{Team: "search", Environment: "production"}

	paula  = subject("paula", Binding{Developer, "payments", Any})
	petra  = subject("petra", Binding{Developer, "payments", "staging"})
	sam    = subject("sam", Binding{Developer, "search", Any})
	anne   = subject("anne", Binding{Approver, Any, Any})
	both   = subject("both", Binding{Developer, "payments", Any}, Binding{Approver, "payments", Any})
	admin  = subject("admin", Binding{Admin, Any, Any})
	aude   = subject("aude", Binding{Auditor, Any, Any})
	nobody = subject("nobody")
)

func subject(name string, bs ...Binding) Subject {
	return Subject{Person: Person{Identity: Identity{Issuer: "https://idp", Subject: name}}, Bindings: bs}
}

func TestDecide(t *testing.T) {
	const (
		allow  = "allow"
		deny   = "deny"
		hidden = "hidden" // must look as if it did not exist
	)
	byPaula := func(t Target) Resource { return Resource{t, paula.Identity} }
	byBoth := Resource{payments, both.Identity}
	for _, row := range []struct {
		who  Subject
		may  Action
		on   Resource
		want string
	}{
		{paula, ViewTarget, Resource{Target: payments}, allow},
		{paula, SubmitChange, Resource{Target: payments}, allow},
		{paula, ApproveChange, byPaula(payments), deny},
		{paula, WithdrawChange, byPaula(payments), allow},
		{paula, WithdrawChange, byBoth, deny},
		{paula, ResumeChange, byBoth, allow},
		{paula, ReadAudit, Resource{Target: payments}, allow},
		{paula, Administer, Resource{Target: payments}, deny},
		{petra, SubmitChange, Resource{Target: paymentsSt}, allow},
		{petra, ViewTarget, Resource{Target: payments}, hidden},
		{petra, SubmitChange, Resource{Target: payments}, hidden},
		{sam, ViewTarget, Resource{Target: payments}, hidden},
		{sam, ApproveChange, byPaula(payments), hidden},
		{sam, SubmitChange, Resource{Target: search}, allow},
		{anne, ViewTarget, Resource{Target: search}, allow},
		{anne, ApproveChange, byPaula(payments), allow},
		{anne, RejectChange, byPaula(payments), allow},
		{anne, SubmitChange, Resource{Target: payments}, deny},
		{anne, WithdrawChange, byPaula(payments), deny},
		{both, ApproveChange, byPaula(payments), allow},
		{both, ApproveChange, byBoth, deny},
		{both, RejectChange, byBoth, deny},
		{both, WithdrawChange, byBoth, allow},
		{admin, SubmitChange, Resource{Target: payments}, allow},
		{admin, ApproveChange, byPaula(payments), deny},
		{admin, WithdrawChange, byPaula(payments), allow},
		{admin, Administer, Resource{Target: payments}, allow},
		{aude, ReadAudit, Resource{Target: payments}, allow},
		{aude, SubmitChange, Resource{Target: payments}, deny},
		{aude, ResumeChange, byPaula(payments), deny},
		{nobody, ViewTarget, Resource{Target: payments}, hidden},
		{nobody, ApproveChange, byPaula(payments), hidden},
	} {
		got := allow
		switch d := Decide(row.who, row.may, row.on); {
		case !d.Visible:
			got = hidden
		case !d.Allowed:
			got = deny
			if d.Reason == "" {
				t.Errorf("%s %s: refused without a reason", row.who.Subject, row.may)
			}
		}
		if got != row.want {
			t.Errorf("%s %s on %s by %s: %s, want %s", row.who.Subject, row.may, row.on.Target, row.on.Requester.Subject, got, row.want)
		}
	}
}

// An issuer's subject is somebody else than another issuer's of the same name.
func TestOwnChangeIsByIssuerAndSubject(t *testing.T) {
	r := Resource{payments, Identity{Issuer: "https://other", Subject: both.Subject}}
	if d := Decide(both, ApproveChange, r); !d.Allowed {
		t.Errorf("refused: %s", d.Reason)
	}
}

func TestBind(t *testing.T) {
	table := []GroupBinding{
		{"payments", Binding{Developer, "payments", Any}},
		{"", Binding{Admin, Any, Any}},
		{"platform", Binding{Admin, Any, Any}},
	}
	if got := Bind(table, []string{"", "payments", "payments", "Platform"}); !slices.Equal(got, []Binding{{Developer, "payments", Any}}) {
		t.Errorf("got %v", got)
	}
}

func TestDemands(t *testing.T) {
	rules := []Rule{
		{"production needs one approval", "production", 1},
		{"everything needs none", Any, 0},
		{"two for all", Any, 2},
	}
	ds := Demands(rules, payments)
	if len(ds) != 2 || ApprovalsNeeded(ds) != 2 {
		t.Errorf("production: %v", ds)
	}
	if n := ApprovalsNeeded(Demands(rules[:2], paymentsSt)); n != 0 {
		t.Errorf("staging needs %d approvals", n)
	}
}

func TestVisible(t *testing.T) {
	if got := petra.Visible(); !slices.Equal(got, []Target{paymentsSt}) {
		t.Errorf("got %v", got)
	}
	if got := nobody.Visible(); got == nil || len(got) != 0 {
		t.Errorf("nobody sees %v; it must be empty and not nil, which would mean everything", got)
	}
	if paula.SeesAll() || anne.SeesAll() || !aude.SeesAll() || !admin.SeesAll() {
		t.Error("only an auditor or admin of everything sees all")
	}
}
