package handlers

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// sseEvent is an event as a browser hands it to the page.
type sseEvent struct{ id, name, data string }

// parseSSE reads a stream by the rules of WHATWG HTML, section 9.2.6.
func parseSSE(stream []byte) (events []sseEvent) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(stream), "\ufeff"))
	var id, name string
	var data strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if line == "" {
			if data.Len() > 0 {
				events = append(events, sseEvent{id, name, strings.TrimSuffix(data.String(), "\n")})
			}
			name = ""
			data.Reset()
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "event":
			name = value
		case "data":
			data.WriteString(value + "\n")
		}
	}
	return events
}

// lines is what the format makes of line ends.
func lines(data []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
}

func FuzzSSEFrame(f *testing.F) {
	f.Add("7", "", []byte("<div id=\"wrong\">none</div>"))
	f.Add("18446744073709551615", "end", []byte(""))
	f.Add("1", "", []byte("a\nb\r\nc\rd\n\r\r\n"))
	f.Add("1", "", []byte("data: x\n\nevent: end\ndata: injected\n\n"))
	f.Add("1\nevent: end", "x\r\ndata: injected", []byte(" leading blank\x00: colon"))
	f.Add("\x00", "\x00", []byte("\xff\xfe\ufeff\u2028"))
	f.Fuzz(func(t *testing.T, id, name string, data []byte) {
		var b bytes.Buffer
		appendSSE(&b, "before", "", []byte("first"))
		appendSSE(&b, id, name, data)
		appendSSE(&b, "after", "", []byte("last"))
		got := parseSSE(b.Bytes())
		if len(got) != 3 {
			t.Fatalf("one event became %d: %q", len(got)-2, b.Bytes())
		}
		if got[0] != (sseEvent{"before", "", "first"}) || got[2] != (sseEvent{"after", "", "last"}) {
			t.Errorf("the events around it changed: %q", got)
		}
		if want := lines(data); got[1].data != want {
			t.Errorf("data is %q, want %q", got[1].data, want)
		}
		if got[1].name != oneLine(name) {
			t.Errorf("event is %q, want %q", got[1].name, oneLine(name))
		}
	})
}

// The server's write timeout must not end a stream that is alive.
func TestSSEOutlivesWriteTimeout(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := newSSEWriter(w)
		time.Sleep(300 * time.Millisecond)
		if err := s.Comment("ping"); err != nil {
			t.Error("comment:", err)
		}
		time.Sleep(300 * time.Millisecond)
		if err := s.Message([]byte("two\nlines")); err != nil {
			t.Error("message:", err)
		}
		if err := s.Event("end", nil); err != nil {
			t.Error("event:", err)
		}
	}))
	srv.Config.WriteTimeout = 100 * time.Millisecond
	srv.Start()
	defer srv.Close()

	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal("the stream was cut:", err)
	}
	const want = "retry: 2000\n\n: ping\n\nid: N\ndata: two\ndata: lines\n\nid: N\nevent: end\ndata: \n\n"
	if got := regexp.MustCompile(`id: \d+`).ReplaceAllString(string(body), "id: N"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	events := parseSSE(body)
	if len(events) != 2 || events[0].id >= events[1].id {
		t.Errorf("identities do not grow: %q", events)
	}
}

// An event reaches the browser at once, not when a buffer is full.
func TestSSEFlushes(t *testing.T) {
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := newSSEWriter(w).Comment("ping"); err != nil {
			t.Error(err)
		}
		<-done
	}))
	defer srv.Close()
	defer close(done)
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "retry: 2000\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// A client that takes nothing is dropped when its time is up, whatever the kernel still buffers.
func TestSSEDropsStalledClient(t *testing.T) {
	result := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := newSSEWriter(w)
		s.timeout = 100 * time.Millisecond
		big := bytes.Repeat([]byte("x"), 1<<20)
		for range 1000 {
			if err := s.Message(big); err != nil {
				result <- nil
				return
			}
		}
		result <- io.ErrShortWrite
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL) // and never read
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	select {
	case err := <-result:
		if err != nil {
			t.Errorf("a client that reads nothing took a gigabyte: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a client that reads nothing was not dropped")
	}
}

// wrapper is a middleware's response that hides what a stream needs.
type wrapper struct{ http.ResponseWriter }

func TestSSERefusesWhatCannotStream(t *testing.T) {
	rec := httptest.NewRecorder()
	if err := newSSEWriter(wrapper{rec}).Comment("ping"); err == nil {
		t.Error("began a stream on a response without deadlines")
	}
	if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
		t.Error("something was written all the same")
	}
}
