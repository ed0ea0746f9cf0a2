package board_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// What a trial noted is with its attempt, the latest value of a name counts, and the winner's goes to the
// step after it.
func TestNotesAreKept(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Trials: 1, Objective: sweep.Metric{Name: "loss"}})
	note := func(milestone, name, value string) results.Point {
		return results.Point{Step: 3, Millis: 9, Note: &results.Note{Milestone: milestone, Name: name, Value: json.RawMessage(value)}}
	}
	points := []results.Point{note("loaded", "rows", "10"), {Metrics: map[string]float64{"loss": 1}}, note("trained", "", ""), note("", "rows", "12"), note("", "model", `"s3://b/m"`)}
	for _, r := range []results.Record{
		{Sweep: "s", First: 2, Points: points[2:], End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 5}},
		{Sweep: "s", Points: points[:3]},
	} {
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	trial, _ := b.Trial(0)
	got, err := json.Marshal(trial.Attempts[0])
	want := `{"attempt":0,"points":5,"end":{"state":"succeeded","final":true,"points":5,"exit":0,"start_ms":0,"end_ms":0},` +
		`"milestones":[{"text":"loaded","step":3,"time_ms":9},{"text":"trained","step":3,"time_ms":9}],` +
		`"values":[{"name":"model","value":"s3://b/m","time_ms":9},{"name":"rows","value":12,"time_ms":9}]}`
	if err != nil || string(got) != want {
		t.Errorf("attempt\n%s, %v\nwant\n%s", got, err, want)
	}
	if w, ok := b.Winner(); !ok || len(w.Values) != 2 || string(w.Values[1].Value) != "12" {
		t.Errorf("winner %+v", w)
	}
}

func TestNotesAreBounded(t *testing.T) {
	b := board.New(board.Config{Sweep: "s", Trials: 1})
	var points []results.Point
	for i := range 3 * results.MaxNotes {
		points = append(points, results.Point{Note: &results.Note{Milestone: fmt.Sprint(i), Name: fmt.Sprint("n", i), Value: json.RawMessage("1")}})
	}
	if err := b.Fold(results.Record{Sweep: "s", Points: points}); err != nil {
		t.Fatal(err)
	}
	trial, _ := b.Trial(0)
	if a := trial.Attempts[0]; len(a.Milestones) != results.MaxNotes || len(a.Values) != results.MaxNotes || a.Known != uint64(len(points)) {
		t.Errorf("%d milestones, %d values, %d points", len(a.Milestones), len(a.Values), a.Known)
	}
}
