package templates

// SignInData is what the sign-in page shows.
type SignInData struct {
	Next     string // where one comes back to; a path of the portal
	Provider string // the identity provider's name for people, e.g. its host
	Portal   string // the portal's own host
	Version  string
	Problem  string // why signing in did not work, in one sentence; empty the first time
	Ended    bool   // the session has ended, or the person signed out
}
