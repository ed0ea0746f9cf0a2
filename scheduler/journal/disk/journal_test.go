package disk

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func load(t testing.TB, j journal.Journal) []journal.Entry {
	t.Helper()
	var all []journal.Entry
	for e, err := range j.Load() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestSameAsMemory holds the file to the journal in memory: whatever is appended, and however often it is opened
// again, both load the same.
func TestSameAsMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	rapid.Check(t, func(rt *rapid.T) {
		if err := errors.Join(os.RemoveAll(path), os.RemoveAll(path+logSuffix)); err != nil {
			rt.Fatal(err)
		}
		var m journal.Memory
		j, err := Open(path)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { j.Close() }()
		numbers := map[string]uint64{}
		for range rapid.IntRange(1, 8).Draw(rt, "batches") {
			entries := []journal.Entry{}
			for range rapid.IntRange(0, 12).Draw(rt, "entries") {
				entries = append(entries, draw(rt, numbers))
			}
			if err := errors.Join(m.Append(entries), j.Append(entries)); err != nil {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "reopen") {
				if err := j.Close(); err != nil {
					rt.Fatal(err)
				}
				if j, err = Open(path); err != nil {
					rt.Fatal(err)
				}
			}
		}
		want, got := load(t, &m), load(t, j)
		if len(want) != len(got) {
			rt.Fatalf("%d entries, want %d:\n%v\n%v", len(got), len(want), got, want)
		}
		for i := range want {
			if !reflect.DeepEqual(want[i], got[i]) {
				rt.Fatalf("entry %d is\n%+v, want\n%+v", i, got[i], want[i])
			}
		}
	})
}

func TestReplay(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal"))
	for n := uint64(1); n <= 30; n += 3 { // batches of three
		var batch []journal.Entry
		for i := n; i < n+3; i++ {
			batch = append(batch, journal.RecordEntry{Sweep: "s", Number: i, Record: results.Record{Sweep: "s", Trial: int(i)}})
		}
		if err := j.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Append([]journal.Entry{journal.TruncateEntry{Sweep: "s", Through: 10}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after, first uint64
		most, count  int
	}{{0, 11, 100, 20}, {10, 11, 100, 20}, {14, 15, 100, 16}, {14, 15, 2, 2}, {30, 0, 100, 0}} {
		var got []uint64
		err := j.Replay("s", c.after, func(n uint64, r results.Record) bool {
			if r.Trial != int(n) {
				t.Errorf("record %d is of trial %d", n, r.Trial)
			}
			got = append(got, n)
			return len(got) < c.most
		})
		if err != nil || len(got) != c.count || len(got) > 0 && got[0] != c.first {
			t.Errorf("replay after %d: %v, %v", c.after, got, err)
		}
	}
	if err := j.Replay("other", 0, func(uint64, results.Record) bool { return true }); err != nil {
		t.Error(err)
	}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)

// draw makes one entry of a history that a core could write: sweeps come before what belongs to them.
func draw(t *rapid.T, numbers map[string]uint64) journal.Entry {
	id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "sweep")
	if _, there := numbers[id]; !there {
		numbers[id] = 0
		return journal.SweepEntry{ID: id, Number: uint64(id[0]), Source: []byte("x: 1"), Submitted: epoch, Phase: sweep.PhaseActive, BestTrial: -1}
	}
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return journal.FrameworkEntry{ID: cluster.FrameworkID(rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "id"))}
	case 1:
		e := journal.ExecutorEntry{Agent: "agent", Executor: "kaon-1"}
		if rapid.Bool().Draw(t, "in a role") {
			e.Executor, e.Role = "kaon-2", "eng/ml" // an executor belongs to one role
		}
		if rapid.Bool().Draw(t, "runs") {
			e.Resources = []offers.Amount{{Name: "cpus", Scalar: 100, Source: "\x0a\xff"}, {Name: "ports", Ranges: []offers.Range{{Begin: 1, End: 2}}}}
		}
		return e
	case 2:
		return journal.SweepEntry{
			ID: id, Number: uint64(id[0]), File: "f", Source: []byte("x: 2"), Seed: 1 << 63, Overrides: []string{"a=b"},
			Submitted: epoch, Ended: epoch.Add(time.Hour), Reason: "done", Outcome: sweep.PhaseSucceeded, Killing: true,
			Phase:  rapid.SampledFrom([]sweep.Phase{sweep.PhaseActive, sweep.PhaseSucceeded}).Draw(t, "phase"),
			States: []byte{1, 2}, Attempts: []byte{3}, Winner: journal.AttemptRef{Trial: rapid.IntRange(0, 9).Draw(t, "winner"), Attempt: 2}, Elapsed: time.Hour, Best: 0.5, BestTrial: 7, Stored: numbers[id] / 2, Records: numbers[id],
		}
	case 3, 4:
		numbers[id]++
		return journal.RecordEntry{Sweep: id, Number: numbers[id], Record: results.Record{
			Sweep: id, Trial: 1, Attempt: 2, First: numbers[id],
			Points: []results.Point{{Step: -1, Millis: 5, Metrics: map[string]float64{"loss": 0.25}}},
			End:    &results.End{State: "failed", Stderr: []string{"boom"}, Params: []byte(`{"x":1}`)},
		}}
	case 5:
		return journal.TruncateEntry{Sweep: id, Through: numbers[id] / 2}
	case 6:
		delete(numbers, id)
		return journal.DeleteEntry{Sweep: id}
	}
	e := journal.TrialEntry{
		Sweep: id, Trial: rapid.IntRange(-1, 5).Draw(t, "trial"), Attempt: 3,
		State: rapid.SampledFrom([]sweep.State{sweep.Waiting, sweep.Running, sweep.Failed}).Draw(t, "state"),
		Value: sweep.Series{Count: 2, Finite: 1, Last: 1, Min: 2, Max: 3, Mean: 4},
	}
	switch e.State {
	case sweep.Running:
		e.Agent, e.Host, e.Executor, e.Launched, e.Started, e.Points, e.KillReason = "a", "h", "x", epoch, epoch, 9, 1
		e.Task, e.Place, e.Missing = "s.4.1", 2, 3
	case sweep.Waiting:
		e.Due, e.Budget = epoch, journal.Budget{Failures: 1, Losses: 2}
	default:
		e.Reason, e.AskSeq, e.TellSeq, e.Failure = "exit code 1", 3, 4, true
	}
	return e
}

func TestRefusals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "journal")
	j := open(t, path)
	if _, err := Open(path); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("open twice: %v, want ErrLocked", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[7] = 9
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, journal.ErrFuture) || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("open a journal of version 9: %v, want ErrFuture", err)
	}
	for name, text := range map[string]string{"a text file": strings.Repeat("not a journal ", 1000), "nothing": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%s was opened as a journal: %v", name, err)
		}
	}
}

// TestKilled kills a writing process with SIGKILL: what it was told is durable is there, and no batch is half there.
func TestKilled(t *testing.T) {
	if path := os.Getenv("KAON_JOURNAL_VICTIM"); path != "" {
		victim(path)
	}
	path := filepath.Join(t.TempDir(), "journal")
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=TestKilled")
		cmd.Env = append(os.Environ(), "KAON_JOURNAL_VICTIM="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() && said < 40*(round+1) {
			fmt.Sscan(lines.Text(), &said)
		}
		cmd.Process.Kill()
		for lines.Scan() {
			fmt.Sscan(lines.Text(), &said)
		}
		cmd.Wait()
		j := open(t, path)
		count := map[int]int{} // attempt: trials that have it
		for _, e := range load(t, j) {
			if e, ok := e.(journal.TrialEntry); ok {
				count[e.Attempt]++
			}
		}
		j.Close()
		if len(count) != 1 {
			t.Fatalf("a batch is half there: attempts %v", count)
		}
		for attempt, n := range count {
			if n != 10 || attempt < said {
				t.Fatalf("%d trials with attempt %d; the victim said that %d was durable", n, attempt, said)
			}
		}
	}
}

// victim writes batches that set ten trials to the same attempt, saying each number once it is durable.
func victim(path string) {
	j, err := Open(path)
	if err != nil {
		panic(err)
	}
	from := 0
	for e := range j.Load() {
		if e, ok := e.(journal.TrialEntry); ok {
			from = e.Attempt
		}
	}
	for n := from + 1; ; n++ {
		batch := []journal.Entry{journal.SweepEntry{ID: "s", Number: 1, Phase: sweep.PhaseActive}}
		for i := range 10 {
			batch = append(batch, journal.TrialEntry{Sweep: "s", Trial: i, State: sweep.Failed, Attempt: n})
		}
		if err := j.Append(batch); err != nil {
			panic(err)
		}
		fmt.Println(n)
	}
}

// BenchmarkPoints256 appends updates of 16 points from 256 attempts a turn: the journal's part in metrics.
func BenchmarkPoints256(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal"))
	var number, points uint64
	for b.Loop() {
		var batch []journal.Entry
		for trial := range 256 {
			number++
			rec := results.Record{Sweep: "s", Trial: trial, Attempt: 1, First: number}
			for i := range 16 {
				rec.Points = append(rec.Points, results.Point{Step: int64(i), Millis: 1, Metrics: map[string]float64{"loss": float64(i), "accuracy": 0.5}})
			}
			points += 16
			batch = append(batch, journal.RecordEntry{Sweep: "s", Number: number, Record: rec},
				journal.TrialEntry{Sweep: "s", Trial: trial, State: sweep.Running, Attempt: 1, Agent: "agent-0001", Host: "host", Launched: epoch, Started: epoch, Points: number})
		}
		if number%2560 == 0 {
			batch = append(batch, journal.TruncateEntry{Sweep: "s", Through: number})
		}
		if err := j.Append(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(points)/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkTrials1000 writes the three states of 1000 trials in three turns.
func BenchmarkTrials1000(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "journal"))
	trials := 0
	var number uint64
	for b.Loop() {
		for _, state := range []sweep.State{sweep.Launched, sweep.Running, sweep.Succeeded} {
			var batch []journal.Entry
			for i := range 1000 {
				batch = append(batch, journal.TrialEntry{Sweep: "s", Trial: trials + i, State: state, Attempt: 1, Agent: "agent-0001", Host: "host", Launched: epoch})
				if state == sweep.Succeeded {
					number++
					batch = append(batch, journal.RecordEntry{Sweep: "s", Number: number, Record: results.Record{Sweep: "s", Trial: trials + i, Attempt: 1,
						End: &results.End{State: "succeeded", Final: true, Params: []byte(`{"lr":0.1,"batch":32}`)}}})
				}
			}
			if err := j.Append(batch); err != nil {
				b.Fatal(err)
			}
		}
		trials += 1000
		if err := j.Append([]journal.Entry{journal.TruncateEntry{Sweep: "s", Through: number}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(trials)/b.Elapsed().Seconds(), "trials/s")
}
