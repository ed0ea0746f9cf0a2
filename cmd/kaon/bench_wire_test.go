package main

import "testing"

// Every trial and point arrives, also when the scheduler's disk is slower than the cluster, which then holds back.
func TestBenchWire(t *testing.T) {
	for _, args := range [][]string{
		{"--trials=400", "--agents=10", "--points=60"},
		{"--trials=1500", "--agents=40", "--points=30", "--slow=20ms"},
	} {
		var got struct {
			Trials int     `json:"trials"`
			Points int     `json:"points"`
			PeakMB float64 `json:"peak_rss_mb"`
		}
		newPlace(t).kaon(append([]string{"bench", "wire", "--json"}, args...)...).ends(exitDone).json(&got)
		if got.Trials < 400 || got.Points < 60*400 || got.PeakMB <= 0 {
			t.Errorf("%v: got %+v", args, got)
		}
	}
}
