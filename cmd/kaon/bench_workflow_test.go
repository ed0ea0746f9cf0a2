package main

import "testing"

func TestBenchWorkflow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var all []flowMeasured
	p.kaon("bench", "workflow", "--steps", "5", "--light", "20", "--rounds", "1", "--json").ends(exitDone).json(&all)
	if len(all) != 3 {
		t.Fatalf("it measures %+v", all)
	}
	for _, m := range all {
		if m.Seconds <= 0 || m.CPU <= 0 || m.PerMinute <= 0 || m.Steps != 20 && m.Steps != 5 {
			t.Errorf("it is %+v", m)
		}
	}
	p.kaon("bench", "workflow", "--steps", "0").ends(exitUsage).says("--steps")
}
