package board_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// story is a sweep with a trial in every state: a retry, a gap, NaN, a trial cached, one never heard of.
func story() []results.Record {
	points := func(values ...float64) (out []results.Point) {
		for i, v := range values {
			out = append(out, results.Point{Step: int64(i), Metrics: map[string]float64{"accuracy": v, "loss": 1 - v, "lr": 0.1}})
		}
		return out
	}
	end := func(state sweep.Outcome, final bool, points uint64) *results.End {
		return &results.End{State: state, Final: final, Points: points, StartMs: 1000, EndMs: 3500, Seed: 7, Agent: "h",
			Reason: "because " + string(state), Stderr: []string{"last words"}, Params: json.RawMessage(`{"z":1,"a":"x"}`)}
	}
	return []results.Record{
		{Sweep: "s", Trial: 0, Points: points(0.99), End: end(sweep.AttemptLost, false, 1)}, // does not count
		{Sweep: "s", Trial: 0, Attempt: 1, Points: points(0.5, 0.75), End: end(sweep.AttemptSucceeded, true, 2)},
		{Sweep: "s", Trial: 1, Points: points(0.5), End: end(sweep.AttemptSucceeded, true, 4)},
		{Sweep: "s", Trial: 1, First: 3, Points: points(0.75)}, // points 1 and 2 never came
		{Sweep: "s", Trial: 2, Points: points(math.NaN()), End: end(sweep.AttemptSucceeded, true, 1)},
		{Sweep: "s", Trial: 3, Points: points(0.99), End: end(sweep.AttemptFailed, true, 1)},
		{Sweep: "s", Trial: 4, Points: points(0.99), End: end(sweep.AttemptStopped, true, 1)},
		{Sweep: "s", Trial: 5, Points: points(0.25), End: end(sweep.AttemptCached, true, 1)},
		{Sweep: "s", Trial: 6, Points: points(math.Inf(-1))},
		{Sweep: "s", Trial: 7, Points: points(0.5), End: end(sweep.AttemptPreempted, false, 1)},
		{Sweep: "s", Trial: results.ThenTrial, Attempt: 1, Points: points(1), End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1,
			Params: json.RawMessage(`{"z":1}`), Files: []results.Artifact{{Name: "model", Size: 3, SHA256: "abc"}}}},
	}
}

// board.json and the detail of a trial are contracts: fields may be added, not renamed.
func TestGoldenJSON(t *testing.T) {
	cfg := config
	cfg.Trials, cfg.Objective.Reduce = 10, ""
	b := fold(t, cfg, story())
	var memory bucket.Memory
	if err := store.WriteBoard(t.Context(), &memory, b.Summary()); err != nil {
		t.Fatal(err)
	}
	data, err := bucket.ReadObject(t.Context(), &memory, "sweeps/s/board.json", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "testdata/board.json", data)
	var details bytes.Buffer
	enc := json.NewEncoder(&details)
	enc.SetIndent("", "  ")
	for _, i := range []int{0, 1, 6, results.ThenTrial} {
		trial, ok := b.Trial(i)
		if !ok {
			t.Fatal("trial", i)
		}
		if err := enc.Encode(trial); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Golden(t, "testdata/trials.json", details.Bytes())
	read, err := store.ReadBoard(t.Context(), &memory, "s")
	if err != nil {
		t.Fatal(err)
	}
	one, _ := json.Marshal(read)
	two, _ := json.Marshal(b.Summary())
	if !bytes.Equal(one, two) {
		t.Errorf("board.json does not round-trip:\n%s\n%s", one, two)
	}
}

func TestTrialsQueries(t *testing.T) {
	cfg := config
	cfg.Trials, cfg.Objective.Reduce = 10, ""
	b := fold(t, cfg, story())
	for _, c := range []struct {
		q    board.Query
		want string
	}{
		{board.Query{}, "0 1 2 3 4 5 6 7"},
		{board.Query{Sort: "trial", Desc: true}, "7 6 5 4 3 2 1 0"},
		{board.Query{Sort: "value"}, "3 4 0 1 7 5 2 6"},
		{board.Query{Sort: "value", Desc: true}, "5 7 0 1 3 4 2 6"},
		{board.Query{Sort: "loss", States: []sweep.State{sweep.Succeeded, sweep.Cached}}, "0 1 5 2"},
		{board.Query{Sort: "attempts", Desc: true, Limit: 2}, "0 1"},
		{board.Query{Sort: "seconds", Offset: 6}, "7 6"},
		{board.Query{Offset: 99}, ""},
		{board.Query{Sort: "no such metric", Limit: 1}, "0"},
		{board.Query{States: []sweep.State{sweep.Waiting}}, "7"},
	} {
		var got []string
		for trial := range b.Trials(c.q) {
			got = append(got, fmt.Sprint(trial.Trial))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v gives %s, want %s", c.q, got, c.want)
		}
	}
	for range b.Trials(board.Query{}) {
		break // stopping early is allowed
	}
}

func TestWinnerIsOfTheFinalAttempt(t *testing.T) {
	cfg := config
	cfg.Trials, cfg.Objective.Reduce = 10, ""
	records := story()
	for range 2 {
		w, ok := fold(t, cfg, records).Winner()
		if !ok || w.Trial != 0 || w.Attempt != 1 || w.Value != 0.75 || string(w.Params) != `{"z":1,"a":"x"}` ||
			w.Artifacts != "sweeps/s/artifacts/0/1/" || w.Metrics["loss"] != 0.25 || w.Seed != 7 {
			t.Errorf("%+v, %v", w, ok)
		}
		slices.Reverse(records)
	}
	if w, ok := fold(t, cfg, records[3:6]).Winner(); ok && w.Trial != 5 {
		t.Errorf("failed and stopped trials won: %+v", w)
	}
	if _, ok := board.New(cfg).Winner(); ok {
		t.Error("an empty board has a winner")
	}
	cfg.Objective.Name = ""
	if _, ok := fold(t, cfg, records).Winner(); ok {
		t.Error("a sweep without objective has a winner")
	}
}

func TestFoldRefusesStrangers(t *testing.T) {
	b := fold(t, config, story()[:1])
	before := whole(t, b)
	for _, r := range []results.Record{
		{Sweep: "other"},
		{Sweep: "s", Trial: results.ThenTrial - 1},
		{Sweep: "s", Trial: config.Trials},
		{Sweep: "s", Attempt: -1},
		{Sweep: "s", Attempt: math.MaxInt},
		{Sweep: "s", First: math.MaxUint64, Points: make([]results.Point, 2)},
	} {
		if err := b.Fold(r); err == nil {
			t.Errorf("%+v was folded", r)
		}
	}
	if err := board.New(board.Config{Sweep: "s"}).Fold(results.Record{Sweep: "s", Trial: math.MaxInt}); err == nil {
		t.Error("a trial beyond all bounds was folded")
	}
	if whole(t, b) != before {
		t.Error("a refused record changed the board")
	}
}

// What older and newer attempts say beside the final one changes nothing, whenever it comes.
func TestTheFinalAttemptCounts(t *testing.T) {
	at := func(attempt int, v float64, end *results.End) results.Record {
		return results.Record{Sweep: "s", Attempt: attempt, Points: []results.Point{{Metrics: map[string]float64{"accuracy": v}}}, End: end}
	}
	records := []results.Record{
		at(0, 0.9, &results.End{State: sweep.AttemptLost, Points: 1}),
		at(1, 0.5, &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}),
		at(2, 0.99, nil),
		at(3, 0.7, &results.End{State: sweep.AttemptFailed, Points: 1}),
	}
	for range 2 {
		b := fold(t, config, records)
		if w, ok := b.Winner(); !ok || w.Attempt != 1 || w.Value != 0.5 || b.Counts().Succeeded != 1 {
			t.Errorf("%+v, %v, %+v", w, ok, b.Counts())
		}
		slices.Reverse(records)
	}
}

// Two different Ends of one attempt should not be; if they are, the order they come in still does not show.
func TestConflictingEndsAreOrderFree(t *testing.T) {
	ends := []*results.End{
		{State: sweep.AttemptSucceeded, Final: true, EndMs: 1}, {State: sweep.AttemptFailed, Final: true}, {State: sweep.AttemptLost},
		{State: sweep.AttemptPreempted}, {State: sweep.AttemptSucceeded, Final: true, EndMs: 2},
	}
	for _, x := range ends {
		for _, y := range ends {
			one := fold(t, config, []results.Record{{Sweep: "s", End: x}, {Sweep: "s", End: y}})
			two := fold(t, config, []results.Record{{Sweep: "s", End: y}, {Sweep: "s", End: x}})
			if whole(t, one) != whole(t, two) {
				t.Errorf("%+v and %+v", x, y)
			}
			if trial, _ := one.Trial(0); trial.Attempts[0].End.Final != (x.Final || y.Final) {
				t.Errorf("%+v and %+v became %+v", x, y, trial.Attempts[0].End)
			}
		}
	}
}
