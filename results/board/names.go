package board

import "slices"

// maxNames is how many metrics that the sweep does not declare the attempts of its trials may have, each counted once.
// A sweep with more has the declared ones alone on its board: which of so many come first would depend on the order of
// records, and a program that puts a number into a name makes millions of them.
const maxNames = 4096

// Crowded says whether metrics that the sweep does not declare were left out, as trials reported too many.
func (b *Board) Crowded() bool { return b.crowded }

// note counts the metrics that an attempt has had folded for the first time, and leaves all that are not declared out
// for good once there are too many. It depends on what was folded, not on its order: a metric that an attempt has it
// keeps.
func (b *Board) note(news []series) {
	for i := range news {
		id := int(news[i].metric) - len(b.declared)
		if id < 0 {
			continue
		}
		for len(b.noted) <= id {
			b.noted = append(b.noted, false)
		}
		if !b.noted[id] {
			b.noted[id] = true
			b.undeclared++
		}
	}
	if b.undeclared <= maxNames || b.crowded {
		return
	}
	b.crowded, b.noted = true, nil
	b.names = slices.Clone(b.names[:len(b.declared)])
	b.ids = map[string]uint32{}
	for id, name := range b.names {
		b.ids[name] = uint32(id)
	}
	for _, page := range b.pages {
		for i := range page {
			page[i].leaveOut(uint32(len(b.declared)))
		}
	}
	b.then.leaveOut(uint32(len(b.declared)))
}

// leaveOut forgets the metrics from an id on.
func (t *trial) leaveOut(from uint32) {
	for i := range t.attempts {
		a := &t.attempts[i]
		a.series = slices.Clone(slices.DeleteFunc(a.series, func(s series) bool { return s.metric >= from }))
	}
}
