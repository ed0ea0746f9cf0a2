package run

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// payloads are the records of a log that is opened to go on with it.
func payloads(t *testing.T, folder string) (all []string, err error) {
	t.Helper()
	l, err := openLog(folder, func(p []byte) error { all = append(all, string(p)); return nil })
	if err == nil {
		err = l.close()
	}
	return all, err
}

// A log is cut at every byte and has every byte changed: what was durable before is read, or it is said to be damaged, and nothing
// is read that was not written.
func TestLogCutAndDamaged(t *testing.T) {
	folder := t.TempDir()
	l, err := createLog(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{len(magic)}
	want := []string{`"one"`, `"two, which is longer"`, `"three"`}
	for i, text := range []string{"one", "two, which is longer", "three"} {
		if i > 0 {
			if err := errors.Join(l.add(text), l.sync()); err != nil {
				t.Fatal(err)
			}
		}
		info, _ := l.file.Stat()
		ends = append(ends, int(info.Size()))
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, LogFile)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for cut := len(magic); cut <= len(whole); cut++ {
		write(whole[:cut])
		records := 0
		for records < len(want) && ends[records+1] <= cut {
			records++
		}
		if got, err := payloads(t, folder); err != nil || len(got) != records {
			t.Errorf("cut at %d: %q, %v; want %d records", cut, got, err, records)
		}
		if info, _ := os.Stat(file); info.Size() != int64(ends[records]) {
			t.Errorf("cut at %d: %d bytes are left, want %d", cut, info.Size(), ends[records])
		}
	}
	for at := range whole {
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 0x10
		write(damaged)
		got, err := payloads(t, folder)
		if err == nil && at < ends[2] || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d changed: %q, %v", at, got, err)
		}
		for i, text := range got {
			if text != want[i] {
				t.Errorf("byte %d changed: record %d is %s", at, i, text)
			}
		}
	}
}

func TestOneProcessPerRun(t *testing.T) {
	folder := t.TempDir()
	l, err := createLog(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := payloads(t, folder); !errors.Is(err, ErrLocked) || !locked(folder) {
		t.Errorf("a log that is open was opened: %v", err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if locked(folder) {
		t.Error("a log that was closed is locked")
	}
}

// What a killed process leaves of a log that it was making is no run, and does not keep another from making it.
func TestLogThatWasNotMade(t *testing.T) {
	all := t.TempDir()
	folder := Folder(all, "r")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{"", magic[:4], magic + "half a record"} {
		if err := os.WriteFile(filepath.Join(folder, "."+LogFile), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Folder: all}, "r"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after %q there is a run: %v", left, err)
		}
		if runs, unread := List(all); len(runs)+len(unread) > 0 {
			t.Errorf("after %q there are runs: %v, %v", left, runs, unread)
		}
		l, err := createLog(folder, "first")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := createLog(folder, "second"); !errors.Is(err, os.ErrExist) {
			t.Errorf("it was made twice: %v", err)
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		if got, err := payloads(t, folder); err != nil || len(got) != 1 || got[0] != `"first"` {
			t.Errorf("after %q it is %q, %v", left, got, err)
		}
		if err := os.Remove(filepath.Join(folder, LogFile)); err != nil {
			t.Fatal(err)
		}
	}
}

// Those who look whether a log is locked keep nobody from opening it.
func TestLookingDoesNotLock(t *testing.T) {
	folder := t.TempDir()
	l, err := createLog(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(folder, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { _ = f.Close() })
	if _, err := payloads(t, folder); err != nil {
		t.Errorf("while one looks: %v", err)
	}
}
