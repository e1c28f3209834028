package e2e

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An auditor finds what happened, takes it along, and can prove that nothing is missing.
func TestAuditor(t *testing.T) {
	w := theWorld(t)
	dev := w.signIn(t, "payments-dev")
	dev.fillForm(staging, "audited", image)
	dev.submit("=1+1 to be found again", "Create audited")
	dev.sees("Became revision 1")

	auditor := w.signIn(t, "auditor")
	auditor.open("/audit")
	auditor.sees("audited", "Paula Dev")
	auditor.axe()
	auditor.screenshot("audit")
	auditor.open("/audit?application=audited&team=payments&environment=staging&person=Paula")
	auditor.sees("audited")
	auditor.open("/audit?application=never-was")
	auditor.seesNot("Paula Dev")
	auditor.screenshot("audit-empty")

	c := auditor.client()
	if got := c.get("/audit?since=yesterday-ish"); got.Status >= 500 {
		t.Errorf("a time that is none answered %d", got.Status)
	}
	export := c.get("/audit/export.csv?application=audited")
	if export.Status != 200 || !strings.HasPrefix(export.Header.Get("Content-Type"), "text/csv") {
		t.Fatalf("the export answered %d %s", export.Status, export.Header.Get("Content-Type"))
	}
	rows, err := csv.NewReader(strings.NewReader(export.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 3 { // the head, the submission, the outcome
		t.Errorf("the export has %d rows:\n%s", len(rows), export.Body)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
				t.Errorf("a spreadsheet would calculate the cell %q", cell)
			}
		}
	}

	whole := c.get("/audit/export.jsonl")
	entries := strings.Split(strings.TrimSpace(whole.Body), "\n")
	for _, line := range entries {
		if !json.Valid([]byte(line)) {
			t.Fatalf("no JSON: %s", line)
		}
	}
	w.verify(t, whole.Body, true)
	if out := w.verify(t, strings.Join(append(entries[:1:1], entries[2:]...), "\n")+"\n", true); !strings.Contains(out, "gaps") {
		t.Errorf("an entry was taken out, and the check says:\n%s", out)
	}
	w.verify(t, strings.Replace(whole.Body, "audited", "forgotten", 1), false)

	if auditor.visit(staging.path()+"/new/web-service") == 200 && auditor.can("Show the plan") {
		t.Error("an auditor is offered to deploy")
	}
}

// verify runs the portal's own check of an export, which must find every entry as it was written or
// not, and returns what it says.
func (w *world) verify(t *testing.T, export string, unchanged bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.jsonl")
	if err := os.WriteFile(path, []byte(export), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), w.portal, "audit", "verify", path).CombinedOutput()
	if (err == nil) != unchanged {
		t.Errorf("portal audit verify: %v, want unchanged %t\n%s", err, unchanged, out)
	}
	return string(out)
}
