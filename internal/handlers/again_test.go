package handlers

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"slipway.dev/slipway/internal/audit"
	"slipway.dev/slipway/internal/auth"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/policy"
)

// post sends a form about a change, as petra.
func (p promoting) post(t *testing.T, h echo.HandlerFunc, id string, form url.Values) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(auth.WithSubject(t.Context(), p.petra), http.MethodPost, "/x", strings.NewReader(form.Encode()))
	r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("id")
	c.SetParamValues(id)
	return w, h(c)
}

// rejected is a change of api in staging that somebody has rejected.
func (p promoting) rejected(t *testing.T, image string) string {
	t.Helper()
	at := policy.Target{Team: "payments", Environment: "staging"}
	st := p.Changes.Store
	c, err := st.Create(t.Context(), change.Change{
		App: change.AppKey{Target: at, Name: "api"}, Place: p.Changes.Places[at], Kind: change.Update, State: change.Pending, Title: "Image " + image, Base: 1,
		Requester: p.petra.Person, Submitted: time.Now(), Expires: time.Now().Add(time.Hour),
		Template: catalog.TemplateID{Name: "maps", Version: "1.1.0"}, Inputs: catalog.Inputs{"image": image}, Rendered: []byte("{}\n"),
	}, nil)
	if err == nil {
		_, err = st.Update(t.Context(), c.ID, func(c *change.Change) (change.Commit, error) {
			c.State, c.Closed = change.Rejected, &change.Closing{At: time.Now(), Comment: "no"}
			return change.Commit{Audit: []audit.Entry{}}, nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(c.ID, 10)
}

func TestARejectedChangeIsTakenUpAgain(t *testing.T) {
	p := newPromoting(t)
	id, other := p.rejected(t, "a:3"), p.rejected(t, "a:4")
	const form = "/targets/payments/staging/apps/api/edit"
	again := func(values url.Values) *httptest.ResponseRecorder {
		w, err := p.post(t, p.again, id, values)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	kept := func() string {
		d, err := p.Changes.Draft(t.Context(), p.petra, change.DraftKey{Target: policy.Target{Team: "payments", Environment: "staging"}, Template: "maps", App: "api"})
		if err != nil {
			t.Fatal(err)
		}
		return d.Form.Get("in/image")
	}
	for range 2 { // the second time the form is there already, and the same
		if w := again(nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != form+"?version=1.1.0" || kept() != "a:3" {
			t.Fatalf("it answered %d, led to %q, and the form has %s", w.Code, w.Header().Get("Location"), kept())
		}
	}
	id = other
	w := again(nil)
	if body := w.Body.String(); w.Code != http.StatusConflict || !strings.Contains(body, "You have begun a form there") || !strings.Contains(body, `href="`+form+`"`) || kept() != "a:3" {
		t.Errorf("over a form that was begun: %d, and the form has %s", w.Code, kept())
	}
	if w := again(url.Values{"replace": {"true"}}); w.Code != http.StatusSeeOther || kept() != "a:4" {
		t.Errorf("agreed to: %d, and the form has %s", w.Code, kept())
	}
	for _, none := range []string{"0", "-1", "x", "999", ""} {
		if _, err := p.post(t, p.again, none, nil); !errors.Is(err, change.ErrNotFound) {
			t.Errorf("%q: %v", none, err)
		}
	}
	p.petra.Bindings = []policy.Binding{{Role: policy.Developer, Team: "search", Environment: policy.Any}}
	if _, err := p.post(t, p.again, id, nil); !errors.Is(err, change.ErrNotFound) {
		t.Errorf("another team's: %v", err)
	}
}
