package source

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // it is what packs end with
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a Git repository in a folder, and its server: Git's own.
type repository struct {
	dir, url string
	end      func()
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal(err)
		}
		t.Skip("there is no git")
	}
	root := t.TempDir()
	r := &repository{dir: filepath.Join(root, "charts")}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.git(t, "init", "-q", "-b", "main")
	s := httptest.NewServer(&cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root},
	})
	t.Cleanup(s.Close)
	r.url, r.end = s.URL+"/charts/.git", s.Close
	return r
}

func (r *repository) git(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "safe.directory=*"}, args...)...)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repository) commit(t *testing.T, files map[string]string) string {
	t.Helper()
	write(t, r.dir, files)
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "x")
	return r.git(t, "rev-parse", "HEAD")
}

func TestChartsComeFromGit(t *testing.T) {
	r := newRepository(t)
	files := in("platform/charts/web", chart("web", "1.0.0"))
	files["platform/charts/many/2.0.0/Chart.yaml"] = chart("many", "2.0.0")["Chart.yaml"]
	long := ""
	for i := range 2000 {
		long += fmt.Sprintf("line %d\n", i*i)
	}
	files["platform/charts/web/README.md"], files["platform/charts/web/OTHER.md"] = long, "and "+long // one is stored as a difference
	first := r.commit(t, files)
	r.git(t, "tag", "-a", "v1", "-m", "annotated")
	if err := os.Symlink("/etc/passwd", r.dir+"/platform/charts/web/link"); err != nil {
		t.Fatal(err)
	}
	second := r.commit(t, in("platform/charts/web", chart("web", "1.1.0")))
	r.git(t, "tag", "v2")
	r.git(t, "gc", "-q", "--aggressive") // so that there are differences in the pack

	cache := Cache{Dir: t.TempDir()}
	for ref, want := range map[string]string{"v1": "web 1.0.0 " + first, "v2": "web 1.1.0 " + second, second: "web 1.1.0 " + second} {
		g := &Git{URL: r.url, Ref: ref, Path: "platform/charts", Plain: true, Cache: cache}
		l := Open(t.Context(), quiet(), g)
		tpl, err := l.Newest("web")
		if err != nil || tpl.ID.String()+" "+tpl.Origin.Pin != want {
			t.Errorf("%s: %v, want %s; %+v", ref, err, want, l.Sources())
			continue
		}
		if _, err := l.Newest("many"); err != nil || tpl.About.Readme != long {
			t.Errorf("%s: %v, and %d bytes of README", ref, err, len(tpl.About.Readme))
		}
		if _, err := g.Read(t.Context()); err != ErrUnchanged {
			t.Errorf("%s: nothing has changed, and yet: %v", ref, err)
		}
	}

	// A tag that moves is refused; the admin page says so.
	g := &Git{URL: r.url, Ref: "v1", Path: "platform/charts", Plain: true, Cache: cache}
	l := Open(t.Context(), quiet(), g)
	r.git(t, "tag", "-f", "v1", second)
	l.read(t.Context(), l.held[0])
	tpl, err := l.Newest("web")
	if s := l.Sources()[0]; err != nil || tpl.Origin.Pin != first || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], second) {
		t.Errorf("the tag has moved: %v, %+v", tpl, s)
	}

	for want, g := range map[string]*Git{
		"is a branch":        {URL: r.url, Ref: "main", Plain: true},
		"no tag v9":          {URL: r.url, Ref: "v9", Plain: true},
		"no such folder":     {URL: r.url, Ref: "v2", Path: "none", Plain: true},
		"no such repository": {URL: strings.Replace(r.url, "charts", "none", 1), Ref: "v1", Plain: true},
		"does not give":      {URL: r.url, Ref: strings.Repeat("a", 40), Plain: true},
	} {
		if s := Open(t.Context(), quiet(), g).Sources()[0]; !strings.Contains(s.Problem, want) {
			t.Errorf("it does not say %q: %+v", want, s)
		}
	}

	// The server is away: the cache has it.
	r.end()
	for _, ref := range []string{"v2", second} {
		l := Open(t.Context(), quiet(), &Git{URL: r.url, Ref: ref, Path: "platform/charts", Plain: true, Cache: cache})
		if got := ids(l.Versions("web")); got != "web 1.1.0" {
			t.Errorf("%s from the cache: %s, %+v", ref, got, l.Sources())
		}
	}
}

// packOf makes a pack of raw entries, each a header and what is compressed after it.
func packOf(entries ...[]byte) []byte {
	b := append([]byte("PACK"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 2), uint32(len(entries)))...)
	for _, e := range entries {
		b = append(b, e...)
	}
	sum := sha1.Sum(b) //nolint:gosec // as above
	return append(b, sum[:]...)
}

// entryOf is one object of a pack: kind 1 commit, 2 tree, 3 blob, 6 and 7 differences.
func entryOf(kind byte, size int, extra, data []byte) []byte {
	head := byte(size&15) | kind<<4
	var out []byte
	for size >>= 4; size > 0; size >>= 7 {
		out = append(out, head|0x80)
		head = byte(size & 127)
	}
	out = append(append(out, head), extra...)
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(data)
	_ = w.Close()
	return append(out, z.Bytes()...)
}

func TestHostilePacks(t *testing.T) {
	zeros := make([]byte, 8<<20)
	blob := entryOf(3, len(zeros), nil, zeros)
	var bombs [][]byte
	for range maxInflated/len(zeros) + 1 {
		bombs = append(bombs, blob)
	}
	small := entryOf(3, 4, nil, []byte("abcd"))
	delta := func(size uint64) []byte { // copies the base once, and says that the result is larger
		return append(binary.AppendUvarint([]byte{4}, size), 0x90, 4)
	}
	offset := []byte{byte(len(small))}
	for name, tc := range map[string]struct {
		pack []byte
		want string
	}{
		"nothing":                   {nil, "is no pack"},
		"not a pack":                {[]byte("<html>not found</html>"), "is no pack"},
		"many objects":              {packOf()[:8:8], "is no pack"},
		"a number of objects":       {append([]byte("PACK\x00\x00\x00\x02"), 0xff, 0xff, 0xff, 0xff), "more than"},
		"a bomb":                    {packOf(bombs...), "larger than"},
		"a difference as a bomb":    {packOf(small, entryOf(6, len(delta(1<<40)), offset, delta(1<<40))), "larger than"},
		"a difference that lies":    {packOf(small, entryOf(6, len(delta(9)), offset, delta(9))), "damaged"},
		"a difference from nothing": {packOf(entryOf(7, 4, make([]byte, 20), []byte{4, 4, 0x90, 4})), "without what it differs from"},
		"cut off":                   {packOf(small)[:14], "is no pack"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readPack(bytes.NewReader(tc.pack)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("it does not say %q: %v", tc.want, err)
			}
		})
	}
}

func TestHostileTreesLeadNowhere(t *testing.T) {
	blob := []byte("x")
	for name, text := range map[string]string{"upwards": "..", "a path": "a/b", "none": "", "itself": "."} {
		tree := append([]byte("100644 "+text+"\x00"), hashOf("blob", blob)...)
		pack := packOf(entryOf(3, 1, nil, blob), entryOf(2, len(tree), nil, tree))
		all, err := readPack(bytes.NewReader(pack))
		if err != nil {
			t.Fatal(err)
		}
		var at [20]byte
		copy(at[:], hashOf("tree", tree))
		if err := all.walk(at, "", 0, newTree()); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func hashOf(kind string, data []byte) []byte {
	h := sha1.New() //nolint:gosec // as above
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return h.Sum(nil)
}

func TestAGitServerCannotLeadInside(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/info/refs?service=git-upload-pack", http.StatusFound))
	defer s.Close()
	l := Open(t.Context(), quiet(), &Git{URL: s.URL + "/x.git", Ref: "v1", Plain: true, Access: Access{User: "u", Password: "hunter2"}})
	if p := l.Sources()[0].Problem; p == "" || strings.Contains(p, "hunter2") {
		t.Errorf("it says %q", p)
	} else {
		t.Log(p)
	}
}

func FuzzReadPack(f *testing.F) {
	f.Add(packOf(entryOf(3, 4, nil, []byte("abcd")), entryOf(6, 4, []byte{14}, []byte{4, 4, 0x90, 4})))
	f.Fuzz(func(_ *testing.T, data []byte) {
		all, err := readPack(bytes.NewReader(data))
		if err != nil {
			return
		}
		for hash := range all {
			_, _ = all.treeOf(hash)
			_ = all.walk(hash, "", 0, newTree())
		}
	})
}
