package server

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Who starts from a sweep whose records are damaged is told so, and learns from the others.
func TestLearningFromDamage(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded)
	learning := strings.Replace(three, "method: grid", "method: tpe\nrun_cap: 1\nfrom: first", 1)
	w.ends(w.submit(s, "second", w.spec("second.yaml", learning)), sweep.PhaseSucceeded)
	if w.heard("kaon repair first") {
		t.Error("what is whole is doubted")
	}
	batch := filepath.Join(w.dir, "results", "sweeps", "first", "records", "00000009-x.msgpack.zst")
	if err := os.WriteFile(batch, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.ends(w.submit(s, "third", w.spec("third.yaml", learning)), sweep.PhaseSucceeded)
	if !w.heard("third: warning: from: first: not all") || !w.heard("kaon repair first") {
		t.Errorf("told: %q", w.told)
	}
}

// Trials of other sweeps count by this spec's metric and its reduce, failed ones by nothing that they reported.
func TestLearningByTheSpecsMetric(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	w.ends(w.submit(s, "first", w.spec("first.yaml", strings.Replace(three, "echo loss=${param.x}",
		`echo loss=${param.x}; echo loss=7; echo other=-${param.x}; test ${param.x} -gt 1`, 1)+"metrics: [other]\n")), sweep.PhaseSucceeded)
	for metric, want := range map[string]string{
		"{name: loss, goal: minimize}": "3:7 1:failed 2:7", "{name: loss, goal: minimize, reduce: min}": "3:3 1:failed 2:2",
		"{name: loss, goal: minimize, reduce: mean}": "3:5 1:failed 2:4.5", "{name: other, goal: maximize, reduce: max}": "3:-3 1:failed 2:-2",
	} {
		spec := w.spec("second.yaml", strings.NewReplacer("method: grid", "method: tpe\nrun_cap: 1\nfrom: first", "{name: loss, goal: minimize}", metric).Replace(three))
		prior, _, err := s.priorOf(t.Context(), spec)
		if got := told(prior); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", metric, got, err, want)
		}
	}
}

// told is what each trial of a prior tells.
func told(prior []sweep.Prior) string {
	var all []string
	for _, p := range prior {
		text := p.State.String()
		if p.Known {
			text = fmt.Sprint(p.Value)
		}
		all = append(all, fmt.Sprintf("%v:%s", p.Point[0].Value, text))
	}
	return strings.Join(all, " ")
}

// Of more trials than a search can use the best are kept, and an even part of the others, those that failed among them.
func TestLearningFromVeryMany(t *testing.T) {
	const trials = 1000
	objective := sweep.Metric{Name: "loss", Goal: sweep.Minimize}
	b := board.New(board.Config{Sweep: "s", Trials: trials, Objective: objective})
	for i := range trials {
		r := results.Record{Sweep: "s", Trial: i, Attempt: 1, End: &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, Params: json.RawMessage(fmt.Sprintf(`{"x":%d}`, i))},
			Points: []results.Point{{Metrics: map[string]float64{"loss": float64(i * 7919 % trials)}}}}
		if i%10 == 0 {
			r.End.State = sweep.AttemptFailed
		}
		if err := b.Fold(r); err != nil {
			t.Fatal(err)
		}
	}
	all, ended, err := priorTrials(b, objective, trials)
	if err != nil || ended != trials || len(all) != trials {
		t.Fatalf("%d of %d, %v", len(all), ended, err)
	}
	some, ended, err := priorTrials(b, objective, 100)
	if err != nil || ended != trials || len(some) != 100 {
		t.Fatalf("%d of %d, %v", len(some), ended, err)
	}
	best, failed, before := 0, 0, int64(-1)
	for _, p := range some {
		if p.State == sweep.Failed {
			failed++
		} else if p.Value < 56 { // of these a tenth failed
			best++
		}
		x := p.Point[0].Value.(int64)
		if x <= before {
			t.Errorf("%d comes behind %d", x, before)
		}
		before = x
	}
	if best < 50 || failed < 4 || failed > 8 {
		t.Errorf("%d of the best, %d that failed", best, failed)
	}
}
