package charts_test

import (
	"crypto/rand"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

func newRestore(t *testing.T, shell []string) *bench {
	b := newBench(t, shell, presetOf(t, "scheduled-job", "postgres-restore"), "/backup")
	b.env["DATABASE_URL"] = "postgres://u:p@db/shop"
	b.tool("pg_restore", "")
	return b
}

// The newest dump is restored, or the one that is named, with or without its folder; nothing if there is none.
func TestRestorePreset(t *testing.T) {
	for _, shell := range shells() {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			b := newRestore(t, shell)
			if out, err := b.run(); err == nil || b.args("pg_restore") != nil {
				t.Fatalf("without a dump: %v, %s", b.args("pg_restore"), out)
			}
			oldest, newest := b.dump(40), b.dump(3)
			if err := os.WriteFile(filepath.Join(b.dir, "backup", "29990101T000000Z.dump.part"), nil, 0o600); err != nil { // broke off
				t.Fatal(err)
			}
			for named, want := range map[string]string{"": newest, oldest: oldest, "/backup/" + oldest: oldest} {
				b.env["DUMP"] = named
				b.mustRun()
				args := b.args("pg_restore")
				if args[len(args)-1] != filepath.Join(b.dir, "backup", want) || !slices.Contains(args, "--dbname=postgres://u:p@db/shop") {
					t.Errorf("%q: pg_restore was called with %q", named, args)
				}
			}
			b.env["DUMP"] = "20010101T000000Z.dump"
			out, err := b.run()
			if err == nil || !strings.Contains(out, "There is no ") || !strings.Contains(out, newest) {
				t.Errorf("a dump that is not there: %v, %s", err, out)
			}
			b.env["DUMP"] = newest
			b.tool("pg_restore", "exit 1")
			if out, err := b.run(); err == nil {
				t.Errorf("a restore that fails is no failure: %s", out)
			}
		})
	}
}

// The restore reads the disk that the dumps are written to, once, and a failure is not tried over.
func TestRestoreReadsTheDumps(t *testing.T) {
	of := func(id string) (claim string, kinds []string) {
		r := release
		r.App = "postgres-dump"
		if id == "postgres-restore" {
			r.App = "restore"
		}
		made, err := template(t, "scheduled-job").Render(t.Context(), catalog.Inputs(presetOf(t, "scheduled-job", id)), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range made.Set {
			kinds = append(kinds, u.GetKind())
			for _, at := range [][]string{{"spec", "template"}, {"spec", "jobTemplate", "spec", "template"}} {
				volumes, _ := field(u, append(at, "spec", "volumes")...).([]any)
				for _, v := range volumes {
					if c, ok := v.(map[string]any)["persistentVolumeClaim"].(map[string]any); ok {
						claim = c["claimName"].(string)
					}
				}
			}
			if u.GetKind() == "Job" && field(u, "spec", "backoffLimit") != int64(0) {
				t.Errorf("it is tried %v times more", field(u, "spec", "backoffLimit"))
			}
		}
		return claim, kinds
	}
	written, _ := of("postgres-dump")
	read, kinds := of("postgres-restore")
	if written == "" || read != written {
		t.Errorf("the dumps are in %q, and %q is read", written, read)
	}
	if !slices.Contains(kinds, "Job") || slices.Contains(kinds, "CronJob") || slices.Contains(kinds, "PersistentVolumeClaim") {
		t.Errorf("the restore makes %v", kinds)
	}
}

// A job that runs once runs again when what it runs changes or somebody says so, and not else.
func TestOnceMeansOnce(t *testing.T) {
	const least = "image: a/b:1\nruns: once\n"
	name := func(more string) string {
		t.Helper()
		for _, u := range made(t, "scheduled-job", "shop", least+more) {
			if u.GetKind() == "Job" {
				return u.GetName()
			}
		}
		t.Fatal("there is no Job")
		return ""
	}
	first := name("")
	for more, again := range map[string]bool{
		"": false, "retries: 5": false, "deadlineSeconds: 60": false, "annotations: {a.b/c: d}": false,
		"again: 2": true, "command: [/x]": true, "env: {A: b}": true, "config: {data: {A: b}}": true,
		"restartPolicy: OnFailure": true, "labels: {tier: x}": true, // a Job's pods cannot be changed
	} {
		if got := name(more) != first; got != again {
			t.Errorf("with %q it runs again: %v", more, got)
		}
	}
}

// What the one preset dumps the other restores, on a real PostgreSQL: all that was in the dump is as it was.
func TestDumpAndRestore(t *testing.T) {
	dsn := os.Getenv("SLIPWAY_TEST_POSTGRES")
	if dsn == "" {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("SLIPWAY_TEST_POSTGRES is not set")
		}
		t.Skip("SLIPWAY_TEST_POSTGRES is not set")
	}
	bin := postgresPrograms(t)
	name := "restore_" + strings.ToLower(rand.Text())
	psql := func(dsn, statement string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command="+statement, dsn) //nolint:gosec,noctx // also while the test ends
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", statement, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	psql(dsn, "CREATE DATABASE "+name)
	t.Cleanup(func() { psql(dsn, "DROP DATABASE "+name) })
	database := inDatabase(t, dsn, name)
	psql(database, "CREATE TABLE orders (id int PRIMARY KEY, item text NOT NULL); INSERT INTO orders VALUES (1, 'tea'), (2, 'jam')")

	dump := newBench(t, []string{"sh"}, presetOf(t, "scheduled-job", "postgres-dump"), "/backup")
	restore := newBench(t, []string{"sh"}, presetOf(t, "scheduled-job", "postgres-restore"), "/backup")
	restore.script = strings.ReplaceAll(restore.script, filepath.Join(restore.dir, "backup"), filepath.Join(dump.dir, "backup"))
	for _, b := range []*bench{dump, restore} {
		b.env["DATABASE_URL"] = database
		if err := os.Symlink(bin, filepath.Join(b.dir, "bin")); err != nil {
			t.Fatal(err)
		}
	}
	dump.mustRun()

	psql(database, "DELETE FROM orders WHERE id = 1; UPDATE orders SET item = 'ham' WHERE id = 2; ALTER TABLE orders ADD later text; CREATE TABLE other (id int)")
	restore.mustRun()
	if got := psql(database, "SELECT id, item FROM orders ORDER BY id"); got != "1|tea\n2|jam" {
		t.Errorf("the orders are %q", got)
	}
	if got := psql(database, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders'"); got != "2" {
		t.Errorf("the orders have %s columns", got)
	}

	// What stands in the way of a part of it leaves everything as it is.
	psql(database, "UPDATE orders SET item = 'ham'; CREATE VIEW names AS SELECT item FROM orders")
	if out, err := restore.run(); err == nil || !strings.Contains(out, "names") {
		t.Errorf("a view stands in the way: %v, %s", err, out)
	}
	if got := psql(database, "SELECT id, item FROM orders ORDER BY id"); got != "1|ham\n2|ham" {
		t.Errorf("after a restore that failed, the orders are %q", got)
	}
}

// postgresPrograms is the folder with psql, pg_dump and pg_restore.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_restore")
	if path, err := exec.LookPath("pg_restore"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		if os.Getenv("SLIPWAY_TEST_REQUIRE") == "1" {
			t.Fatal("pg_restore is not here")
		}
		t.Skip("pg_restore is not here")
	}
	return filepath.Dir(found[len(found)-1])
}

// inDatabase leads to another database of the same server.
func inDatabase(t *testing.T, dsn, name string) string {
	t.Helper()
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
