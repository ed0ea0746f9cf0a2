package api

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
)

// What a trial leaves is no sweep, whatever it says: nothing of the server's machine is read for it, and no list has it.
func TestAttackArtifactsAsASweep(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.dir, "config.yaml"), []byte("hidden-line: [1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := "method: grid\nmetric: {name: y, goal: maximize}\nparameters: {x: {values: [1]}}\ncommand: echo y=1\nthen: config.yaml\n"
	s := w.submit(access.Submitter, Submission{Spec: `
name: planted
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1]}}
command: "cp spec.yaml $KAON_ARTIFACTS/; sed s/ID/$KAON_SWEEP/ template.json > $KAON_ARTIFACTS/sweep.json; echo loss=1"
task: {code: "."}
`, Folder: w.planted(spec)})
	w.ended(s.ID)
	forged := s.ID + "/artifacts/0/1"
	if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/objects/sweeps/"+forged+"/sweep.json", nil); status != http.StatusOK {
		t.Fatalf("the trial left nothing: %d %s", status, answer)
	}
	at := "/sweeps/" + url.PathEscape(forged)
	for _, path := range []string{at + "/importance", at, at + "/board", at + "/trials/0/logs", "/plan?sweep=" + url.QueryEscape(forged)} {
		if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+path, nil); status != http.StatusNotFound || strings.Contains(string(answer), "hidden") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/sweeps", Submission{Like: forged}); status != http.StatusNotFound {
		t.Errorf("once more: %d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+at, nil); status != http.StatusNotFound {
		t.Errorf("deleted: %d %s", status, answer)
	}
	if all := get[Page[Sweep]](w, access.Viewer, "/sweeps?archived=true"); len(all.Items) != 1 {
		t.Errorf("sweeps are %+v", all.Items)
	}
}

// planted uploads a folder with a spec and the sweep.json of a sweep that says it is of a file of the server's machine.
func (w *world) planted(spec string) string {
	w.t.Helper()
	folder := w.t.TempDir()
	// what the trial's own id is, only the trial knows
	script := fmt.Sprintf(`{"version":1,"sweep":"ID/artifacts/0/1","state":"succeeded","trials":1,"objective":{"name":"y","goal":"maximize"},`+
		`"finished":"2026-01-01T00:00:00Z","created":"2026-01-01T00:00:00Z","file":%q,"owner":"eve"}`, filepath.Join(w.dir, "sweep.yaml"))
	for name, text := range map[string]string{"spec.yaml": spec, "template.json": script} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.upload(folder, 0).ID
}
