package state

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// A sweep that runs by a spec which newer bounds refuse goes on behind an upgrade, and as it was extended.
func TestEntriesBeyondNewBoundsAreReadBack(t *testing.T) {
	source := "method: random\nrun_cap: 3\nprogram: x\nparameters: {a: {min: 0, max: 1}}\nconstraints:\n" +
		strings.Repeat("- a < 2\n", 1001)
	if _, err := sweep.Parse("x.yaml", []byte(source)); err == nil {
		t.Fatal("it is within the bounds")
	}
	entry := journal.SweepEntry{ID: "s", File: "x.yaml", Source: []byte(source), Seed: 7,
		Extensions: []journal.Extension{{Overrides: []string{"run_cap=5"}, From: 2}}}
	spec, err := ParseEntry(entry, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Trials != 5 {
		t.Errorf("it has %d trials, not 5", spec.Trials)
	}
}
