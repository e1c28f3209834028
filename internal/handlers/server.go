// Package handlers serves the pages, the streams and the exports.
//
// A handler does three things: it reads the request, calls one method of a service, and draws the
// answer. Who may do what is the services' to decide; which HTTP status an error becomes is said in
// one place, see problem.go. Pages are rendered whole before the first byte is written, so that an
// error never leaves half a page.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
	"slipway.dev/slipway/internal/status"
	"slipway.dev/slipway/web/static"
	"slipway.dev/slipway/web/templates"
)

// AuditReader is what the audit pages need of the store. Errors that wrap change.ErrUnavailable mean
// that the database does not answer.
type AuditReader interface {
	// Entries gives at most limit entries older than before (0: from the newest), newest first.
	Entries(ctx context.Context, f audit.Filter, before int64, limit int) (audit.Page, error)
	// Count counts the entries that f chooses, up to most; more tells that there are more.
	Count(ctx context.Context, f audit.Filter, most int) (n int, more bool, err error)
	// Each calls fn for every entry that f chooses, oldest first, in constant memory.
	Each(ctx context.Context, f audit.Filter, fn func(audit.Entry) error) error
	// Head is the newest entry's number and hash; 0 and "" for an empty log.
	Head(ctx context.Context) (seq int64, hash string, err error)
}

// Templates is the catalogue of now: what a request is given may be another one than the request before
// was. See catalog.Catalog for the methods.
type Templates interface {
	Templates() []*catalog.Template
	Template(id catalog.TemplateID) (*catalog.Template, error)
	Newest(name string) (*catalog.Template, error)
	Versions(name string) []*catalog.Template
}

// Check is one thing that /readyz looks at.
type Check struct {
	Name string
	// Probe returns nil when all is well, else an error whose text is fit for anybody to read.
	Probe func(context.Context) error
	// Informative checks are shown, but do not make the portal unready: its pages explain what is away.
	Informative bool
}

// Config is what the handlers serve from.
type Config struct {
	Auth     *auth.Auth
	Changes  *change.Service
	Catalog  Templates
	Sources  func() []templates.TemplateSource // of templates, as the admin page shows them
	Hub      *status.Hub
	Audit    AuditReader
	Feed     *change.Feed
	Clusters func() []templates.ClusterHealth // cheap: what is known, not asked
	Setup    templates.AdminData              // the configuration as the admin page shows it
	Titles   map[string]string                // team → title
	Checks   []Check
	Metrics  http.Handler // may be nil
	// Logs reads what containers of a target write, for a person.
	Logs func(policy.Subject, policy.Target) logs.Open
	// Usage tells what the pods of an application use; nil knows nothing of it.
	Usage func(context.Context, status.Key) status.Usage
	// Choices offers what is in the clusters; nil offers nothing.
	Choices Choices
	// Seal gives what makes tokens of secret values in a target, and Stage puts the values aside there until
	// a change needs them. Where they are nil, secret values are not taken.
	Seal    func(policy.Target) func(value string) manifest.Token
	Stage   func(ctx context.Context, who policy.Subject, from audit.Request, app change.AppKey, values manifest.Secrets) error
	Proxies []netip.Prefix
	Secure  bool // the public address is https: HSTS is sent
	Log     *slog.Logger
	// Ended is done when the portal shuts down: streams end then.
	Ended context.Context
}

// BodyLimit is the most bytes of what is posted; forms of templates take more, see FormLimit.
const BodyLimit = 1 << 20

// heartbeat keeps proxies from ending an idle stream and finds clients that are gone.
const heartbeat = 15 * time.Second

type server struct {
	Config
	lists memo // of applications, for streams
	lives fresh[templates.LiveData]

	following sync.Mutex
	follows   map[policy.Identity]int // logs, by person
}

// New makes the handler for everything that the portal serves.
func New(c Config) http.Handler {
	s := &server{Config: c}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = s.remoteIP()
	e.Use(s.requestID, s.accessLog, s.recover, s.headers, s.sameOrigin, s.limitBody)
	s.open(e)
	s.pages(e.Group("", echo.WrapMiddleware(c.Auth.Middleware)))
	s.streams(e.Group("", echo.WrapMiddleware(c.Auth.ReadOnly)))
	c.Auth.FailWith(func(w http.ResponseWriter, r *http.Request, status int) {
		s.turnedAway(e.NewContext(r, w), status)
	})
	return headOfPages(e)
}

// open are the routes that need nobody to be signed in.
func (s *server) open(e *echo.Echo) {
	e.GET("/livez", s.livez)
	e.GET("/readyz", s.readyz)
	if s.Metrics != nil {
		e.GET("/metrics", echo.WrapHandler(s.Metrics))
	}
	e.GET("/static/*", echo.WrapHandler(staticFiles()))
	e.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, static.URL("favicon.svg")) })
	e.GET("/sign-in", s.signIn)
	s.Auth.Routes(e)
}

const target = "/targets/:team/:env"

func (s *server) pages(g *echo.Group) {
	g.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/applications") })
	g.GET("/catalogue", s.catalogue)
	g.GET("/catalogue/:template", s.template)
	g.GET("/catalogue/:template/upgrade", s.upgrade)
	g.GET("/catalogue/:template/upgrade/plan", s.planUpgrade)
	g.POST("/catalogue/:template/upgrade/submit", s.submitUpgrades)
	g.GET("/applications", s.applications)
	g.GET("/admin", s.admin)

	g.GET(target+"/new/:template", s.newForm)
	g.POST(target+"/new/:template", s.postNew)
	g.POST(target+"/new/:template/preview", s.previewNew)
	g.POST(target+"/new/:template/submit", s.submitNew)
	g.POST(target+"/new/:template/discard", s.discardNew)

	app := g.Group(target + "/apps/:app")
	app.GET("", s.live)
	app.GET("/edit", s.editForm)
	app.POST("/edit", s.postEdit)
	app.POST("/edit/preview", s.previewEdit)
	app.POST("/edit/submit", s.submitEdit)
	app.POST("/edit/discard", s.discardEdit)
	app.GET("/rollback", s.rollback)
	app.POST("/rollback/submit", s.submitRollback)
	app.GET("/delete", s.delete)
	app.POST("/delete/submit", s.submitDelete)
	app.GET("/revisions", s.revisions)
	app.GET("/environment", s.environment)
	s.routesOfActions(app)
	app.GET("/promote", s.promote)
	app.POST("/promote", s.takeOver)
	app.GET("/copy", s.copy)
	app.POST("/copy", s.makeCopy)
	app.GET("/extend", s.extend)
	app.POST("/extend", s.putOff)
	s.routesOfDownloads(g, app)
	s.routesOfLogs(app)

	g.GET("/changes", s.changes)
	g.GET("/changes/:id", s.change)
	g.GET("/changes/:id/plan", s.changePlan)
	g.POST("/changes/:id/approve", s.approve)
	g.POST("/changes/:id/reject", s.reject)
	g.POST("/changes/:id/withdraw", s.withdraw)
	g.POST("/changes/:id/resume", s.resume)
	g.POST("/changes/:id/again", s.again)

	g.GET("/audit", s.auditPage)
	g.GET("/audit/export.csv", s.exportCSV)
	g.GET("/audit/export.jsonl", s.exportJSONLines)
	g.RouteNotFound("/*", func(echo.Context) error { return change.ErrNotFound })
}

func (s *server) streams(g *echo.Group) {
	g.GET("/applications/stream", s.applicationsStream)
	g.GET(target+"/apps/:app/stream", s.liveStream)
	g.GET(target+"/apps/:app/logs/stream", s.logsStream)
	g.GET("/changes/:id/stream", s.changeStream)
}

// who is the person who asks. The middleware has seen to it that there is one.
func who(c echo.Context) policy.Subject {
	s, _ := auth.SubjectFrom(c.Request().Context())
	return s
}

func targetOf(c echo.Context) policy.Target {
	return policy.Target{Team: c.Param("team"), Environment: c.Param("env")}
}

func appOf(c echo.Context) change.AppKey {
	return change.AppKey{Target: targetOf(c), Name: c.Param("app")}
}
