package results

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Point is one report of a trial: the metrics of one line, at one step, and what else the line said.
// Points of an attempt are numbered from 0 in the order the trial wrote them; the number, not the step, is
// its identity.
type Point struct {
	// the trial's own step, or the point's number when it gave none
	Step    int64              `codec:"s" json:"step"`
	Millis  int64              `codec:"t" json:"time_ms"` // wall clock of the executor, Unix milliseconds
	Metrics map[string]float64 `codec:"m" json:"metrics"` // NaN and infinities allowed
	Note    *Note              `codec:"n,omitempty" json:"note,omitempty"`
}

// MarshalJSON writes the metrics by name, those that are not finite as Number does.
func (p Point) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt([]byte(`{"step":`), p.Step, 10)
	b = strconv.AppendInt(append(b, `,"time_ms":`...), p.Millis, 10)
	b = append(b, `,"metrics":{`...)
	for i, name := range slices.Sorted(maps.Keys(p.Metrics)) {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b = Number(p.Metrics[name]).append(append(append(b, key...), ':'))
	}
	b = append(b, '}')
	if p.Note != nil {
		note, err := json.Marshal(p.Note)
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"note":`...), note...)
	}
	return append(b, '}'), nil
}
