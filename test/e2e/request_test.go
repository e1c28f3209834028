package e2e

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// client makes requests with the session of a tab: for exports, streams, and posts that no button sends.
type client struct {
	t       *testing.T
	base    string
	cookies []*http.Cookie
	http    *http.Client
}

func (p *tab) client() *client {
	p.t.Helper()
	got, err := chromedp.Call(p.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{p.base + "/"}})
	if err != nil {
		p.t.Fatal(err)
	}
	c := &client{t: p.t, base: p.base, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, cookie := range got.Cookies {
		c.cookies = append(c.cookies, &http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	return c
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

var perRequest = regexp.MustCompile(`nonce="[^"]*"|[A-Z2-7]{26}|[0-9a-f]{32}`)

func (c *client) get(path string) answer { return c.send(http.MethodGet, path, nil, "same-origin") }

func (c *client) post(path string, form url.Values) answer {
	return c.send(http.MethodPost, path, form, "same-origin")
}

// send makes a request as a page of the given site would.
func (c *client) send(method, path string, form url.Values, site string) answer {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", site)
	origin := c.base
	if site == "cross-site" {
		origin = "https://elsewhere.example"
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
	}
	for _, cookie := range c.cookies {
		req.AddCookie(cookie)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	body, err := readFor(resp.Body, 10*time.Second)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
}

// readFor reads what comes within d; a stream that goes on is left then.
func readFor(r io.ReadCloser, d time.Duration) (string, error) {
	timer := time.AfterFunc(d, func() { _ = r.Close() })
	b, err := io.ReadAll(r)
	if !timer.Stop() {
		return string(b), nil
	}
	return string(b), err
}

// same is a body without what differs from one request to the next.
func (a answer) same() string { return perRequest.ReplaceAllString(a.Body, "…") }
