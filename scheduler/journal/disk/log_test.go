package disk

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

func frameworkOf(t testing.TB, j journal.Journal) cluster.FrameworkID {
	t.Helper()
	for _, e := range load(t, j) {
		if f, ok := e.(journal.FrameworkEntry); ok {
			return f.ID
		}
	}
	return ""
}

// A record that the machine's death tore counts for nothing, wherever the tear is, and what came before it stays. A record
// that is not whole though a later one is was not torn: that is damage, as is any of a journal that was closed.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, "journal")
		_, _ = os.Remove(path), os.Remove(path+logSuffix)
		j, err := Open(path)
		if err != nil {
			rt.Fatal(err)
		}
		var ends []int64
		names := []cluster.FrameworkID{"", "first", cluster.FrameworkID(strings.Repeat("second", 100)), "third"}
		for _, name := range names[1:] {
			if err := j.Append([]journal.Entry{journal.FrameworkEntry{ID: name}}); err != nil {
				rt.Fatal(err)
			}
			ends = append(ends, j.log.at)
		}
		killed := rapid.Bool().Draw(rt, "killed")
		b, err := os.ReadFile(path + logSuffix)
		if err != nil {
			rt.Fatal(err)
		}
		if err := j.Close(); err != nil {
			rt.Fatal(err)
		}
		if !killed {
			if b, err = os.ReadFile(path + logSuffix); err != nil {
				rt.Fatal(err)
			}
		}
		at := rapid.Int64Range(logStart, ends[2]-1).Draw(rt, "damaged byte")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "damage"))
		if err := os.WriteFile(path+logSuffix, b, 0o600); err != nil {
			rt.Fatal(err)
		}
		whole := 0
		for whole < len(ends) && at >= ends[whole] {
			whole++
		}
		again, err := Open(path)
		if torn := killed && whole == 2; !torn {
			if !errors.Is(err, journal.ErrDamaged) {
				rt.Fatalf("byte %d of records that end at %v was damaged: %v", at, ends, err)
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		defer again.Close()
		if got := frameworkOf(t, again); got != names[whole] {
			rt.Fatalf("byte %d of records that end at %v was damaged: framework %q, want %q", at, ends, got, names[whole])
		}
	})
}

// The log is written over and over; nothing is lost where it begins again, nor by what an earlier round left behind.
func TestLogBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	var m journal.Memory
	rounds, last := 0, int64(0)
	for n := 1; rounds < 3; n++ {
		size := 1 + n*7919%(logRoom/5)
		if n%11 == 0 {
			size = logRoom // more than the log ever holds
		}
		batch := []journal.Entry{
			journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive, Source: make([]byte, size), BestTrial: n},
			journal.TrialEntry{Sweep: "s", Trial: n, Attempt: n},
		}
		if err := j.Append(batch); err != nil {
			t.Fatal(err)
		}
		if err := m.Append(batch); err != nil {
			t.Fatal(err)
		}
		if j.log.at <= last {
			rounds++
		}
		last = j.log.at
		if n%4 == 0 {
			j.Close()
			j = open(t, path)
			if got, want := load(t, j), load(t, &m); !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d batches there are %d entries, want %d", n, len(got), len(want))
			}
		}
	}
}
