package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

// serve is a registry on this machine. wrap, if not nil, stands before it.
func serve(t *testing.T, wrap func(http.Handler) http.Handler) (host string, end func()) {
	t.Helper()
	h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), s.Close
}

// push puts a packed chart into a repository, as `helm push` does, and gives the manifest's digest.
func push(t *testing.T, repository, tag string, data []byte) string {
	t.Helper()
	repo, err := remote.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	repo.PlainHTTP = true
	config := []byte(`{"name":"x"}`)
	put := func(media string, b []byte) ocispec.Descriptor {
		d := content.NewDescriptorFromBytes(media, b)
		if err := repo.Push(t.Context(), d, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: put(helmConfig, config), Layers: []ocispec.Descriptor{put(helmContent, data)}}
	m.SchemaVersion = 2
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d := put(ocispec.MediaTypeImageManifest, raw)
	if err := repo.Tag(t.Context(), d, tag); err != nil {
		t.Fatal(err)
	}
	return d.Digest.String()
}

func packed(t *testing.T, name, version string) []byte {
	return pack(t, in(name, chart(name, version)))
}

func TestVersionsComeFromARegistry(t *testing.T) {
	host, end := serve(t, nil)
	repo := host + "/charts/web"
	pins := map[string]string{}
	for _, v := range []string{"1.0.0", "1.1.0", "2.0.0", "1.2.0+b.1"} {
		pins[v] = push(t, repo, strings.ReplaceAll(v, "+", "_"), packed(t, "web", v))
	}
	cache := Cache{Dir: t.TempDir()}
	o := &OCI{Repository: repo, Versions: []string{"^1.0"}, Plain: true, Cache: cache}
	l := Open(t.Context(), quiet(), o)
	if got, want := ids(l.Versions("web")), "web 1.2.0+b.1, web 1.1.0, web 1.0.0"; got != want {
		t.Fatalf("got %s, want %s; %+v", got, want, l.Sources())
	}
	tpl, _ := l.Newest("web")
	if tpl.Origin.Pin != pins["1.2.0+b.1"] || tpl.Origin.Source != "oci://"+repo {
		t.Errorf("it comes from %+v", tpl.Origin)
	}
	if _, err := o.Read(t.Context()); err != ErrUnchanged {
		t.Errorf("nothing has changed, and yet: %v", err)
	}

	// A tag that moves is refused; a new version is taken.
	moved := chart("web", "1.1.0")
	moved["templates/m.yaml"] += "# moved\n"
	now := push(t, repo, "1.1.0", pack(t, in("web", moved)))
	push(t, repo, "1.3.0", packed(t, "web", "1.3.0"))
	l.read(t.Context(), l.held[0])
	if got, want := ids(l.Versions("web")), "web 1.3.0, web 1.2.0+b.1, web 1.1.0, web 1.0.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s := l.Sources()[0]
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], pins["1.1.0"]) || !strings.Contains(s.Notes[0], now) {
		t.Errorf("notes %q", s.Notes)
	}
	for _, tpl := range l.Versions("web") {
		if tpl.ID.Version == "1.1.0" && tpl.Origin.Pin != pins["1.1.0"] {
			t.Errorf("1.1.0 is %s now", tpl.Origin.Pin)
		}
	}

	// Another portal with the same cache starts while the registry is away, and knows the pins.
	end()
	again := Open(t.Context(), quiet(), &OCI{Repository: repo, Versions: []string{"~1.1", "1.0.0@" + pins["1.0.0"], "1.3.0@sha256:" + strings.Repeat("0", 64)}, Plain: true, Cache: cache})
	if got, want := ids(again.Versions("web")), "web 1.1.0, web 1.0.0"; got != want {
		t.Errorf("from the cache: %s, want %s", got, want)
	}
	if s := again.Sources()[0]; !s.Cached || s.Problem == "" {
		t.Errorf("status %+v", s)
	}
	// Without one, it says so and serves what else there is.
	none := Open(t.Context(), quiet(), &OCI{Repository: repo, Plain: true})
	if s := none.Sources()[0]; s.Problem == "" || !s.Read.IsZero() || len(none.Templates()) > 0 {
		t.Errorf("status %+v", s)
	}
}

func TestADigestInTheConfigurationIsTheVersion(t *testing.T) {
	host, _ := serve(t, nil)
	repo := host + "/charts/web"
	pin := push(t, repo, "1.0.0", packed(t, "web", "1.0.0"))
	moved := chart("web", "1.0.0")
	moved["README.md"] = "moved"
	other := push(t, repo, "1.0.0", pack(t, in("web", moved)))
	for want, entry := range map[string]string{pin: "1.0.0@" + pin, other: "1.0.0"} {
		l := Open(t.Context(), quiet(), &OCI{Repository: repo, Versions: []string{entry}, Plain: true})
		tpl, err := l.Newest("web")
		if err != nil || tpl.Origin.Pin != want {
			t.Errorf("%s: %v, %v; %+v", entry, tpl, err, l.Sources())
		}
	}
	l := Open(t.Context(), quiet(), &OCI{Repository: repo, Versions: []string{"1.0.0@sha256:" + strings.Repeat("0", 64), "3.0.0"}, Plain: true})
	if s := l.Sources()[0]; s.Problem != "" || len(s.Notes) != 2 || len(l.Templates()) > 0 {
		t.Errorf("what is not there: %+v", s)
	}
}

func TestADamagedCacheIsFetchedAgain(t *testing.T) {
	host, _ := serve(t, nil)
	repo := host + "/web"
	push(t, repo, "1.0.0", packed(t, "web", "1.0.0"))
	cache := Cache{Dir: t.TempDir()}
	Open(t.Context(), quiet(), &OCI{Repository: repo, Plain: true, Cache: cache})
	files, err := filepath.Glob(cache.Dir + "/*/*")
	if err != nil || len(files) != 2 {
		t.Fatalf("the cache has %v, %v", files, err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".json") {
			continue
		}
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if l := Open(t.Context(), quiet(), &OCI{Repository: repo, Plain: true, Cache: cache}); ids(l.Templates()) != "web 1.0.0" {
		t.Errorf("got %s, %+v", ids(l.Templates()), l.Sources())
	}
}

func TestARegistryAsksForCredentials(t *testing.T) {
	const password = "hunter2/+"
	var good atomic.Bool
	host, _ := serve(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, pass, _ := r.BasicAuth()
			if good.Load() && (user != "robot" || pass != password) {
				w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
				http.Error(w, "no, "+pass, http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	push(t, host+"/web", "1.0.0", packed(t, "web", "1.0.0"))
	good.Store(true)
	for want, a := range map[string]Access{
		"":                     {User: "robot", Password: password},
		"asks for credentials": {},
		"unauthorized":         {User: "robot", Password: "wrong" + password},
	} {
		l := Open(t.Context(), quiet(), &OCI{Repository: host + "/web", Plain: true, Access: a})
		s := l.Sources()[0]
		if want == "" && (s.Problem != "" || s.Templates != 1) || want != "" && !strings.Contains(strings.ToLower(s.Problem), want) {
			t.Errorf("%q: %+v", want, s)
		}
		if a.Password != "" && strings.Contains(s.Problem, a.Password) {
			t.Errorf("it tells the password: %s", s.Problem)
		}
	}
}

func TestHostileRegistries(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		b := bytes.Repeat([]byte(`"x",`), 16<<10)
		fmt.Fprint(w, `{"tags": [`)
		for r.Context().Err() == nil {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	}
	manifest := func(layer int64, digest string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			raw := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":"sha256:%064d","size":2},"layers":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
				ocispec.MediaTypeImageManifest, helmConfig, 0, helmContent, digest, layer)
			d := content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, raw)
			switch {
			case strings.Contains(r.URL.Path, "/manifests/"):
				w.Header().Set("Content-Type", d.MediaType)
				w.Header().Set("Docker-Content-Digest", d.Digest.String())
				w.Header().Set("Content-Length", fmt.Sprint(len(raw)))
				_, _ = w.Write(raw)
			case strings.Contains(r.URL.Path, "/blobs/"):
				w.Header().Set("Content-Length", fmt.Sprint(layer))
				for i := int64(0); i < layer && r.Context().Err() == nil; i += 1 << 10 {
					_, _ = w.Write(make([]byte, min(1<<10, layer-i)))
				}
			}
		}
	}
	zeros := "sha256:" + strings.Repeat("0", 64)
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"endless tags": {endless, ""},
		"metadata by redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		}, ErrAddress.Error()},
		"any by redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://0.0.0.0:1/", http.StatusFound)
		}, ErrAddress.Error()},
		"a circle":        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, "redirects more than 5 times"},
		"never answers":   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not answer"},
		"a huge layer":    {manifest(1<<40, zeros), "is larger than 8 MiB"},
		"another content": {manifest(4096, zeros), "mismatch"},
		"no digest":       {manifest(10, "sha256:../../x"), "digest"},
		"a token by redirect": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://169.254.169.254/token",service="x"`)
			w.WriteHeader(401)
		}, "169.254.169.254"},
		"not a registry": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(tc.h)
			defer s.Close()
			defer s.CloseClientConnections()
			o := &OCI{Repository: strings.TrimPrefix(s.URL, "http://") + "/web", Versions: []string{"1.0.0"}, Plain: true}
			if strings.Contains(name, "tags") {
				o.Versions = nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			l := Open(t.Context(), quiet())
			h := &held{source: hasty{o}}
			l.held = append(l.held, h)
			l.read(ctx, h)
			st := l.Sources()[0]
			said := st.Problem + strings.Join(st.Notes, " ")
			if said == "" || !strings.Contains(said, tc.want) || st.Templates > 0 {
				t.Errorf("it does not say %q: %+v", tc.want, st)
			}
		})
	}
}

// hasty is a source that is not waited for long.
type hasty struct{ Source }

func (hasty) Patience() time.Duration { return 1500 * time.Millisecond }
