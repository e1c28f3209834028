package change

import (
	"context"
	"errors"
	"time"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// The errors that a Store returns. Anything else it returns means that it could not be reached or
// could not write: ErrUnavailable wraps those.
var (
	ErrNotFound    = errors.New("change: not found")
	ErrNameTaken   = errors.New("change: an application of this name exists in the target")
	ErrNothingToDo = errors.New("change: nothing to claim")
	ErrLeaseLost   = errors.New("change: the lease is another worker's now")
	ErrUnavailable = errors.New("change: the database does not answer")
	ErrSuperseded  = errors.New("change: another change of the application came in between")
)

// Store keeps changes. Every method that writes commits all it is given in one transaction, or
// nothing.
type Store interface {
	// Create stores a new change with its audit entries; for a Create it makes the application too
	// (ErrNameTaken if a living one has the name). It sets ID in the change, and Change in the entries.
	// A change whose Idempotency is known already for the same requester is returned as it is, and nothing is written.
	Create(ctx context.Context, c Change, entries []audit.Entry) (Change, error)
	// Update loads a change, lets fn change it, and stores it with what fn returns. If fn fails nothing
	// is written and Update returns fn's error. The store refuses a state that the former one cannot
	// become. ErrNotFound.
	Update(ctx context.Context, id int64, fn func(*Change) (Commit, error)) (Change, error)
	// Claim gives the oldest change that is to be applied (Approved, or Applying with a lease that has
	// run out) and whose application has no other change being applied: it becomes Applying, its
	// attempt is counted and the holder has it for the lease. The entries that note gives for it are
	// stored with it; nil stands for none. ErrNothingToDo.
	Claim(ctx context.Context, holder string, lease time.Duration, note func(Change) []audit.Entry) (Change, error)
	// Renew prolongs a lease. ErrLeaseLost.
	Renew(ctx context.Context, id int64, holder string, lease time.Duration) error
	// ClaimWatch gives the oldest change whose watch goes on and is nobody's, or whose lease has run out: the
	// holder has the watch for the lease. ErrNothingToDo.
	ClaimWatch(ctx context.Context, holder string, lease time.Duration) (Change, error)
	// RenewWatch prolongs the lease of a watch; 0 gives it back. ErrLeaseLost.
	RenewWatch(ctx context.Context, id int64, holder string, lease time.Duration) error
	// ClaimEnding gives the application whose time has been over for the longest and that may be tried now, by
	// the database's clock: it counts the try, and pause says how long after it the next one may be. ErrNothingToDo.
	ClaimEnding(ctx context.Context, pause func(tries int) time.Duration) (Application, error)
	// End stores the Delete that ends app, and names it in the Ending. ErrSuperseded if the application is not at
	// the change's base any more, its end was put off, or another change of it is being applied or about to be.
	End(ctx context.Context, app Application, c Change, entries []audit.Entry) (Change, error)
	// Stuck stores why app could not be ended, with the entries; nothing where that is what stands there already.
	// ErrSuperseded if the end was put off, or a Delete was made since app was read.
	Stuck(ctx context.Context, app Application, why string, entries []audit.Entry) error
	// Extend puts off the end of a living application, from the one that was seen. ErrNotFound if it has none,
	// ErrEndingMoved if it is another one, or a Delete because of it is made and can still be applied.
	Extend(ctx context.Context, key AppKey, seen, until time.Time, entries []audit.Entry) error
	// Record stores audit entries that go with no change: refusals, sign-ins.
	Record(ctx context.Context, entries ...audit.Entry) error
	// Overdue lists the pending changes that have expired at now.
	Overdue(ctx context.Context, now time.Time) ([]int64, error)

	// SaveDraft keeps a draft of owner in place of the one with its key, and removes what is older than
	// DraftLife or beyond DraftsPerPerson. Create removes the draft that its change was made of.
	SaveDraft(ctx context.Context, owner policy.Identity, d SavedDraft) error
	// DropDraft removes one, if it is there.
	DropDraft(ctx context.Context, owner policy.Identity, key DraftKey) error
	// Draft gives one that was saved at or after since. ErrNotFound.
	Draft(ctx context.Context, owner policy.Identity, key DraftKey, since time.Time) (SavedDraft, error)
	// Drafts lists those that were saved at or after since, newest first, without their forms.
	Drafts(ctx context.Context, owner policy.Identity, since time.Time) ([]SavedDraft, error)
	// DraftTokens lists the tokens of secrets in the target's drafts, of all people, that were saved at
	// or after since.
	DraftTokens(ctx context.Context, t policy.Target, since time.Time) ([]string, error)

	// TokensInUse lists the tokens of secrets that something in the place may still need: a change that
	// is open or can be resumed, and every revision of a living application. Sorted, each once.
	TokensInUse(ctx context.Context, place manifest.Place) ([]manifest.Token, error)

	Change(ctx context.Context, id int64) (Change, error)
	Changes(ctx context.Context, q Query) ([]Change, error) // without Rendered, Inputs and the texts of Plan.Objects
	Application(ctx context.Context, key AppKey) (Application, error)
	Applications(ctx context.Context, visible []policy.Target) ([]Application, error) // living ones; targets may use policy.Any
	Revision(ctx context.Context, key AppKey, number int) (Revision, error)
	Revisions(ctx context.Context, key AppKey) ([]Revision, error) // newest first, without Inputs and Rendered
	// Inventory lists the objects that the application has, or may have after an attempt that failed.
	Inventory(ctx context.Context, key AppKey) ([]manifest.Ref, error)
}

// Commit is what is stored in the same transaction as a change.
type Commit struct {
	Audit []audit.Entry
	// Mine are objects that are about to be written, Gone those that are deleted for certain.
	Mine, Gone []manifest.Ref
	// Revision makes the change the application's newest revision; its Number is given by the store
	// and set in Change.Revision too. A Delete also ends the application.
	Revision bool
	// AtBase makes the Update fail with ErrSuperseded unless the application is at the revision that the
	// change was planned on, in the same place, and is not deleted.
	AtBase bool
	// Holder, if set, makes the Update fail with ErrLeaseLost unless the holder has the lease, and Watcher
	// unless it has the one of the watch.
	Holder, Watcher string
	// Undo is stored as a new change that takes this one back, with UndoAudit, and named in Watch.Undone.
	// ErrSuperseded if the application is not at this change's revision any more, or another change of it
	// is being applied or about to be.
	Undo      *Change
	UndoAudit []audit.Entry
}

// Query chooses changes. Empty fields choose all.
type Query struct {
	Visible []policy.Target // as audit.Filter.Visible
	App     *AppKey
	States  []State
	By      policy.Identity // the requester
	NotBy   policy.Identity
	Before  int64 // IDs below it, for paging; 0 for the newest
	Oldest  bool  // oldest first
	Limit   int   // 0 means 100
}

// Cluster is what the portal needs of Kubernetes. Every call acts as the team in as. An error means
// that the cluster could not be asked at all (ErrClusterAway) or the place is not configured; what
// the API server answers about single objects stands in the results.
type Cluster interface {
	// DryRun asks what applying set, and deleting prune, would do. Nothing is written. The results are
	// in the order of set, then of prune.
	DryRun(ctx context.Context, as policy.Acting, place manifest.Place, app string, set manifest.Set, prune []manifest.Ref) ([]manifest.DryRun, error)
	// Apply writes set and deletes prune, stage by stage, in parallel within a stage, never forcing.
	// report is called for each change of an object's state, one call at a time; if it returns an
	// error, Apply starts nothing further, waits for what is under way and returns that error. A
	// stage that has a failure is finished, the ones after it are Skipped. Objects that seen has are
	// written to and deleted only if they are still those; another one of such a name is
	// manifest.Replaced, and so is none.
	Apply(ctx context.Context, as policy.Acting, place manifest.Place, app string, set manifest.Set, prune []manifest.Ref, seen manifest.UIDs, report func(manifest.Outcome) error) ([]manifest.Outcome, error)
	// Stage puts secret values aside in the place, until what needs them is applied and as long as a
	// revision refers to them. DryRun and Apply put them in the place of their tokens. The error is a
	// *manifest.NotStaged if the API server refuses one.
	Stage(ctx context.Context, as policy.Acting, place manifest.Place, values manifest.Secrets) error
	// Staged lists what is put aside, without the values; Unstage deletes some of it, each only if it is
	// still as it was listed.
	Staged(ctx context.Context, as policy.Acting, place manifest.Place) ([]manifest.Staged, error)
	Unstage(ctx context.Context, as policy.Acting, place manifest.Place, which []manifest.Staged) error
	// Version tells the cluster's version and its APIs, for rendering; cached.
	Version(ctx context.Context, cluster string) (manifest.ClusterVersion, error)
}

// ErrClusterAway means that a cluster does not answer.
var ErrClusterAway = manifest.ErrClusterAway
