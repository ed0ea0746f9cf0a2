package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/sandbox"
)

// What a trial puts in the place of its output, or of its folder, shows nothing else and holds nobody up.
func TestAttackLogsOfPlantedFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "stdout")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, plant := range map[string]func(folder string) error{
		"link":        func(f string) error { return os.Symlink(secret, filepath.Join(f, "stdout")) },
		"pipe":        func(f string) error { return syscall.Mkfifo(filepath.Join(f, "stdout"), 0o600) },
		"folder":      func(f string) error { return os.Mkdir(filepath.Join(f, "stdout"), 0o700) },
		"link folder": func(f string) error { _ = os.Remove(f); return os.Symlink(filepath.Dir(secret), f) },
		"link sandbox": func(f string) error {
			_ = os.RemoveAll(filepath.Dir(f))
			return os.Symlink(filepath.Dir(filepath.Dir(secret)), filepath.Dir(f))
		},
	} {
		state := t.TempDir()
		folder := filepath.Join(state, "sandbox", filepath.Base(filepath.Dir(secret)))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := plant(folder); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			files, err := sandbox.OpenLocal(state, folder)
			if err != nil {
				return
			}
			if data, err := files.Read(t.Context(), "stdout", 0); err == nil || strings.Contains(string(data), "secret") {
				t.Errorf("%s: read %q", kind, data)
			}
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: it hangs", kind)
		}
	}
}
