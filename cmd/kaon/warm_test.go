package main

import (
	"testing"

	"github.com/kaon-sweep/kaon/bench"
)

// A shared executor runs all the trials of an agent, and one executor per trial is what it says; nothing is left behind.
func TestBenchWarm(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var r bench.WarmReport
	p.kaon("bench", "warm", "--trials", "12", "--json").ends(exitDone).json(&r)
	if r.Shared.Executors != 1 || r.Isolated.Executors != 12 || !(r.Ratio > 0) || !(r.Shared.PerSecond > 0) {
		t.Errorf("report %+v", r)
	}
	p.alone()
	p.kaon("bench", "warm", "--trials", "0").ends(exitUsage)
	p.kaon("bench", "warm", "--trials", "1", "--command", "exit 3").ends(exitFailed).says("0 of 1 trials succeeded")
}
