// Package templates holds the pages of the portal as functions of values: what to show goes in, HTML
// comes out. Nothing here asks a service, reads a clock or knows a request, so that every page can be
// drawn in a test.
//
// Each page is a component that takes a Page (what stands around the content) and a struct of its own.
// Parts that a stream replaces have stable ids; the components whose names end in Fragments draw the
// same parts for the stream, marked to be swapped out of band.
package templates

import (
	"time"

	"slipway.dev/slipway/internal/policy"
)

// Nav names an entry of the main navigation.
type Nav string

// The entries of the main navigation.
const (
	NavNone         Nav = ""
	NavCatalogue    Nav = "catalogue"
	NavApplications Nav = "applications"
	NavChanges      Nav = "changes"
	NavAudit        Nav = "audit"
	NavAdmin        Nav = "admin"
)

// Assets are the addresses of what the build made.
type Assets struct {
	CSS     string
	JS      string
	Font    string // fetched early; empty for none
	Favicon string
}

// Crumb is one step of the path above a heading. The last one has no URL.
type Crumb struct {
	Label string
	URL   string
}

// TargetLink is a target that the person may see.
type TargetLink struct {
	policy.Target
	Cluster string
}

// ClusterHealth says whether a cluster answers.
type ClusterHealth struct {
	Name    string
	Answers bool
	Known   bool // false until it was asked for the first time
	// Since is when Answers last changed; zero if it never answered.
	Since time.Time
	Said  string // why it does not answer, in the network's own words
}

// Page is what stands around the content of every page.
type Page struct {
	Title    string        // of the window; " · Slipway" is put after it
	Nav      Nav           // the current entry
	Target   policy.Target // what the page is about; zero for all targets
	Cluster  string        // of Target
	Crumbs   []Crumb
	Person   policy.Person // zero where nobody is signed in: then there is no navigation
	Teams    []string      // the person's, for the menu
	Targets  []TargetLink
	Waiting  int // changes that wait for the person
	Admin    bool
	CanAudit bool
	Clusters []ClusterHealth
	Nonce    string // of the Content-Security-Policy
	Assets   Assets
	Now      time.Time // from which "2 min ago" counts
	// Search is what stands in the search field of the top bar.
	Search string
}

// SignedIn tells whether there is somebody to show the navigation to.
func (p Page) SignedIn() bool { return !p.Person.IsZero() }
