package disk

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// formerEntries is what was appended to the journal of testdata/v2, by the kaon that kept journals in bbolt.
func formerEntries() [][]journal.Entry {
	all := [][]journal.Entry{{
		journal.FrameworkEntry{ID: "f-1"},
		journal.ExecutorEntry{Agent: "a", Executor: "x", Resources: []offers.Amount{{Name: "cpus", Scalar: 100}}},
		journal.SweepEntry{ID: "s", Number: 1, File: "/spec.yaml", Source: []byte("command: echo 1\n"), Seed: 7, Overrides: []string{"a=b"}, Submitted: epoch, Phase: sweep.PhaseActive, BestTrial: -1},
		journal.SweepEntry{ID: "gone", Number: 2, Submitted: epoch, Phase: sweep.PhaseActive, BestTrial: -1},
	}}
	for i := range 4000 {
		all = append(all, []journal.Entry{
			journal.TrialEntry{Sweep: "s", Trial: i % 500, State: sweep.Failed, Attempt: 1 + i/500, Reason: fmt.Sprintf("exit code %d", i%7)},
			journal.RecordEntry{Sweep: "s", Number: uint64(i + 1), Record: results.Record{Sweep: "s", Trial: i % 500, Attempt: 1 + i/500, First: 3,
				Points: []results.Point{{Step: int64(i), Metrics: map[string]float64{"loss": float64(i)}}}, End: &results.End{State: "failed", Reason: "no luck", Stderr: []string{"one", "two", fmt.Sprint(make([]byte, 200))}}}},
		})
		if i%100 == 99 {
			all = append(all, []journal.Entry{journal.TruncateEntry{Sweep: "s", Through: uint64(i - 50)}})
		}
	}
	return append(all, []journal.Entry{journal.DeleteEntry{Sweep: "gone"}})
}

// formerFiles are the store and the log of testdata/v2.
func formerFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, suffix := range []string{"", logSuffix} {
		f, err := os.Open("testdata/v2/journal.db" + suffix + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err == nil {
			files[suffix], err = io.ReadAll(z)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func put(t testing.TB, path string, files map[string][]byte) {
	t.Helper()
	for suffix, data := range files {
		if err := os.WriteFile(path+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A journal of a kaon that kept it in bbolt is read, goes on, and its files are kept.
func TestFormerJournal(t *testing.T) {
	var m journal.Memory
	for _, batch := range formerEntries() {
		if err := m.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	files := formerFiles(t)
	put(t, path, files)
	for range 3 {
		j := open(t, path)
		if got, want := load(t, j), load(t, &m); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d entries, want %d", len(got), len(want))
		}
		more := []journal.Entry{journal.TrialEntry{Sweep: "s", Trial: 3, Attempt: 77}}
		if err := errors.Join(j.Append(more), m.Append(more), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for suffix, data := range files {
		if kept, err := os.ReadFile(path + suffix + oldSuffix); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("the file %s of before was not kept: %v", suffix, err)
		}
	}
}

// Whoever dies while a former journal is written anew finds it again.
func TestKilledInConversion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	files := formerFiles(t)
	put(t, path, files)
	want := load(t, open(t, path))
	path = filepath.Join(t.TempDir(), "journal.db")
	put(t, path, files)
	if err := keepFormer(path); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path+logSuffix, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeLog(f, newID()); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got := load(t, open(t, path)); !reflect.DeepEqual(got, want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
}

// Bbolt's pages have no checksums: damage may stay unseen in a value, but ends neither the process nor the files.
func TestDamagedFormerJournal(t *testing.T) {
	files := formerFiles(t)
	dir := t.TempDir()
	n, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		data := append([]byte(nil), files[""]...)
		for range rapid.IntRange(1, 3).Draw(rt, "times") {
			page := rapid.IntRange(0, len(data)/4096-1).Draw(rt, "page") * 4096
			switch rapid.IntRange(0, 3).Draw(rt, "kind") {
			case 0, 1: // where the structure lies
				data[page+rapid.IntRange(0, 200).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			case 2:
				clear(data[page : page+4096])
			case 3:
				from := rapid.IntRange(0, len(data)/4096-1).Draw(rt, "from") * 4096
				copy(data[page:page+4096], append([]byte(nil), data[from:from+4096]...))
			}
		}
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		put(t, path, map[string][]byte{"": data, logSuffix: files[logSuffix]})
		j, err := Open(path)
		if err == nil {
			load(t, j)
			j.Close()
			return
		}
		refused++
		if now, _ := os.ReadFile(path); !bytes.Equal(now, data) {
			rt.Fatalf("changed, and yet: %v", err)
		}
	})
	t.Logf("%d of %d refused", refused, n)
}
