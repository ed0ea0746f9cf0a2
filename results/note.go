package results

import "encoding/json"

// Note is what a point says besides numbers: a milestone that the trial passed, a named value, or both.
type Note struct {
	Milestone string          `codec:"m,omitempty" json:"milestone,omitempty"`
	Name      string          `codec:"n,omitempty" json:"name,omitempty"`  // of Value
	Value     json.RawMessage `codec:"v,omitempty" json:"value,omitempty"` // any JSON value
}

// Bounds of notes. A note is for people and for the step that follows; what is larger belongs into a file.
const (
	MaxMilestone = 1 << 10 // bytes of one milestone's text
	MaxName      = 256     // bytes of a value's name
	MaxValue     = 8 << 10 // bytes of a value, as compact JSON
	MaxNotes     = 200     // notes of one attempt
)

// Milestone is something that an attempt said it has done.
type Milestone struct {
	Text   string `json:"text"`
	Step   int64  `json:"step"`
	Millis int64  `json:"time_ms"` // wall clock of the executor, Unix milliseconds
}

// Value is something that an attempt gave a name: a job's URL, a number of records, where a model lies.
type Value struct {
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
	Millis int64           `json:"time_ms"`
}
