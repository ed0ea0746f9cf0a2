package main

import (
	"strings"
	"testing"
)

func TestBenchLocal(t *testing.T) {
	want(t, "xargs")
	var got struct {
		Kaon  []float64 `json:"kaon_seconds"`
		Xargs []float64 `json:"xargs_seconds"`
		Ratio float64   `json:"ratio"`
		CPU   float64   `json:"ratio_of_cpu"`
		Bytes int64     `json:"kaon_results_bytes"`
		Rows  []struct {
			Name    string  `json:"name"`
			Skipped string  `json:"skipped"`
			Trials  int     `json:"trials"`
			CPU     float64 `json:"cpu_ms_per_trial"`
		} `json:"rows"`
	}
	newPlace(t).kaon("bench", "local", "--trials=10", "--rounds=2", "--only=xargs", "--json").ends(exitDone).json(&got)
	if len(got.Kaon) != 2 || len(got.Xargs) != 2 || got.Ratio <= 0 || got.CPU <= 1 || got.Bytes <= 0 {
		t.Errorf("got %+v", got)
	}
	if len(got.Rows) != 2 || got.Rows[0].Name != "kaon run" || got.Rows[1].Name != "xargs" || got.Rows[1].CPU <= 0 ||
		got.Rows[1].Trials != 10 {
		t.Errorf("rows %+v", got.Rows)
	}
}

// A peer that is not there is named with what helps, and the others are measured all the same.
func TestBenchLocalNamesAbsentPeers(t *testing.T) {
	want(t, "xargs")
	r := newPlace(t).kaon("bench", "local", "--trials=4", "--rounds=1", "--python=/bin/true", "--only=hyperqueue", "--only=ray",
		"--only=xargs").ends(exitDone)
	for _, text := range []string{"hyperqueue  skipped: there is no Python with it: give --peers", "ray         skipped",
		"kaon run", "xargs"} {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("%q is not in %s", text, r.stdout)
		}
	}
	newPlace(t).kaon("bench", "local", "--only=xarg").ends(exitUsage)
}
