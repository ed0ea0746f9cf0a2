package killtest

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/open"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// outcome is what a run left in its bucket.
type outcome struct {
	id      string
	bytes   []byte // board.json
	summary board.Summary
	trials  []board.Trial
	lost    int      // attempts that ended by the platform's fault
	reasons []string // of these
	unsaid  []int    // by trial, attempts that began and of which nothing is recorded
}

func (w *world) outcome() outcome {
	w.t.Helper()
	ctx := context.Background()
	bucket, err := open.Bucket(ctx, filepath.Join(w.dir, "results"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	loaded, damage, err := store.Load(ctx, bucket, w.id)
	if err != nil || len(damage) > 0 {
		w.t.Fatalf("load results: %v, damaged: %v", err, damage)
	}
	o := outcome{id: w.id, bytes: w.board()}
	if err := json.Unmarshal(o.bytes, &o.summary); err != nil {
		w.t.Fatal(err)
	}
	for trial := range loaded.Trials(board.Query{}) {
		o.trials = append(o.trials, trial)
		o.unsaid = append(o.unsaid, w.unsaid(&trial))
		for _, a := range trial.Attempts {
			if a.End != nil && a.End.State == sweep.AttemptLost {
				o.lost++
				o.reasons = append(o.reasons, a.End.Reason)
			}
		}
	}
	if stored := loaded.Summary(); !reflect.DeepEqual(stored.Trials, o.summary.Trials) || stored.Points != o.summary.Points {
		w.t.Errorf("board.json and the records disagree: %+v %d points, records %+v %d points", o.summary.Trials, o.summary.Points, stored.Trials, stored.Points)
	}
	return o
}

// unsaid is how many attempts of a trial began of which nothing is recorded. What a bundle has not begun goes back without a
// record, and has nothing to tell. What has begun has, and may be missing only where an executor died that had not told yet.
func (w *world) unsaid(trial *board.Trial) (n int) {
	w.t.Helper()
	recorded := map[int]bool{}
	for _, a := range trial.Attempts {
		recorded[a.Attempt] = true
		if a.Known > 0 && !w.begun(trial.Trial, a.Attempt) {
			w.t.Errorf("trial %d: attempt %d has %d points, and never began", trial.Trial, a.Attempt, a.Known)
		}
	}
	for attempt := 1; attempt <= trial.Attempt; attempt++ {
		if !recorded[attempt] && w.begun(trial.Trial, attempt) {
			n++
		}
	}
	if n > 0 && !w.executorsDied() {
		w.t.Errorf("trial %d: nothing is recorded of %d attempts that began, and no executor died", trial.Trial, n)
	}
	return n
}

// compare holds a disturbed run to the undisturbed one.
//
// board.json must be the same to the bit, but for the sweep's id, which is random, the file's checksum, and the numbers of attempts and points in
// all and of the attempts that count: an executor that dies takes its attempts with it, which are made again, and leaves
// what they had reported. So that these hide nothing, every trial is compared too: the attempt that counts must be the same in state, exit
// code, parameters, seed, points and every metric's series; and those before it must be the same as well, unless attempts of
// the trial were lost, or began and died unheard: then it may have as many failed ones fewer, since a trial that fails only the
// first time may have done so in one of them, and any lost ones more.
func compare(t *testing.T, calm, storm outcome) {
	t.Helper()
	if a, b := normalised(calm), normalised(storm); !bytes.Equal(a, b) {
		t.Errorf("the boards differ:\nundisturbed %s\ndisturbed   %s", a, b)
	}
	if len(calm.trials) != len(storm.trials) {
		t.Fatalf("%d trials on the board, undisturbed %d", len(storm.trials), len(calm.trials))
	}
	var attempts, points uint64
	for i := range calm.trials {
		want, got := told(calm.trials[i]), told(storm.trials[i])
		if !reflect.DeepEqual(want.final, got.final) {
			t.Errorf("trial %d ended differently:\nundisturbed %+v\ndisturbed   %+v", i, want.final, got.final)
		}
		if got.lost+storm.unsaid[i] == 0 && !reflect.DeepEqual(want.before, got.before) {
			t.Errorf("trial %d lost no attempt, and yet had other attempts: undisturbed %+v, disturbed %+v", i, want.before, got.before)
		}
		switch failed := len(got.before) - got.lost; {
		case failed > len(want.before):
			t.Errorf("trial %d failed more often: undisturbed %+v, disturbed %+v", i, want.before, got.before)
		case failed+got.lost+storm.unsaid[i] < len(want.before):
			t.Errorf("trial %d failed less often, and %d attempts died unheard: undisturbed %+v, disturbed %+v", i, storm.unsaid[i], want.before, got.before)
		}
		for _, a := range storm.trials[i].Attempts {
			attempts, points = attempts+1, points+a.Known
			if a.Missing > 0 {
				t.Errorf("trial %d: attempt %d lacks %d points", i, a.Attempt, a.Missing)
			}
		}
	}
	if attempts != uint64(storm.summary.Attempts) || points != storm.summary.Points {
		t.Errorf("board.json counts %d attempts and %d points, its trials have %d and %d",
			storm.summary.Attempts, storm.summary.Points, attempts, points)
	}
	if storm.lost == 0 && (storm.summary.Attempts != calm.summary.Attempts || storm.summary.Points != calm.summary.Points) {
		t.Errorf("no attempt was lost, and yet %d attempts and %d points, undisturbed %d and %d",
			storm.summary.Attempts, storm.summary.Points, calm.summary.Attempts, calm.summary.Points)
	}
}

// attemptNumber is the number of a trial's attempt that counts.
var attemptNumber = regexp.MustCompile(`"attempt":\s*[0-9]+`)

// normalised is board.json without what may differ.
func normalised(o outcome) []byte {
	text := strings.ReplaceAll(string(o.bytes), `"`+o.id+`"`, `"id"`)
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		panic(err) // outcome has read it before
	}
	fields["attempts"], fields["points"], fields["checksum"] = nil, nil, nil // that of the whole file, those two included
	for _, name := range []string{"best", "top"} {
		fields[name] = attemptNumber.ReplaceAll(fields[name], []byte(`"attempt":0`))
	}
	b, err := json.Marshal(fields) // sorts the names, keeps every value's bytes but for blanks
	if err != nil {
		panic(err)
	}
	return b
}

// ending is an attempt without what time, place and the attempt's number make of it.
type ending struct {
	State  string
	Final  bool
	Exit   int
	Signal int
	Reason string
	Points uint64
	Stderr string
}

// story is a trial without the same.
type story struct {
	final struct {
		ending
		State, Params string
		Seed          uint64
		Value         results.Number
		Metrics       []board.Series
		Curve         []board.CurvePoint
	}
	before []ending
	lost   int // of those before
}

func told(t board.Trial) story {
	var s story
	for _, a := range t.Attempts {
		if a.End == nil {
			s.before = append(s.before, ending{State: "no end"})
			continue
		}
		e := ending{string(a.End.State), a.End.Final, a.End.Exit, a.End.Signal, a.End.Reason, a.Known, strings.Join(a.End.Stderr, "\n")}
		if a.Attempt == t.Attempt {
			s.final.ending = e
			continue
		}
		s.before = append(s.before, e)
		if e.State == string(sweep.AttemptLost) {
			s.lost++
		}
	}
	s.final.State, s.final.Params, s.final.Seed = t.State.String(), string(t.Params), t.Seed
	s.final.Metrics, s.final.Curve = t.Metrics, t.Curve
	if t.Value != nil {
		s.final.Value = *t.Value
	}
	return s
}
