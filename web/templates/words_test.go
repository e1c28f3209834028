package templates

import (
	"slices"
	"testing"
	"time"

	"slipway.dev/slipway/internal/policy"
)

func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 s", 0: "0 s", 999 * time.Millisecond: "0 s", 6 * time.Second: "6 s", 99 * time.Second: "99 s",
		100 * time.Second: "1 min", 99 * time.Minute: "99 min", 100 * time.Minute: "1 h", 27 * time.Hour: "27 h",
		48 * time.Hour: "2 d", 59 * day: "59 d", 60 * day: "2 mo", 729 * day: "24 mo", 800 * day: "2 y",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Minute: "just now", 0: "just now", 2 * time.Minute: "2 min ago"} {
		if got := ago(sampleNow, sampleNow.Add(-d)); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got := ago(sampleNow, time.Time{}); got != "" {
		t.Errorf("the zero time is %q", got)
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", 20 * time.Microsecond: "under 1 ms", 84 * time.Millisecond: "84 ms", 1240 * time.Millisecond: "1.2 s", 47 * time.Second: "47 s",
	} {
		if got := took(d); got != want {
			t.Errorf("took(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{before(time.Hour), "13:32:40"},
		{before(26 * time.Hour), "20 Nov 12:32"},
		{time.Date(2025, 11, 21, 14, 32, 40, 0, time.UTC), "21 Nov 2025 14:32"},
		{sampleNow.In(time.FixedZone("CET", 3600)), "14:32:40"},
	} {
		if got := clock(sampleNow, c.t); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 184201: "184,201", 1234567: "1,234,567", -1000: "-1,000", -1: "-1"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n    int
		noun string
		want string
	}{{0, "pod", "0 pods"}, {1, "pod", "1 pod"}, {1200, "entry", "1,200 entries"}, {1, "entry", "1 entry"}} {
		if got := count(c.n, c.noun); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestBytesSize(t *testing.T) {
	for n, want := range map[int64]string{1: "1 byte", 512: "512 bytes", 65536: "64 KiB", 1 << 20: "1 MiB", 1<<20 + 1024: "1025 KiB"} {
		if got := bytesSize(n); got != want {
			t.Errorf("bytesSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Mara Lindqvist": "ML", "Zoë": "Z", "ab c de": "AD", "": "?", "ça öb": "ÇÖ"} {
		if got := initials(policy.Person{Name: name}); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestRuns(t *testing.T) {
	for s, want := range map[string][]run{
		"":                   nil,
		"plain":              {{Text: "plain"}},
		"3 pods of `api`.":   {{Text: "3 pods of "}, {Text: "api", Code: true}, {Text: "."}},
		"**`redis` is** off": {{Text: "redis", Bold: true, Code: true}, {Text: " is", Bold: true}, {Text: " off"}},
		"one ` alone":        {{Text: "one "}, {Text: "` alone"}},
		"two ** alone":       {{Text: "two "}, {Text: "** alone"}},
	} {
		if got := runs(s); !slices.Equal(got, want) {
			t.Errorf("runs(%q) = %+v, want %+v", s, got, want)
		}
	}
}

// FuzzRuns makes sure that no text is lost, whatever the marks.
func FuzzRuns(f *testing.F) {
	for _, s := range []string{"", "`", "**", "***", "`a`", "**a**", "**`a**`", "a`b**c`d**e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var shown, marks int
		for _, r := range runs(s) {
			shown += len(r.Text)
		}
		for _, r := range s {
			if r == '`' || r == '*' {
				marks++
			}
		}
		if shown > len(s) || shown < len(s)-marks {
			t.Errorf("%q became %+v", s, runs(s))
		}
	})
}

func TestURLs(t *testing.T) {
	for got, want := range map[string]string{
		AppURL(api):                                   "/targets/payments/production/apps/api",
		AppURL(api, "edit"):                           "/targets/payments/production/apps/api/edit",
		NewURL(staging, "a/b?c"):                      "/targets/payments/staging/new/a%2Fb%3Fc",
		ChangeURL(7, "plan"):                          "/changes/7/plan",
		withQuery("/x?a=1&b=2", "a", ""):              "/x?b=2",
		withQuery("/x?a=1", "a", "2&b=3"):             "/x?a=2%26b%3D3",
		withQuery("/x", "a", ""):                      "/x",
		orStart(""):                                   "/applications",
		changeNumber(1284):                            "#1284",
		DiffView{URL: "/x?r=1"}.url("all", "Pod a b"): "/x?all=Pod+a+b&r=1",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
