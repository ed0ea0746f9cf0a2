package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Whatever another user put where this user's commands find each other, no secret goes there, and a run goes on without.
func TestAttackPlantedRuntimeFolder(t *testing.T) {
	t.Parallel()
	spec := "metric: {name: cost, goal: minimize}\nparameters: {x: {values: [1]}}\nmethod: grid\ntask: {resources: {cpus: 0.1, memory: 20MB}}\ncommand: [sh, -c, 'echo cost=1']\n"
	for _, tt := range []struct {
		name  string
		root  bool
		plant func(folder, elsewhere string) error
		says  string
	}{
		{"of another user", true, func(folder, _ string) error { return stranded(folder) }, "belongs to user 65534"},
		{"a link to a folder of ours", false, func(folder, elsewhere string) error { return os.Symlink(elsewhere, folder) }, "is no folder"},
		{"a link to nowhere", false, func(folder, elsewhere string) error { return os.Symlink(elsewhere+".none", folder) }, "file exists"},
		{"a file", false, func(folder, _ string) error { return os.WriteFile(folder, nil, 0o600) }, "not a directory"},
		{"open to others", false, func(folder, _ string) error { return os.Mkdir(folder, 0o755) }, "chmod 700"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.root && os.Getuid() != 0 {
				t.Skip("plants a folder of another user, which only root can")
			}
			p := newPlace(t)
			p.write("s.yaml", spec)
			shared, elsewhere := t.TempDir(), t.TempDir()
			folder := filepath.Join(shared, fmt.Sprintf("kaon-%d", os.Getuid()))
			if err := tt.plant(folder, elsewhere); err != nil {
				t.Fatal(err)
			}
			with := func(args ...string) ran {
				cmd := p.command(args...)
				cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR=", "TMPDIR="+shared)
				return p.launch(cmd).wait()
			}
			with("cluster", "--listen", "127.0.0.1:0").ends(exitUsage).says(tt.says, folder)
			with("run", "s.yaml").ends(exitDone).prints("this run does not see others", tt.says)
			for _, dir := range []string{folder, elsewhere} {
				if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
					t.Errorf("it left %v in %s", left, dir)
				}
			}
		})
	}
}

// stranded makes a folder of another user's, closed as ours are.
func stranded(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	return os.Chown(folder, nobody, nobody)
}

// A runtime folder that a user's session left in root's environment is that user's to exchange: root uses its own.
func TestAttackRuntimeFolderOfASession(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("plants a folder of another user, which only root can")
	}
	p := newPlace(t)
	session := filepath.Join(t.TempDir(), "session")
	if err := stranded(session); err != nil {
		t.Fatal(err)
	}
	own := t.TempDir()
	cmd := p.command("cluster", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+session, "TMPDIR="+own)
	x := p.launch(cmd)
	x.stdout.await(t, filepath.Join(own, "kaon-0"))
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	if left, _ := os.ReadDir(session); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
