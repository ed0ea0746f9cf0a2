package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Results of another user are told of in words, by every command that meets them.
func TestResultsOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be two users")
	}
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "--quiet").ends(exitDone)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	shared, err := os.MkdirTemp("/tmp", "kaon-denied") // a test's own folder is below one that is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(shared) })
	if err := os.CopyFS(filepath.Join(shared, "kaon-results"), os.DirFS(filepath.Join(p.dir, "kaon-results"))); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"kaon": program, "square.yaml": []byte(square)} {
		if err := os.WriteFile(filepath.Join(shared, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sweeps, err := os.ReadDir(filepath.Join(shared, "kaon-results", "sweeps"))
	if err != nil {
		t.Fatal(err)
	}
	id := sweeps[0].Name()
	for _, closed := range []string{"kaon-results", filepath.Join("kaon-results", "sweeps", id)} {
		for path, mode := range map[string]os.FileMode{shared: 0o755, filepath.Join(shared, "kaon-results"): 0o755,
			filepath.Join(shared, "kaon-results", "sweeps"): 0o755, filepath.Join(shared, closed): 0o700} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		for _, words := range []string{"status", "best", "trials", "trial 3", "logs 3", "artifacts 3", "export", "pause", "stop " + id, "retry " + id,
			"run --resume " + id, "run square.yaml", "repair " + id} {
			if words == "run square.yaml" && closed != "kaon-results" {
				continue // it has a folder of its own there, or may not make one, which the first round shows
			}
			cmd := p.command(strings.Fields(words)...)
			cmd.Path, cmd.Dir = filepath.Join(shared, "kaon"), shared
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			r := p.launch(cmd).wait()
			t.Logf("%s: %s", words, r.stderr)
			r.ends(exitUnreachable).says("belongs to user root, and this is user", "--results DIR")
		}
	}
}
