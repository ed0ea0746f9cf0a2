package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// history is n batches of entries of one sweep.
func history(n int) [][]journal.Entry {
	all := [][]journal.Entry{{journal.SweepEntry{ID: "s", Number: 1, File: "/spec.yaml", Source: []byte("command: echo 1\n"), Submitted: epoch, Phase: sweep.PhaseActive, BestTrial: -1}}}
	for i := range n {
		all = append(all, []journal.Entry{
			journal.TrialEntry{Sweep: "s", Trial: i % 50, State: sweep.Succeeded, Attempt: 1 + i/50},
			journal.RecordEntry{Sweep: "s", Number: uint64(i + 1), Record: results.Record{Sweep: "s", Trial: i % 50, Attempt: 1, End: &results.End{State: "succeeded", Reason: fmt.Sprint(make([]byte, i*37%9000))}}},
		})
	}
	return all
}

// Any damage to a journal that was closed, in either file, is found, or does not matter: that of the log's bytes behind its
// end. What is found leaves the files as they are.
func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	j := open(t, path)
	var m journal.Memory
	for _, batch := range history(500) {
		if err := errors.Join(j.Append(batch), m.Append(batch)); err != nil {
			t.Fatal(err)
		}
	}
	if j.store.blocks == 0 {
		t.Fatal("the store is empty")
	}
	end := j.log.at
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	want := load(t, &m)
	files := map[string][]byte{}
	for _, suffix := range []string{"", logSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files[suffix] = data
	}
	rapid.Check(t, func(rt *rapid.T) {
		suffix := rapid.SampledFrom([]string{"", logSuffix}).Draw(rt, "file")
		data := append([]byte(nil), files[suffix]...)
		most := len(data)
		if suffix == logSuffix {
			most = int(end)
		}
		at := rapid.IntRange(0, most-1).Draw(rt, "at")
		switch rapid.IntRange(0, 3).Draw(rt, "kind") {
		case 0:
			data[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case 1:
			data = data[:at]
		case 2:
			clear(data[at:min(len(data), at+4096)])
		case 3:
			from := rapid.IntRange(0, most-1).Draw(rt, "from")
			copy(data[at:], append([]byte(nil), data[from:min(len(data), from+512)]...))
		}
		other := map[string]string{"": logSuffix, logSuffix: ""}[suffix]
		if err := errors.Join(os.WriteFile(path+suffix, data, 0o600), os.WriteFile(path+other, files[other], 0o600)); err != nil {
			rt.Fatal(err)
		}
		again, err := Open(path)
		if err != nil {
			if now, _ := os.ReadFile(path + suffix); !errors.Is(err, journal.ErrDamaged) && !errors.Is(err, journal.ErrFuture) || !reflect.DeepEqual(now, data) {
				rt.Fatalf("%v; changed: %v", err, !reflect.DeepEqual(now, data))
			}
			return
		}
		defer again.Close()
		if got := load(t, again); !reflect.DeepEqual(got, want) {
			rt.Fatalf("%d entries, want %d, and no error", len(got), len(want))
		}
	})
}

// What lies in a file's place is refused, and a log that is gone is not made anew.
func TestNotEvenFiles(t *testing.T) {
	for _, suffix := range []string{"", logSuffix} {
		path := filepath.Join(t.TempDir(), "journal")
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
		if suffix == logSuffix {
			if _, err := Open(path); !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("without its log: %v", err)
			}
		}
		if suffix == "" {
			log, err := os.ReadFile(path + logSuffix)
			if _, opened := Open(path); err != nil || !errors.Is(opened, journal.ErrDamaged) {
				t.Errorf("without its store: %v, %v", opened, err)
			}
			if now, _ := os.ReadFile(path + logSuffix); !bytes.Equal(now, log) {
				t.Error("without its store its log was changed")
			}
		}
		if err := os.Mkdir(path+suffix, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("a folder was taken for the file %q", suffix)
		}
	}
}

// A store of which most is dead is written anew, and loses nothing.
func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	var m journal.Memory
	for n := 1; j.store.generation < 3; n++ {
		batch := []journal.Entry{
			journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive, Source: make([]byte, 300_000), BestTrial: n},
			journal.TrialEntry{Sweep: "s", Trial: n, Attempt: n},
			journal.RecordEntry{Sweep: "s", Number: uint64(n), Record: results.Record{Sweep: "s", Trial: n}},
			journal.TruncateEntry{Sweep: "s", Through: uint64(n / 2)},
		}
		if err := errors.Join(j.Append(batch), m.Append(batch)); err != nil {
			t.Fatal(err)
		}
		if n%10 == 0 {
			j.Close()
			j = open(t, path)
			if got, want := load(t, j), load(t, &m); !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d batches there are %d entries, want %d", n, len(got), len(want))
			}
		}
		if n > 1000 {
			t.Fatal("it is never written anew")
		}
	}
}

// How large the journal is is also told while an Append does not come back, as on a disk that hangs.
func TestSizeWhileAppendHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	if err := os.Symlink("/dev/full", path+newSuffix); err != nil {
		t.Fatal(err)
	}
	hangs, release, appended := make(chan bool), make(chan bool), make(chan error, 1)
	j.Heard(func(error) { close(hangs); <-release })
	go func() {
		for n := range 1000 {
			err := j.Append([]journal.Entry{
				journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive, Source: make([]byte, 300_000), BestTrial: n}})
			select {
			case <-hangs:
				appended <- err
				return
			default:
			}
			if err != nil {
				break
			}
		}
		appended <- errors.New("it was never to be written anew")
	}()
	select {
	case <-hangs:
	case err := <-appended:
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() {
		_, grows := j.Size()
		said <- grows
	}()
	select {
	case grows := <-said:
		if !errors.Is(grows, unix.ENOSPC) {
			t.Error(grows)
		}
	case <-time.After(testkit.Patience):
		t.Error("it is not told")
	}
	close(release)
	if err := <-appended; err != nil {
		t.Error(err)
	}
}

// A store for which there is no room to write it anew stays as it is, and nothing is left of the attempt, which is made again later.
func TestCompactionWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	var m journal.Memory
	full, tried := false, 0
	var told []error
	j.Heard(func(grows error) { told = append(told, grows) })
	for n := 1; j.store.generation == 1; n++ {
		if !full && tried < 3 {
			if err := os.Symlink("/dev/full", path+newSuffix); err != nil {
				t.Fatal(err)
			}
			full = true
		}
		batch := []journal.Entry{
			journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive, Source: make([]byte, 300_000), BestTrial: n},
			journal.TrialEntry{Sweep: "s", Trial: n, Attempt: n},
		}
		if err := errors.Join(j.Append(batch), m.Append(batch)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path + newSuffix); full && err != nil {
			full = false
			tried++
		}
		if n > 1000 {
			t.Fatal("it is never written anew")
		}
	}
	if tried != 3 {
		t.Errorf("it was tried %d times without room", tried)
	}
	if len(told) != 2 || !errors.Is(told[0], unix.ENOSPC) || !strings.Contains(told[0].Error(), "make room") ||
		told[1] != nil {
		t.Errorf("told: %v", told)
	}
	if size, grows := j.Size(); size != j.store.size || grows != nil {
		t.Errorf("%d bytes, %v", size, grows)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	for range 2 {
		if got, want := load(t, j), load(t, &m); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d entries, want %d", len(got), len(want))
		}
		if err := errors.Join(j.Close(), os.WriteFile(path+newSuffix, []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
		j = open(t, path)
		if _, err := os.Lstat(path + newSuffix); err == nil {
			t.Error("what a process left that died is still there")
		}
	}
}

// A store that cannot be written anew for another reason than room is told.
func TestCompactionFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	if err := os.MkdirAll(filepath.Join(path+newSuffix, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		err := j.Append([]journal.Entry{journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive, Source: make([]byte, 300_000), BestTrial: n}})
		if errors.Is(err, unix.EISDIR) {
			break
		}
		if err != nil || n > 1000 {
			t.Fatalf("after %d entries: %v", n, err)
		}
	}
}

// A journal that nobody has written to may be made again when the process that made it died before its store was there; any other without
// its store is damaged.
func TestStoreIsMissing(t *testing.T) {
	for name, x := range map[string]struct {
		leave   func(t *testing.T, path string)
		damaged bool
	}{
		"made":      {func(t *testing.T, path string) {}, false},
		"empty":     {func(t *testing.T, path string) { truncate(t, path+logSuffix, 0) }, false},
		"half made": {func(t *testing.T, path string) { truncate(t, path+logSuffix, 700) }, false},
		"killed":    {func(t *testing.T, path string) { write(t, path, false) }, true},
		"closed":    {func(t *testing.T, path string) { write(t, path, true) }, true},
		"of before": {func(t *testing.T, path string) { put(t, path, formerFiles(t)) }, true},
	} {
		path := filepath.Join(t.TempDir(), "journal")
		f, err := os.Create(path + logSuffix)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := makeLog(f, newID()); err != nil {
			t.Fatal(err)
		}
		f.Close()
		x.leave(t, path)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		j, err := Open(path)
		if err == nil {
			j.Close()
		}
		if (err != nil) != x.damaged || err != nil && !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// write leaves a journal of one batch, of a process that closed it or died.
func write(t *testing.T, path string, closed bool) {
	t.Helper()
	j := open(t, path)
	if err := j.Append(history(1)[1]); err != nil {
		t.Fatal(err)
	}
	if closed {
		j.Close()
	} else {
		j.file.Close() // and with it its lock
	}
}
