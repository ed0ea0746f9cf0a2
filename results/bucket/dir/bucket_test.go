package dir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/buckettest"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
)

func open(t *testing.T, folder string) *dir.Bucket {
	t.Helper()
	b, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBucket(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) bucket.Bucket { return open(t, filepath.Join(t.TempDir(), "new", "folder")) })
}

func TestLinksDoNotLeadOut(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	b := open(t, inside)
	if r, err := b.Get(t.Context(), "link/secret"); err == nil {
		r.Close()
		t.Error("read through a link to the outside")
	}
	if err := b.Put(t.Context(), "link/new", strings.NewReader("x")); err == nil {
		t.Error("wrote through a link to the outside")
	}
	for o, err := range b.List(t.Context(), "") {
		t.Errorf("listed %v, %v", o, err)
	}
}

// A crash between writing and renaming leaves a temporary file: it is no object, and is gone after a day.
func TestCrashLeavesNoObject(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	temps := filepath.Join(folder, bucket.TempPrefix)
	if err := os.Mkdir(temps, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": time.Hour} {
		file := filepath.Join(temps, name)
		if err := os.WriteFile(file, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, folder)
	for o, err := range b.List(t.Context(), "") {
		t.Errorf("listed %v, %v", o, err)
	}
	if _, err := os.Stat(filepath.Join(temps, "young")); err != nil {
		t.Errorf("a young temporary file may be another process's: %v", err)
	}
	if _, err := os.Stat(filepath.Join(temps, "old")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an old temporary file stayed: %v", err)
	}
}

// Whatever the umask, results are their owner's and group's.
func TestAttackUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	folder := filepath.Join(t.TempDir(), "results")
	b, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "sweeps/s/sweep.json", strings.NewReader("{}")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o750, "sweeps": 0o750, "sweeps/s": 0o750, "sweeps/s/sweep.json": 0o640} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

// A pipe under an object's name is no object, and keeps no reader waiting.
func TestPipeIsNoObject(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, folder).Get(t.Context(), "pipe"); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("get a pipe: %v", err)
	}
}
