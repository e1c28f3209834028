package templates

import (
	"time"

	"slipway.dev/slipway/internal/change"
)

// RefusedData is the page of something that the person may see but not do, or that was not done.
type RefusedData struct {
	Reason  string // in the user's words
	Back    string // where to go instead; empty for the start
	Request string // the request's id
}

// ClusterAwayData is the page of something that needs a cluster which does not answer.
type ClusterAwayData struct {
	Cluster string
	Since   time.Time // when it was last reached; zero if never
	Said    string    // the network's own words
	Others  []string  // clusters that answer
	Waiting []change.Change
	Retry   string // the page's own address
	Request string
}

// ProblemData is the page of an error that is the portal's own.
type ProblemData struct {
	Request string // the request's id
	Retry   string
}

// TooLargeData is the page of a request that is too large.
type TooLargeData struct {
	Limit int64 // bytes
	Back  string
}
