package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// Who ran another number of trials is not compared: what a start takes is a larger part of fewer.
func TestOnlyEqualRunsAreCompared(t *testing.T) {
	r := LocalResult{Trials: 1000, Rows: []LocalRow{
		{Name: kaonName, Trials: 1000, Seconds: []float64{2}, CPU: []float64{3}},
		{Name: xargsName, Trials: 1000, Seconds: []float64{1}, CPU: []float64{1}},
		{Name: "ray", Trials: 10, Seconds: []float64{10}, CPU: []float64{20}},
		{Name: "hyperqueue", Skipped: "it is not there", Trials: 1000},
	}}
	r.compare()
	if kaon, xargs := r.Rows[0], r.Rows[1]; *kaon.Ratio != 1 || *xargs.Ratio != 2 || *xargs.CPURatio != 3 || r.Ratio != 2 || r.CPU != 3 {
		t.Errorf("%+v", r)
	}
	if ray := r.Rows[2]; ray.PerTrial != 1000 || ray.Ratio != nil || ray.CPURatio != nil {
		t.Errorf("%+v", ray)
	}
	data, err := json.Marshal(r.Rows[2])
	if err != nil || !strings.Contains(string(data), `"kaon_ratio":null,"kaon_ratio_of_cpu":null`) {
		t.Errorf("%s, %v", data, err)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || strings.Count(text.String(), " ×") != 4 || strings.Count(text.String(), "–") != 2 {
		t.Errorf("%s, %v", text.String(), err)
	}
}
