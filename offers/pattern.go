package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// pattern is how the last bin was filled. An equal bin is filled equally as long as no shape of the pattern
// has run out, so its choices need not be made again: the cost of equal tasks grows with agents, not with
// tasks.
type pattern struct {
	valid bool
	free  []resource.Milli // before the fill
	scale []float64
	room  int    // launches the agent's cap allowed
	marks []byte // by group: whether it may use the bin, and whether its executor runs
	steps []placement
	total []int // by step: how many the first step of that shape needs in all; 0 for later ones
}

// Marks of a group on a bin.
const (
	markAllowed = 1 << iota
	markWarm
)

// begin remembers the state before the fill of a bin that was not like the last one.
func (t *pattern) begin(b *binState, room int) { t.free, t.room = append(t.free[:0], b.free...), room }

// end learns the fill from the placements made since the mark before.
func (t *pattern) end(f *filler, b *binState, before int) {
	t.scale = append(t.scale[:0], f.scale...)
	t.marks = append(t.marks[:0], f.marks...)
	t.steps = append(t.steps[:0], f.p.placed[before:]...)
	t.total = t.total[:0]
	for i := range t.steps {
		n := int(t.steps[i].count)
		for j := range t.steps[:i] {
			if t.steps[j].shape == t.steps[i].shape {
				t.total[j] += n
				n = 0
				break
			}
		}
		t.total = append(t.total, n)
	}
	// A bin that already had a last placement of the same demand merges into it and leaves no step to learn
	// from.
	t.valid = b.first >= int32(before)
}

// repeat fills the bin like the last one; false when it is not like it, or when a shape would run out.
func (t *pattern) repeat(f *filler, b *binState) bool {
	if !t.valid || t.room != f.p.agents[b.agent].room || !slices.Equal(t.free, b.free) ||
		!slices.Equal(t.scale, f.scale) || !slices.Equal(t.marks, f.marks) {
		return false
	}
	for i := range t.steps {
		if f.p.shapes[t.steps[i].shape].waiting < t.total[i] {
			return false
		}
	}
	for i := range t.steps {
		f.put(b, t.steps[i].shape, int(t.steps[i].count))
	}
	return true
}
