package disk

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// written is a journal that was left as a process leaves it that is killed, with a block in its store and records in its log.
func written(t *testing.T, batches int) (path string, all [][]journal.Entry) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	all = history(batches)
	for _, batch := range all {
		if err := j.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(j.file.Close(), j.store.file.Close()); err != nil {
		t.Fatal(err)
	}
	return path, all
}

func files(t *testing.T, path string) (both [2]string) {
	t.Helper()
	for i, suffix := range []string{"", logSuffix} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		both[i] = string(data)
	}
	return both
}

// Who only reads sees what Open would, changes nothing, and does not read what another has open.
func TestRead(t *testing.T) {
	for _, batches := range []int{20, 500} {
		path, _ := written(t, batches)
		before := files(t, path)
		m, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if files(t, path) != before {
			t.Error("it was changed")
		}
		j := open(t, path)
		if got, want := load(t, m), load(t, j); !reflect.DeepEqual(got, want) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
		if _, err := Read(path); !errors.Is(err, journal.ErrLocked) {
			t.Errorf("of an open one: %v", err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err != nil {
			t.Error(err)
		}
		if err := os.Remove(path + logSuffix); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("without a log: %v", err)
		}
	}
}

// A bit that is flipped costs the record or block it is in, and nothing else; which one is told.
func TestSalvage(t *testing.T) {
	const batches = 24
	path, all := written(t, batches)
	whole := files(t, path)
	l := &log{seed: sealOf(t, path)}
	for at, record := logStart, 0; record < len(all); record++ {
		payload, _, ok := l.record([]byte(whole[1])[at:])
		if !ok {
			t.Fatalf("record %d is not there", record)
		}
		for _, bit := range []int{at, at + 9, at + logHeader + len(payload)/2} {
			data := []byte(whole[1])
			data[bit] ^= 8
			if err := os.WriteFile(path+logSuffix, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Salvage(path)
			if err != nil {
				t.Fatal(err)
			}
			records := 0
			for e := range s.Load() {
				if _, ok := e.(journal.RecordEntry); ok {
					records++
				}
			}
			want, holes := batches, 1
			if record > 0 {
				want--
			}
			if record == len(all)-1 {
				holes = 0 // it looks as one that was torn
			}
			if records != want || len(s.Holes) != holes {
				t.Errorf("record %d, byte %d: %d records, want %d; holes %q", record, bit, records, want, s.Holes)
			}
		}
		at += logHeader + len(payload)
	}
}

// sealOf is what the checksums of a journal's log begin with.
func sealOf(t *testing.T, path string) uint32 {
	t.Helper()
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := openStore(f)
	if err != nil {
		t.Fatal(err)
	}
	return crc32.Checksum(s.id, castagnoli)
}

// What is lost altogether, of one file, leaves what the other has.
func TestSalvageOfOneFile(t *testing.T) {
	path, _ := written(t, 500)
	whole := files(t, path)
	count := func() (records int, holes []string) {
		t.Helper()
		s, err := Salvage(path)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[uint64]bool{}
		for e := range s.Load() {
			if r, ok := e.(journal.RecordEntry); ok {
				seen[r.Number] = true
			}
		}
		return len(seen), s.Holes
	}
	put := func(store, log string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(store), 0o600), os.WriteFile(path+logSuffix, []byte(log), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if n, holes := count(); n != 500 || len(holes) > 0 {
		t.Errorf("whole: %d %q", n, holes)
	}
	flipped := []byte(whole[0])
	flipped[20] ^= 1
	put(string(flipped), whole[1])
	if n, holes := count(); n != 500 || len(holes) > 0 {
		t.Errorf("one bit of the header: %d %q", n, holes)
	}
	put("", whole[1])
	if n, holes := count(); n == 0 || len(holes) == 0 {
		t.Errorf("no store: %d %q", n, holes)
	}
	put(whole[0], "")
	if n, holes := count(); n == 0 || n == 500 || len(holes) == 0 {
		t.Errorf("no log: %d %q", n, holes)
	}
	flipped = []byte(whole[0])
	flipped[len(flipped)/2] ^= 1
	put(string(flipped), whole[1])
	if n, holes := count(); n == 0 || len(holes) == 0 {
		t.Errorf("a block: %d %q", n, holes)
	}
}
