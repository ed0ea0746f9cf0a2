package board

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/results"
)

// add folds points numbered from first on, or buffers them after a gap, and reports whether any was new.
func (a *attempt) add(b *Board, first uint64, points []results.Point) bool {
	before := a.next
	if first <= uint64(a.next) {
		if skip := uint64(a.next) - first; skip < uint64(len(points)) {
			for _, p := range points[skip:] {
				a.fold(b, p)
			}
		}
		a.drain(b)
		return a.next != before
	}
	return a.buffer(first, points)
}

// buffer keeps points that come after a gap until drain folds them.
func (a *attempt) buffer(first uint64, points []results.Point) bool {
	byNumber := func(h numbered, n uint64) int { return cmp.Compare(h.number, n) }
	pending := a.pendingPoints()
	old := len(pending)
	for i, p := range points {
		number := first + uint64(i)
		if _, known := slices.BinarySearchFunc(pending[:old], number, byNumber); !known {
			p.Metrics = maps.Clone(p.Metrics)
			if p.Note != nil {
				note := *p.Note
				note.Value = slices.Clone(note.Value)
				p.Note = &note
			}
			pending = append(pending, numbered{number, p})
		}
	}
	if len(pending) == old {
		return false
	}
	slices.SortFunc(pending, func(x, y numbered) int { return cmp.Compare(x.number, y.number) })
	a.pending = &pending
	return true
}

// drain folds the pending points that are next now.
func (a *attempt) drain(b *Board) {
	n, pending := 0, a.pendingPoints()
	for ; n < len(pending) && pending[n].number <= uint64(a.next); n++ {
		if pending[n].number == uint64(a.next) {
			a.fold(b, pending[n].point)
		}
	}
	if n > 0 {
		a.pending = nil
	}
	if rest := slices.Clone(pending[n:]); n > 0 && len(rest) > 0 {
		a.pending = &rest
	}
}

// fold adds the next point.
func (a *attempt) fold(b *Board, p results.Point) {
	a.next++
	if p.Note != nil {
		if a.notes == nil {
			a.notes = &notes{}
		}
		a.notes.add(p)
	}
	if a.series == nil {
		room := len(p.Metrics)
		if b.crowded {
			room = min(room, len(b.declared))
		}
		a.series = make([]series, 0, room)
	}
	if len(a.series)+len(p.Metrics) > maxMetrics {
		// Which metrics are left out must not depend on the order of a map.
		for _, name := range slices.Sorted(maps.Keys(p.Metrics)) {
			a.foldMetric(b, p, name, p.Metrics[name])
		}
		return
	}
	for name, v := range p.Metrics {
		a.foldMetric(b, p, name, v)
	}
}

func (a *attempt) foldMetric(b *Board, p results.Point, name string, v float64) {
	id, known := b.ids[name]
	var s *series
	if known {
		s = a.find(id)
	}
	if s == nil {
		if declared := known && int(id) < len(b.declared); !declared && (b.crowded || a.undeclared(b) >= maxMetrics) {
			return
		}
		if !known {
			id = b.intern(name)
		}
		a.series = append(a.series, series{metric: id})
		s = &a.series[len(a.series)-1]
	}
	s.Add(v)
	if id == 0 && b.cfg.Objective.Name != "" {
		a.curve.add(CurvePoint{p.Step, results.Number(v)}, b.curveLen)
	}
}

// undeclared is how many metrics the attempt has that the sweep does not declare.
func (a *attempt) undeclared(b *Board) (n int) {
	if len(a.series) < maxMetrics {
		return len(a.series)
	}
	for i := range a.series {
		if int(a.series[i].metric) >= len(b.declared) {
			n++
		}
	}
	return n
}

// withPending is the attempt with all points that are known, those beyond gaps too, in the order of their
// numbers. It depends on nothing but which points are known.
func (a *attempt) withPending(b *Board) *attempt {
	if a.pending == nil {
		return a
	}
	v := *a
	v.series = slices.Clone(a.series)
	v.curve.points = slices.Clone(a.curve.points)
	v.notes = a.notes.clone()
	v.pending = nil
	for _, h := range *a.pending {
		v.fold(b, h.point)
	}
	return &v // v.next is now the number of points known
}

// allNotes is the notes of an attempt with those beyond gaps, in the order of their points; nil when there is
// none.
func (a *attempt) allNotes() *notes {
	n := a.notes
	if a.pending == nil {
		return n
	}
	n = n.clone()
	for _, h := range *a.pending {
		if h.point.Note != nil {
			if n == nil {
				n = &notes{}
			}
			n.add(h.point)
		}
	}
	return n
}
