package export_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/sweep"
)

// Columns have a cell for each trial, whenever a parameter or a metric is first met.
func TestColumnsAreEven(t *testing.T) {
	b, _ := stored(t)
	c := export.NewColumns(b)
	for trial := range b.Trials(board.Query{}) {
		c.Add(trial)
	}
	if c.Total != 4 || !slices.Equal(c.Trial, []int{0, 1, 3}) {
		t.Fatalf("%d trials, rows %v", c.Total, c.Trial)
	}
	for _, column := range append(slices.Clone(c.Params), c.Metrics...) {
		if len(column.Values) != 3 {
			t.Errorf("%s has %d cells", column.Name, len(column.Values))
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back export.Columns
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(back.Params, func(c export.Column) bool { return c.Name == "opt.name" })
	if at < 0 || back.Params[at].Values[1] != "=cmd|' /C calc'!A0" || back.Params[at].Values[2] != nil {
		t.Errorf("columns %s", text)
	}
	if back.Value[0] != 0.25 || back.Value[2] != "NaN" && back.Value[2] != "Infinity" {
		t.Errorf("values %v", back.Value)
	}
}

// many is a board of trials whose value is best in the middle, and every tenth of which has failed.
func many(t *testing.T, trials int) *board.Board {
	t.Helper()
	b := board.New(board.Config{Sweep: "s", Trials: trials, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}})
	for i := range trials {
		end := &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, Params: json.RawMessage(`{"x":1}`), EndMs: 1, Agent: "a"}
		if i%10 == 9 {
			end.State, end.Reason = sweep.AttemptFailed, "exit code 1"
			end.Stderr = []string{"step " + string(rune('0'+i%7)), "line 1" + string(rune('0'+i%3)) + ": bad", ""}
		}
		d := float64(i - trials/2)
		err := b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Step: 1, Metrics: map[string]float64{"loss": d * d}}}, End: end})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// A sample has the best, and reaches from the first trial to the last.
func TestSample(t *testing.T) {
	b := many(t, 1000)
	all := export.Sample(b, 1000)
	if len(all) != 1000 || all[999] != 999 {
		t.Errorf("all of 1,000 are %d", len(all))
	}
	part := export.Sample(b, 100)
	if len(part) > 100 || len(part) < 90 || part[0] != 0 || part[len(part)-1] < 980 || !slices.Contains(part, 500) || !slices.Contains(part, 496) {
		t.Errorf("a part: %v", part)
	}
	if !slices.IsSorted(part) {
		t.Error("not in order")
	}
}

// A point of several trials is in a sample with all of them, as it is ranked by all; the best points are there, not those
// with one lucky trial.
func TestSampleOfRepeats(t *testing.T) {
	const repeats, trials = 4, 4002 // of the last point two are missing
	b := board.New(board.Config{Sweep: "s", Trials: trials, Repeat: sweep.Repeat{Trials: repeats}, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}})
	for i := range trials {
		value := 100.0
		switch point := i / repeats; {
		case point == 777:
			value = 10
		case i%repeats == 1:
			value = 0.001 * float64(point%97) // lucky
		}
		err := b.Fold(results.Record{Sweep: "s", Trial: i, Points: []results.Point{{Step: 1, Metrics: map[string]float64{"loss": value}}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, Params: json.RawMessage(`{}`), EndMs: 1}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, most := range []int{400, 402, 40} {
		part := export.Sample(b, most)
		if len(part) > most || len(part) < most*8/10 || !slices.IsSorted(part) {
			t.Fatalf("of %d there are %d: %v", most, len(part), part)
		}
		for _, i := range part {
			for k := i / repeats * repeats; k < min((i/repeats+1)*repeats, trials); k++ {
				if !slices.Contains(part, k) {
					t.Fatalf("trial %d is there, and %d of its point is not", i, k)
				}
			}
		}
		if !slices.Contains(part, 777*repeats) {
			t.Errorf("of %d the best point is not there", most)
		}
	}
}

func TestCurves(t *testing.T) {
	list := export.Curves(many(t, 1000), 20)
	if len(list) > 20 || len(list) < 15 || !slices.ContainsFunc(list, func(c export.Curve) bool { return c.Trial == 500 }) || len(list[0].Points) != 1 {
		t.Errorf("%+v", list)
	}
}

// Failures are the same by whichever pieces they are read, and nothing of the board is needed to group them.
func TestFailuresByPieces(t *testing.T) {
	all := many(t, 1000)
	want := export.GroupFailures(all)
	for _, n := range []int{1, 7, 99, 100, 1000} {
		r, pieces := export.ReadFailures(all), 1
		for ; r.Read(all, n); pieces++ {
		}
		if got := r.Group(); !reflect.DeepEqual(got, want) || pieces != (100+n-1)/n {
			t.Errorf("by %d: %+v in %d pieces, want %+v", n, got, pieces, want)
		}
	}
}

// Failures that differ in numbers alone are one group.
func TestFailuresAreGrouped(t *testing.T) {
	f := export.GroupFailures(many(t, 1000))
	if f.Failed != 100 || f.Looked != 100 || len(f.Groups) != 1 {
		t.Fatalf("%+v", f)
	}
	if g := f.Groups[0]; g.Count != 100 || len(g.Trials) != 20 || g.Reason != "exit code 1" || g.Line == "" || !slices.Equal(g.Agents, []string{"a"}) {
		t.Errorf("%+v", g)
	}
}
