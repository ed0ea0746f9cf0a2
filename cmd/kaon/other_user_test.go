package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// shared makes a folder that other users reach, with kaon in it: a test's own is below one that is closed to them.
// Only root can be two users.
func (p place) shared() (folder string) {
	p.t.Helper()
	if os.Geteuid() != 0 {
		p.t.Skip("only root can be two users")
	}
	folder, err := os.MkdirTemp("/tmp", "kaon-shared")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { os.RemoveAll(folder) })
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "kaon"), program, 0o755)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	modes(p.t, map[string]os.FileMode{folder: 0o755})
	return folder
}

// as runs the kaon of a shared folder there, as a user.
func (p place) as(uid uint32, folder string, args ...string) ran {
	p.t.Helper()
	cmd := p.command(args...)
	cmd.Path, cmd.Dir = filepath.Join(folder, "kaon"), folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return p.launch(cmd).wait()
}

// modes sets the modes of files and folders.
func modes(t *testing.T, of map[string]os.FileMode) {
	t.Helper()
	for path, mode := range of {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}
