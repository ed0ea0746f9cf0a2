package board

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
)

// notes are those of one attempt, in the order of their points; of two values with one name the later counts.
type notes struct {
	count      int
	milestones []results.Milestone
	values     []results.Value // by name
}

// add keeps the note of a point; beyond MaxNotes it is passed over.
func (n *notes) add(p results.Point) {
	if n.count++; n.count > results.MaxNotes {
		return
	}
	if p.Note.Milestone != "" {
		n.milestones = append(n.milestones, results.Milestone{Text: strings.Clone(p.Note.Milestone), Step: p.Step,
			Millis: p.Millis})
	}
	if p.Note.Name == "" {
		return
	}
	v := results.Value{Name: strings.Clone(p.Note.Name), Value: bytes.Clone(p.Note.Value), Millis: p.Millis}
	at, known := slices.BinarySearchFunc(n.values, v.Name, func(v results.Value, name string) int {
		return strings.Compare(v.Name, name)
	})
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
