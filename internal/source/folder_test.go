package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"slipway.dev/slipway/internal/catalog"
)

// chart is a small chart as its files.
func chart(name, version string) map[string]string {
	return map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: " + name + "\nversion: " + version + "\ndescription: of " + version + "\n",
		"values.schema.json": `{"type": "object", "properties": {"word": {"type": "string", "title": "Word"}}}`,
		"templates/m.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {word: {{ .Values.word | quote }}}\n",
	}
}

// write puts files into a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pack makes a .tgz of entries; a value that begins with "->" is a symbolic link.
func pack(t testing.TB, entries map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(entries[name]))}
		if link, ok := strings.CutPrefix(entries[name], "->"); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, link, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(entries[name])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// in puts the files of a chart into a folder of an archive.
func in(folder string, files map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[folder+"/"+name] = text
	}
	return out
}

func ids(all []*catalog.Template) string {
	var out []string
	for _, t := range all {
		s := t.ID.String()
		if t.Broken != nil {
			s += " broken"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestAFolderHoldsChartsInThreeShapes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/plain", chart("plain", "1.0.0"))
	write(t, dir+"/many/1.0.0", chart("many", "1.0.0"))
	write(t, dir+"/many/1.10.0", chart("many", "1.10.0"))
	write(t, dir+"/many/1.9.0", chart("many", "1.9.0"))
	write(t, dir+"/none", map[string]string{"README.md": "not a chart"})
	write(t, dir+"/.git", map[string]string{"HEAD": "x"})
	write(t, dir, map[string]string{"charts.go": "package charts", "packed-2.0.0.tgz": string(pack(t, in("packed", chart("packed", "2.0.0"))))})

	l := Open(t.Context(), quiet(), &Folder{Path: dir})
	if got, want := ids(l.Templates()), "many 1.10.0, none  broken, packed 2.0.0, plain 1.0.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := ids(l.Versions("many")), "many 1.10.0, many 1.9.0, many 1.0.0"; got != want {
		t.Errorf("versions: %s, want %s", got, want)
	}
	tpl, err := l.Newest("packed")
	if err != nil || tpl.Origin.Source != dir || !strings.HasPrefix(tpl.Origin.Pin, "sha256:") {
		t.Errorf("packed comes from %+v, %v", tpl.Origin, err)
	}
	s := l.Sources()[0]
	if s.Templates != 5 || s.Broken != 1 || s.Problem != "" || s.Read.IsZero() {
		t.Errorf("status %+v", s)
	}
}

func TestSavingAChartChangesTheCatalogue(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a", chart("a", "1.0.0"))
	l := Open(t.Context(), quiet(), &Folder{Path: dir})
	old := l.Catalog()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	defer func() { stop(); <-done }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %s; %+v", what, ids(l.Templates()), l.Sources())
			}
		}
	}
	word := func(title string) map[string]string {
		return map[string]string{"values.schema.json": `{"type": "object", "properties": {"word": {"type": "string", "title": "` + title + `"}}}`}
	}
	title := func() string {
		tpl, err := l.Newest("a")
		if err != nil || len(tpl.Fields) == 0 {
			return ""
		}
		return tpl.Fields[0].Title
	}
	write(t, dir+"/a", word("Another word"))
	until("a saved schema", func() bool { return title() == "Another word" })
	if tpl, _ := old.Newest("a"); tpl.Fields[0].Title != "Word" {
		t.Error("the catalogue that a request began with has changed")
	}
	was, _ := l.Newest("a")
	write(t, dir+"/b", chart("b", "1.0.0"))
	until("a new chart", func() bool { return ids(l.Templates()) == "a 1.0.0, b 1.0.0" })
	if now, _ := l.Newest("a"); &now.Fields[0] != &was.Fields[0] {
		t.Error("a chart that has not changed was loaded again")
	}
	write(t, dir+"/b", map[string]string{"values.schema.json": "{"})
	until("a broken chart", func() bool { return ids(l.Templates()) == "a 1.0.0, b 1.0.0 broken" })
	write(t, dir+"/b", word("Mended"))
	until("a mended chart", func() bool { return ids(l.Templates()) == "a 1.0.0, b 1.0.0" })
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	until("a folder that is away", func() bool { return l.Sources()[0].Problem != "" })
	if got := ids(l.Templates()); got != "a 1.0.0, b 1.0.0" {
		t.Errorf("while the folder is away there is %s", got)
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	until("a folder that is back", func() bool { return l.Sources()[0].Problem == "" })
	if err := os.RemoveAll(dir + "/a"); err != nil {
		t.Fatal(err)
	}
	until("a chart that is gone", func() bool { return ids(l.Templates()) == "b 1.0.0" })
}

func TestTheFirstSourceCounts(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	write(t, one+"/a", chart("a", "1.0.0"))
	write(t, two+"/a", chart("a", "1.0.0"))
	write(t, two+"/b", chart("a", "1.1.0"))
	l := Open(t.Context(), quiet(), &Folder{Path: one}, &Folder{Path: two}, Embedded{FS: fstest.MapFS{}}, &Folder{Path: two + "/none"})
	if got := ids(l.Versions("a")); got != "a 1.1.0, a 1.0.0" {
		t.Errorf("got %s", got)
	}
	if tpl, _ := l.Template(catalog.TemplateID{Name: "a", Version: "1.0.0"}); tpl.Origin.Source != one {
		t.Errorf("it comes from %s", tpl.Origin.Source)
	}
	s := l.Sources()
	if len(s[1].Notes) != 1 || !strings.Contains(s[1].Notes[0], "a 1.0.0") || len(s[0].Notes) > 0 {
		t.Errorf("notes %+v", s)
	}
	if s[2].Problem != "" || s[3].Problem == "" || !s[3].Read.IsZero() {
		t.Errorf("status %+v", s)
	}
}

func TestHostileFilesBreakTheirChartAlone(t *testing.T) {
	good := chart("bad", "1.0.0")
	with := func(name, text string) map[string]string {
		all := in("bad", good)
		all[name] = text
		return all
	}
	bomb := func() []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		_ = w.WriteHeader(&tar.Header{Name: "bad/big", Mode: 0o644, Size: 4 << 30})
		zeros := make([]byte, 1<<20)
		for range 64 { // more than anybody should read of it
			_, _ = w.Write(zeros)
		}
		_ = z.Close()
		return b.Bytes()
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"a path upwards":       {pack(t, with("bad/../../etc/passwd", "x")), "not a path within the chart"},
		"a path at the root":   {pack(t, with("/etc/passwd", "x")), "not a path within the chart"},
		"a path of Windows":    {pack(t, with(`bad\..\..\x`, "x")), "not a path within the chart"},
		"a link":               {pack(t, with("bad/values.yaml", "->/etc/passwd")), "not a regular file"},
		"two folders":          {pack(t, with("other/x", "x")), "two folders"},
		"a file and a folder":  {pack(t, with("bad/templates", "x")), "file and a folder"},
		"a gzip bomb":          {bomb(), "larger than 16 MiB"},
		"not gzip":             {[]byte("hello"), "not a packed chart"},
		"cut off":              {pack(t, in("bad", good))[:200], "cut off"},
		"nothing":              {pack(t, nil), "holds no files"},
		"too large":            {bytes.Repeat([]byte("x"), maxPackedBytes+1), "larger than 8 MiB"},
		"a file at the top":    {pack(t, with("x", "x")), "not a path within the chart"},
		"a folder for the top": {pack(t, with("..", "->.")), "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"bad.tgz": string(tc.data)})
			write(t, dir+"/good", chart("good", "1.0.0"))
			l := Open(t.Context(), quiet(), &Folder{Path: dir})
			tpl, err := l.Newest("bad")
			if err != nil || tpl.Broken == nil || !strings.Contains(tpl.Broken.Error(), tc.want) {
				t.Errorf("it does not say %q: %v, %v", tc.want, tpl, err)
			}
			if tpl, err := l.Newest("good"); err != nil || tpl.Broken != nil {
				t.Errorf("the good chart is lost: %v", err)
			}
		})
	}
}

func TestLinksOutOfTheFolderAreNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside+"/secret", chart("secret", "1.0.0"))
	write(t, dir+"/a", chart("a", "1.0.0"))
	for link, to := range map[string]string{"linked": outside + "/secret", "a/templates/x.yaml": "/etc/passwd"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	l := Open(t.Context(), quiet(), &Folder{Path: dir})
	if got := ids(l.Templates()); got != "a  broken" {
		t.Errorf("got %s", got)
	}
	// A folder that is itself a link is what git-sync makes.
	link := t.TempDir() + "/current"
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if got := ids(Open(t.Context(), quiet(), &Folder{Path: link}).Templates()); got != "secret 1.0.0" {
		t.Errorf("got %s", got)
	}
}

// A ConfigMap is mounted as links to a folder that is swapped.
func TestAMountedConfigMapIsFollowed(t *testing.T) {
	dir := t.TempDir()
	packed := func(version string) map[string]string {
		return map[string]string{"a.tgz": string(pack(t, in("a", chart("a", version))))}
	}
	write(t, dir+"/..1", packed("1.0.0"))
	write(t, dir+"/..2", packed("1.0.1"))
	for link, to := range map[string]string{"..data": "..1", "a.tgz": "..data/a.tgz"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	f := &Folder{Path: dir}
	l := Open(t.Context(), quiet(), f)
	if got := ids(l.Templates()); got != "a 1.0.0" {
		t.Fatalf("got %s", got)
	}
	if _, err := f.Read(t.Context()); !errors.Is(err, ErrUnchanged) {
		t.Errorf("nothing has changed, and yet: %v", err)
	}
	if err := os.Symlink("..2", filepath.Join(dir, "..new")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	l.read(t.Context(), l.held[0])
	if got := ids(l.Templates()); got != "a 1.0.1" {
		t.Errorf("after the swap: %s", got)
	}
}

func TestATreeIsAFileSystem(t *testing.T) {
	tr := newTree()
	for _, name := range []string{"a/b/c", "a/d", "e"} {
		if err := tr.put(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := fstest.TestFS(tr.seal(), "a/b/c", "a/d", "e"); err != nil {
		t.Error(err)
	}
	if err := fstest.TestFS(newTree().seal()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", ".", "..", "/a", "a/", "a//b", "a/../b", "a\x00"} {
		if err := newTree().put(name, nil); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, in("a", chart("a", "1.0.0"))))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, files, err := unpack(data)
		if err != nil {
			return
		}
		if err := fs.WalkDir(files.seal(), ".", func(name string, _ fs.DirEntry, err error) error {
			if !fs.ValidPath(name) {
				t.Errorf("%q got in", name)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
