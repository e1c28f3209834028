package auth

import (
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/policy"
)

const userAgentLimit = 200 // bytes; as audit.Request says

// From is where a request came from, for the audit log.
func From(c echo.Context) audit.Request {
	from := requestOf(c.Request(), c.Response().Header())
	from.RemoteIP = c.RealIP()
	return from
}

// requestOf is what net/http alone knows. The answer's header may be nil.
func requestOf(r *http.Request, answer http.Header) audit.Request {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	agent := printable(r.UserAgent(), userAgentLimit)
	for len(agent) > userAgentLimit {
		agent = printable(agent, len([]rune(agent))-2)
	}
	return audit.Request{ID: answer.Get(echo.HeaderXRequestID), RemoteIP: ip, UserAgent: agent}
}

func entry(action audit.Action, outcome audit.Outcome, by policy.Person, from audit.Request, detail string) audit.Entry {
	return audit.Entry{Actor: audit.Actor{Person: by}, Action: action, Outcome: outcome, Detail: detail, Request: from}
}
