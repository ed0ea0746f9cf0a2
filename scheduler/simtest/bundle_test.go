package simtest

import "testing"

// TestBundlesArePlayed guards against a simulation in which no bundle is launched, lost, recalled or partly killed.
func TestBundlesArePlayed(t *testing.T) {
	shared, lost, back, alone := 0, 0, 0, 0
	learnt := 0
	for seed := range uint64(120) {
		s := Draw(seed)
		w := played(t, s)
		for _, a := range w.truth {
			b := a.sender.bundle
			if b == nil {
				continue
			}
			if shared++; s.Bundle == "auto" {
				learnt++
			}
			if a.killed && !b.killed {
				alone++
			}
		}
		lost, back = lost+w.laws.backs.lost, back+w.laws.backs.told
	}
	if shared < 300 || learnt < 50 || lost < 10 || back < 5 || alone < 3 {
		t.Errorf("%d attempts ran in bundles (%d of a learnt size), %d went back with lost tasks, %d were given back, %d killed alone", shared, learnt, lost, back, alone)
	}
	t.Logf("%d attempts ran in bundles (%d of a learnt size), %d went back with lost tasks, %d were given back, %d killed alone", shared, learnt, lost, back, alone)
}
