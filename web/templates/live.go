package templates

import (
	"time"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/status"
)

// LiveData is an application's page.
type LiveData struct {
	App      change.Application
	Snapshot status.Snapshot
	Usage    status.Usage
	// Changes are the open ones of the application, and the last one if it failed.
	Changes []change.Change
	// History are the newest changes of the application, for "What happened"; MoreHistory tells that there
	// were others before.
	History     []change.Change
	MoreHistory bool
	By          string // who requested the current revision
	Change      int64  // the change that made the current revision
	// Newest is the change that made the current revision; nil where there is none. Its large parts are only
	// there if it is watched.
	Newest    *change.Change
	CanChange bool
	// CanRestart and CanScale are whether there is anything of it that could be, and the person may.
	CanRestart, CanScale bool
	// Promote is what the way to the comparison with another environment is called, "" for none.
	Promote string
	// CanCopy tells that there is somewhere to make a copy of it.
	CanCopy bool
	List    bool // objects as a list instead of a tree
	Stream  string
}

// ApplicationRow is an application in the list.
type ApplicationRow struct {
	App    change.Application
	Word   status.Word
	Reason string // one clause; empty where the word says all
	Ready  int32
	Want   int32
	Synced bool
	// Change is the newest change of the application that is open, or that failed; 0 for none.
	Change      int64
	ChangeState change.State
}

// ApplicationsData is the list of applications.
type ApplicationsData struct {
	Drafts       []DraftRow // forms that the person has begun
	Rows         []ApplicationRow
	Total        int // before filtering
	Counts       map[status.Word]int
	Team         string
	Environment  string
	Status       status.Word
	Query        string
	Teams        []string
	Environments []string
	CanCreate    bool
	Stream       string
	At           time.Time
}

// RevisionsData is an application's history.
type RevisionsData struct {
	App         change.Application
	Revisions   []change.Revision // newest first
	Failed      []change.Change   // attempts that became no revision: failed, stale, rejected, withdrawn, expired
	CanRollBack bool
	// Titles say what the change of each revision was, by the change's number. One without a title says
	// only who made it.
	Titles map[int64]string
}
