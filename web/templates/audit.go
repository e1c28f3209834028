package templates

import (
	"net/url"

	"slipway.dev/slipway/internal/audit"
)

// AuditData is a page of the audit log.
type AuditData struct {
	Page audit.Page
	// Settled are the entries that say how ended what others announced, by the numbers of those.
	Settled map[int64]audit.Entry
	Query   url.Values // the filters as they were typed, by the names of the address's parameters
	Open    int64      // the entry whose details are shown; 0 for none
	// Problem says which filter cannot be understood, in one sentence.
	Problem      string
	Teams        []string
	Environments []string
	CanExport    bool
}
