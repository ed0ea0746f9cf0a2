package results

// Point is one report of a trial: the metrics of one line, at one step.
// Points of an attempt are numbered from 0 in the order the trial wrote them; the number, not the step, is
// its identity.
type Point struct {
	Step    int64              `codec:"s" json:"step"`    // the trial's own step, or the point's number when it gave none
	Millis  int64              `codec:"t" json:"time_ms"` // wall clock of the executor, Unix milliseconds
	Metrics map[string]float64 `codec:"m" json:"metrics"` // NaN and infinities allowed
}
