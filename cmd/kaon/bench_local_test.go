package main

import "testing"

func TestBenchLocal(t *testing.T) {
	want(t, "xargs")
	var got struct {
		Kaon  []float64 `json:"kaon_seconds"`
		Xargs []float64 `json:"xargs_seconds"`
		Ratio float64   `json:"ratio"`
		CPU   float64   `json:"ratio_of_cpu"`
	}
	newPlace(t).kaon("bench", "local", "--trials=10", "--rounds=2", "--json").ends(exitDone).json(&got)
	if len(got.Kaon) != 2 || len(got.Xargs) != 2 || got.Ratio <= 0 || got.CPU <= 1 {
		t.Errorf("got %+v", got)
	}
}
