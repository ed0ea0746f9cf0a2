package board

import (
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// A program that invents metric names keeps the first of them and what the sweep declared.
func TestMetricsOfAnAttemptAreBounded(t *testing.T) {
	b := New(Config{Sweep: "s", Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}})
	for i := range 2000 {
		p := results.Point{Metrics: map[string]float64{fmt.Sprintf("m%05d", i): 1, fmt.Sprintf("n%05d", i): 1}}
		if i == 1999 {
			p.Metrics["loss"] = 3
		}
		if err := b.Fold(results.Record{Sweep: "s", First: uint64(i), Points: []results.Point{p}}); err != nil {
			t.Fatal(err)
		}
	}
	trial, _ := b.Trial(0)
	if len(trial.Metrics) != maxMetrics+1 || trial.Value == nil || *trial.Value != 3 {
		t.Errorf("%d metrics, objective %v", len(trial.Metrics), trial.Value)
	}
	if len(b.names) > maxMetrics+1 {
		t.Errorf("%d names are remembered", len(b.names))
	}
	one := results.Point{Metrics: map[string]float64{}}
	for i := range 2000 {
		one.Metrics[fmt.Sprintf("m%05d", i)] = 1
	}
	for range 5 { // which of one point's metrics stay must not depend on map order
		c := New(Config{Sweep: "s"})
		if err := c.Fold(results.Record{Sweep: "s", Points: []results.Point{one}}); err != nil {
			t.Fatal(err)
		}
		if names := c.Metrics(); len(names) != maxMetrics || names[maxMetrics-1] != fmt.Sprintf("m%05d", maxMetrics-1) {
			t.Errorf("%d names up to %s", len(names), names[len(names)-1])
		}
	}
}
