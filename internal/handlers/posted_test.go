package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// multipartRequest posts what write puts into the form, with a limit on the body as the server has it.
func multipartRequest(t *testing.T, limit int64, write func(*multipart.Writer)) echo.Context {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?name=query", &body)
	r.Header.Set(echo.HeaderContentType, w.FormDataContentType())
	rec := httptest.NewRecorder()
	r.Body = http.MaxBytesReader(rec, r.Body, limit)
	return echo.New().NewContext(r, rec)
}

func rows(t *testing.T, n int) func(*multipart.Writer) {
	return func(w *multipart.Writer) {
		for i := range n {
			if err := w.WriteField(fmt.Sprintf("in/hosts/%d", i), "a"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A form with many rows has thousands of values, and one that is sent with a file as well.
func TestPostedTakesManyValues(t *testing.T) {
	form, err := posted(multipartRequest(t, FormLimit, rows(t, 5000)))
	if err != nil || len(form) != 5000 {
		t.Errorf("%d values, %v", len(form), err)
	}
	if _, err := posted(multipartRequest(t, FormLimit, rows(t, formValues+1))); !errors.Is(err, errForm) {
		t.Errorf("more values than the limit: %v", err)
	}
	var large *http.MaxBytesError
	if _, err := posted(multipartRequest(t, 1000, rows(t, 5000))); !errors.As(err, &large) {
		t.Errorf("a body above the limit: %v", err)
	}
}

func TestPostedTakesFilesByTheirContent(t *testing.T) {
	c := multipartRequest(t, FormLimit, func(w *multipart.Writer) {
		for _, f := range []struct{ name, file, text string }{
			{"file/cert", "../../etc/passwd", "text\n"}, {"file/none", "", ""}, {"file/two", "a", "1"}, {"file/two", "b", "2"},
		} {
			part, err := w.CreateFormFile(f.name, f.file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.WriteField("name", "api"), w.WriteField("in/empty", ""), w.WriteField("", "x")); err != nil {
			t.Fatal(err)
		}
	})
	form, err := posted(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := form.Encode(), "file%2Fcert=text%0A&file%2Ftwo=1&file%2Ftwo=2&in%2Fempty=&name=api"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestPostedRefusesWhatIsNoForm(t *testing.T) {
	for name, kind := range map[string]string{
		"no boundary": "multipart/form-data", "another boundary": "multipart/form-data; boundary=x",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("--y\r\n"))
		r.Header.Set(echo.HeaderContentType, kind)
		if _, err := posted(echo.New().NewContext(r, httptest.NewRecorder())); !errors.Is(err, errForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
