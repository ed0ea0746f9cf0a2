package results

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

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

// notes are those of one attempt, in the order of their points; of two values with one name the later counts.
type notes struct {
	count      int
	milestones []Milestone
	values     []Value // by name
}

// add keeps the note of a point; beyond MaxNotes it is passed over.
func (n *notes) add(p Point) {
	if n.count++; n.count > MaxNotes {
		return
	}
	if p.Note.Milestone != "" {
		n.milestones = append(n.milestones, Milestone{Text: strings.Clone(p.Note.Milestone), Step: p.Step, Millis: p.Millis})
	}
	if p.Note.Name == "" {
		return
	}
	v := Value{Name: strings.Clone(p.Note.Name), Value: bytes.Clone(p.Note.Value), Millis: p.Millis}
	at, known := slices.BinarySearchFunc(n.values, v.Name, func(v Value, name string) int { return strings.Compare(v.Name, name) })
	if known {
		n.values[at] = v
		return
	}
	n.values = slices.Insert(n.values, at, v)
}

func (n *notes) clone() *notes {
	if n == nil {
		return nil
	}
	return &notes{n.count, slices.Clone(n.milestones), slices.Clone(n.values)}
}

// noted is the notes of an attempt with those beyond gaps, in the order of their points; nil when there is none.
func (a *attempt) noted() *notes {
	n := a.notes
	if a.held == nil {
		return n
	}
	n = n.clone()
	for _, h := range *a.held {
		if h.point.Note != nil {
			if n == nil {
				n = &notes{}
			}
			n.add(h.point)
		}
	}
	return n
}
