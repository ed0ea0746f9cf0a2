package board

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// mostMoments is how many moments a timeline tells apart. With more, moments that are next to each other become one.
const mostMoments = 2048

// Moment is how many trials more, or fewer, were in each state from a time on. Total and Launched are 0: records do not
// tell launched trials from waiting ones.
type Moment struct {
	AtMs    int64 // milliseconds since 1970
	Changes sweep.Counts
}

// timeline counts when trials moved from state to state, by the times that Ends tell: in bounded memory, however many
// trials there are. It depends on nothing but the Ends: the width of a moment is the least power of two of milliseconds
// with which there are few enough.
type timeline struct {
	shift   uint // a moment is 1<<shift milliseconds long
	moments map[int64]*sweep.Counts
}

// move counts a move of one trial at a time; by -1 it takes that back.
func (l *timeline) move(ms int64, from, to sweep.State, by int) {
	at := l.moment(ms)
	*at.Of(from) -= by
	*at.Of(to) += by
}

func (l *timeline) moment(ms int64) *sweep.Counts {
	if l.moments == nil {
		l.moments = map[int64]*sweep.Counts{}
	}
	at := l.moments[ms>>l.shift]
	for at == nil {
		if len(l.moments) < mostMoments {
			at = &sweep.Counts{}
			l.moments[ms>>l.shift] = at
			break
		}
		l.coarsen()
		at = l.moments[ms>>l.shift]
	}
	return at
}

// coarsen makes moments twice as long.
func (l *timeline) coarsen() {
	l.shift++
	moments := make(map[int64]*sweep.Counts, len(l.moments)/2)
	for key, c := range l.moments {
		if to := moments[key>>1]; to == nil {
			moments[key>>1] = c
		} else {
			for _, s := range sweep.States() {
				*to.Of(s) += *c.Of(s)
			}
		}
	}
	l.moments = moments
}

// replace counts how an attempt of a trial ended, and no longer the End that it takes the place of; nil: there was
// none. The attempt is among those of its trial already, as it was.
func (l *timeline) replace(ends *endStore, all []attempt, a *attempt, old, end *results.End) {
	before, next := sweep.Waiting, (*attempt)(nil)
	for i := range all {
		switch other := &all[i]; {
		case !other.ended || other.number == a.number:
		case other.number < a.number:
			before = after(other.state, other.final)
		case next == nil:
			next = other
		}
	}
	was := before
	if old != nil {
		was = after(old.State.TrialState(), old.Final)
		l.attempt(before, old, -1)
	}
	l.attempt(before, end, 1)
	if is := after(end.State.TrialState(), end.Final); next != nil && is != was {
		later := ends.get(next.end)
		begin, _ := span(&later)
		l.move(begin, is, was, 1)
	}
}

// attempt counts the two moves of an attempt.
func (l *timeline) attempt(before sweep.State, end *results.End, by int) {
	begin, over := span(end)
	l.move(begin, before, sweep.Running, by)
	l.move(over, sweep.Running, after(end.State.TrialState(), end.Final), by)
}

// after is the state of a trial behind an attempt.
func after(state sweep.State, final bool) sweep.State {
	if final {
		return state
	}
	return sweep.Waiting
}

// span is from when to when an attempt ran. One that never did has a time at which it ended, or none.
func span(end *results.End) (begin, over int64) {
	begin, over = max(end.StartMs, 0), max(end.EndMs, 0)
	if begin == 0 {
		begin = over
	}
	return begin, max(begin, over)
}

// list is its moments, by time.
func (l *timeline) list() []Moment {
	list := make([]Moment, 0, len(l.moments))
	for key, c := range l.moments {
		if *c != (sweep.Counts{}) {
			list = append(list, Moment{key << l.shift, *c})
		}
	}
	slices.SortFunc(list, func(x, y Moment) int { return cmp.Compare(x.AtMs, y.AtMs) })
	return list
}
