package board_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

var config = board.Config{
	Sweep:     "s",
	Trials:    8,
	Objective: sweep.Metric{Name: "accuracy", Goal: sweep.Maximize, Reduce: sweep.Mean},
	Metrics:   []sweep.Metric{{Name: "loss", Goal: sweep.Minimize, Reduce: sweep.Min}, {Name: "speed"}},
	Top:       3,
}

// whole is all that a board says, as bytes.
func whole(t interface{ Fatal(...any) }, b *board.Board) string {
	var all bytes.Buffer
	enc := json.NewEncoder(&all)
	write := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	write(b.Summary())
	for trial := range b.Trials(board.Query{}) {
		write(trial)
	}
	for trial := range b.Trials(board.Query{Sort: "value"}) {
		write(trial.Trial)
	}
	then, ok := b.Trial(results.ThenTrial)
	write(then)
	write(ok)
	w, ok := b.Winner()
	write(w)
	write(ok)
	write(b.Metrics())
	return all.String()
}

func fold(t interface{ Fatal(...any) }, cfg board.Config, records []results.Record) *board.Board {
	b := board.New(cfg)
	for _, r := range records {
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// drawAttempt is everything one attempt has to say, in order: values that make sums depend on their order,
// NaN, infinities, metrics that come and go.
func drawAttempt(t *rapid.T, trial, number int, final bool) (points []results.Point, end *results.End) {
	value := rapid.OneOf(rapid.Float64Range(-1e3, 1e3), rapid.SampledFrom([]float64{1e16, -1e16, 0.1, 1, 1,
		math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}))
	name := rapid.SampledFrom([]string{"accuracy", "accuracy", "loss", "speed", "other", "third"})
	for i := range rapid.IntRange(0, 12).Draw(t, "points") {
		points = append(points, results.Point{Step: int64(i * 10), Millis: int64(i),
			Metrics: rapid.MapOfN(name, value, 0, 4).Draw(t, "metrics")})
		if rapid.IntRange(0, 4).Draw(t, "noted") == 0 {
			points[i].Note = &results.Note{Milestone: rapid.SampledFrom([]string{"", "loaded", "done"}).Draw(t, "milestone"),
				Name: rapid.SampledFrom([]string{"", "model", "rows"}).Draw(t, "name"), Value: json.RawMessage(fmt.Sprint(i))}
		}
	}
	state := sweep.AttemptLost
	if final {
		state = rapid.SampledFrom([]sweep.Outcome{sweep.AttemptSucceeded, sweep.AttemptSucceeded, sweep.AttemptSucceeded, sweep.AttemptCached,
			sweep.AttemptFailed, sweep.AttemptStopped, sweep.AttemptLost}).Draw(t, "state")
	}
	if final || rapid.Bool().Draw(t, "ended") {
		end = &results.End{State: state, Final: final, Points: uint64(len(points)), Seed: 7, Reason: string(state),
			Params: json.RawMessage(fmt.Sprintf(`{"lr":%d}`, trial)), StartMs: 5, EndMs: int64(trial)}
	}
	return points, end
}

// cut splits an attempt into records that overlap, repeat and come in any order.
func cut(t *rapid.T, trial, number int, points []results.Point, end *results.End) (records []results.Record) {
	record := func(first, last int, end *results.End) {
		records = append(records, results.Record{Sweep: "s", Trial: trial, Attempt: number, First: uint64(first),
			Points: points[first:last], End: end})
	}
	for at := 0; at < len(points); {
		next := rapid.IntRange(at+1, len(points)).Draw(t, "next")
		record(max(0, at-rapid.IntRange(0, 3).Draw(t, "overlap")), next, nil)
		at = next
	}
	if len(points) == 0 || end != nil {
		record(rapid.IntRange(0, len(points)).Draw(t, "with end"), len(points), end)
	}
	for range rapid.IntRange(0, 2).Draw(t, "repeats") {
		records = append(records, rapid.SampledFrom(records).Draw(t, "repeat"))
	}
	return records
}

// Law 7: any interleaving, repetition and cutting of the same points gives the same board, bit by bit.
func TestFoldIsOrderFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one, other []results.Record
		for trial := results.ThenTrial; trial < config.Trials; trial++ {
			attempts := rapid.IntRange(0, 3).Draw(t, "attempts")
			for number := range attempts {
				final := number == attempts-1 && rapid.IntRange(0, 3).Draw(t, "open") > 0
				points, end := drawAttempt(t, trial, number, final)
				one = append(one, cut(t, trial, number, points, end)...)
				other = append(other, cut(t, trial, number, points, end)...)
			}
		}
		other = rapid.Permutation(other).Draw(t, "order")
		b := fold(t, config, one)
		want := whole(t, b)
		peeked := board.New(config)
		peek := rapid.IntRange(1, 20).Draw(t, "peek")
		for i, r := range other {
			if err := peeked.Fold(r); err != nil {
				t.Fatal(err)
			}
			if i%peek == 0 { // looking must not change what is seen later
				whole(t, peeked)
			}
		}
		if got := whole(t, peeked); got != want {
			t.Fatalf("boards differ:\n%s\n%s", want, got)
		}
		for _, r := range other { // and folding it all again changes nothing
			if err := b.Fold(r); err != nil {
				t.Fatal(err)
			}
		}
		if got := whole(t, b); got != want {
			t.Fatalf("folding twice changed the board:\n%s\n%s", want, got)
		}
	})
}

// The step after the trials is kept beside them: nothing that is said of trials changes by it.
func TestTheStepCountsForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var trials []results.Record
		for trial := range 3 {
			points, end := drawAttempt(t, trial, 0, true)
			trials = append(trials, cut(t, trial, 0, points, end)...)
		}
		b, without := fold(t, config, trials), fold(t, config, trials)
		points, end := drawAttempt(t, results.ThenTrial, 1, true)
		for _, r := range cut(t, results.ThenTrial, 1, points, end) {
			if err := b.Fold(r); err != nil {
				t.Fatal(err)
			}
		}
		then, ok := b.Trial(results.ThenTrial)
		if !ok || then.Trial != results.ThenTrial || then.Attempt != 1 || then.Attempts[0].Known != uint64(len(points)) || then.Attempts[0].End.State != end.State {
			t.Fatalf("the step is %+v, %v", then, ok)
		}
		if n := b.Points(results.ThenTrial, 1); n != uint64(len(points)) || !b.Has(results.ThenTrial, 1) || b.Has(results.ThenTrial, 0) {
			t.Fatalf("the step has %d points of %d", n, len(points))
		}
		one, _ := json.Marshal(b.Summary())
		two, _ := json.Marshal(without.Summary())
		if !bytes.Equal(one, two) || b.Counts() != without.Counts() || !slices.Equal(b.Metrics(), without.Metrics()) {
			t.Fatalf("the step is on the board of the trials:\n%s\n%s", one, two)
		}
		for trial := range b.Trials(board.Query{}) {
			if trial.Trial == results.ThenTrial {
				t.Fatal("the step is listed as a trial")
			}
		}
	})
}

// The same for boards that saw only some of the points: what is beyond a gap counts, in the points' order.
func TestFoldWithGapsIsOrderFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one, other []results.Record
		for trial := range 3 {
			points, end := drawAttempt(t, trial, 0, true)
			for i, p := range points {
				if rapid.IntRange(0, 3).Draw(t, "lost") > 0 {
					r := results.Record{Sweep: "s", Trial: trial, First: uint64(i), Points: []results.Point{p}}
					one, other = append(one, r), append(other, r)
				}
			}
			r := results.Record{Sweep: "s", Trial: trial, First: uint64(len(points)), End: end}
			one, other = append(one, r), append(other, r)
		}
		other = rapid.Permutation(other).Draw(t, "order")
		if want, got := whole(t, fold(t, config, one)), whole(t, fold(t, config, other)); got != want {
			t.Fatalf("boards differ:\n%s\n%s", want, got)
		}
	})
}

// Best, top list, history and Pareto front against a plain look at all trials.
func TestRankingAgainstPlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := board.Config{Sweep: "s", Top: 4,
			Objective: sweep.Metric{Name: "a", Goal: rapid.SampledFrom([]sweep.Goal{sweep.Minimize, sweep.Maximize}).Draw(t, "goal")},
			Metrics:   []sweep.Metric{{Name: "b", Goal: sweep.Maximize}}}
		if rapid.Bool().Draw(t, "third goal") {
			cfg.Metrics = append(cfg.Metrics, sweep.Metric{Name: "c", Goal: sweep.Minimize})
		}
		value := rapid.SampledFrom([]float64{1, 2, 3, 4, math.NaN(), math.Inf(1)})
		var trials []map[string]float64
		b := board.New(cfg)
		for i := range rapid.IntRange(0, 30).Draw(t, "trials") {
			m := map[string]float64{"a": value.Draw(t, "a"), "b": value.Draw(t, "b"), "c": value.Draw(t, "c")}
			trials = append(trials, m)
			if err := b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Metrics: m}},
				End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1}}); err != nil {
				t.Fatal(err)
			}
		}
		checkRanking(t, cfg, trials, b.Summary())
	})
}

func checkRanking(t *rapid.T, cfg board.Config, trials []map[string]float64, s board.Summary) {
	finite := func(v float64) bool { return v-v == 0 }
	sign := func(m sweep.Metric) float64 {
		if m.Goal == sweep.Maximize {
			return -1
		}
		return 1
	}
	goals := append([]sweep.Metric{cfg.Objective}, cfg.Metrics...)
	var order, front, history []int
	for i, m := range trials {
		if finite(m["a"]) {
			order = append(order, i)
		}
		on := !slices.ContainsFunc(goals, func(g sweep.Metric) bool { return !finite(m[g.Name]) })
		for j, n := range trials {
			no, less := true, false
			for _, g := range goals {
				x, y := m[g.Name]*sign(g), n[g.Name]*sign(g)
				no, less = no && finite(y) && y <= x, less || y < x
			}
			on = on && !(no && (less || j < i))
		}
		if on {
			front = append(front, i)
		}
	}
	best := math.Inf(1)
	for _, i := range order {
		if v := trials[i]["a"] * sign(cfg.Objective); v < best {
			best, history = v, append(history, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return int(sign(cfg.Objective) * (trials[i]["a"] - trials[j]["a"]))
	})
	var got, pareto []int
	top := order[:min(len(order), cfg.Top)]
	for _, r := range s.Top {
		got = append(got, r.Trial)
	}
	if !slices.Equal(got, top) {
		t.Errorf("top %v, want %v", got, top)
	}
	if len(top) > 0 && (s.Best == nil || s.Best.Trial != top[0]) || len(top) == 0 && s.Best != nil {
		t.Errorf("best %v, want %v", s.Best, top)
	}
	for _, c := range s.Pareto {
		pareto = append(pareto, c.Trial)
	}
	slices.Sort(pareto)
	if !slices.Equal(pareto, front) {
		t.Errorf("front %v, want %v of %v", pareto, front, trials)
	}
	got = nil
	for _, h := range s.History {
		got = append(got, h.Trial)
	}
	if !slices.Equal(got, history) {
		t.Errorf("history %v, want %v", got, history)
	}
}
