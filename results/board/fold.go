package board

import (
	"bytes"
	"fmt"
	"math"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Fold adds a record. Points and Ends that are known already change nothing. It keeps no reference to the
// record. An error means that the record is not this sweep's or cannot be; the board is unchanged.
func (b *Board) Fold(r results.Record) error {
	if err := b.check(&r); err != nil {
		b.cfg.Stats.refused()
		return err
	}
	t := b.trial(r.Trial)
	a := b.attempt(t, r.Attempt)
	before, had := a.known(), len(a.series)
	changed := a.add(b, r.First, r.Points)
	if r.Trial != results.ThenTrial {
		b.points += a.known() - before
		b.note(a.series[had:])
	}
	if r.End != nil {
		ended, err := b.end(r.Trial, t, a, r.End)
		if err != nil {
			return err
		}
		changed = changed || ended
	}
	b.cfg.Stats.folded(len(r.Points))
	b.update(r.Trial, t, changed)
	return nil
}

func (b *Board) check(r *results.Record) error {
	limit := sweep.MaxTrials // a hostile index must not make gigabytes of pages
	if b.cfg.Trials > 0 {
		limit = min(limit, b.cfg.Trials)
	}
	switch {
	case r.Sweep != b.cfg.Sweep:
		return fmt.Errorf("fold record of trial %d: it is of sweep %.80q, not %q", r.Trial, r.Sweep, b.cfg.Sweep)
	case r.Trial != results.ThenTrial && (r.Trial < 0 || r.Trial >= limit):
		return fmt.Errorf("fold record of trial %d: the sweep has trials 0 to %d", r.Trial, limit-1)
	case r.Attempt < 0 || r.Attempt > math.MaxInt32:
		return fmt.Errorf("fold record of trial %d: impossible attempt %d", r.Trial, r.Attempt)
	case r.First > math.MaxInt32 || len(r.Points) > math.MaxInt32:
		return fmt.Errorf("fold record of trial %d: impossible point number %d", r.Trial, r.First)
	}
	return nil
}

func (b *Board) trial(index int) *trial {
	if index == results.ThenTrial {
		return &b.then
	}
	page := index / pageSize
	for page >= len(b.pages) {
		b.pages = append(b.pages, nil)
	}
	if b.pages[page] == nil {
		b.pages[page] = make([]trial, pageSize)
	}
	b.trials = max(b.trials, index+1)
	return &b.pages[page][index%pageSize]
}

func (b *Board) attempt(t *trial, number int) *attempt {
	at := len(t.attempts)
	for at > 0 && int(t.attempts[at-1].number) >= number {
		at--
	}
	if at < len(t.attempts) && int(t.attempts[at].number) == number {
		return &t.attempts[at]
	}
	if at == 0 && len(t.attempts) == 0 {
		t.attempts = make([]attempt, 1)
		if t != &b.then {
			b.seen++
		}
	} else {
		t.attempts = append(t.attempts, attempt{})
		copy(t.attempts[at+1:], t.attempts[at:])
	}
	t.attempts[at] = attempt{number: int32(number)}
	if t == &b.then {
		return &t.attempts[at]
	}
	b.attempts++
	if keep := curveLen(b.attempts); keep != b.curveLen {
		b.curveLen = keep
		for _, page := range b.pages {
			for i := range page {
				page[i].shrink(keep)
			}
		}
		b.then.shrink(keep)
	}
	return &t.attempts[at]
}

// shrink thins the curves of a trial's attempts.
func (t *trial) shrink(keep int) {
	for i := range t.attempts {
		t.attempts[i].curve.shrink(keep)
	}
}

// end sets how an attempt ended. Were there two different Ends of one attempt, which nothing should write,
// the final one counts, and of equals the one with the lesser bytes, so that order does not show.
func (b *Board) end(index int, t *trial, a *attempt, end *results.End) (changed bool, err error) {
	packed, sum, err := b.ends.pack(end)
	if err != nil {
		return false, err
	}
	if a.ended {
		if sum == a.endSum || a.final && !end.Final {
			return false, nil
		}
		packed = bytes.Clone(packed)
		if a.final == end.Final && bytes.Compare(packed, b.ends.packed(a.end)) >= 0 {
			return false, nil
		}
	}
	var old *results.End
	if a.ended {
		was := b.ends.get(a.end)
		old = &was
	}
	b.early.replace(old, end)
	if index != results.ThenTrial {
		b.timeline.replace(b.ends, t.attempts, a, old, end)
	}
	a.end, a.endSum = b.ends.add(packed), sum
	a.ended, a.state, a.final, a.reported = true, end.State.TrialState(), end.Final,
		uint32(min(end.Points, math.MaxUint32))
	return true, nil
}

// update keeps counts and best incrementally after a record of a trial.
func (b *Board) update(index int, t *trial, changed bool) {
	before := t.state
	if index == results.ThenTrial {
		t.state = t.derivedState()
		return
	}
	if t.state = t.derivedState(); t.state != before || !t.counted {
		if t.counted {
			*b.counts.Of(before)--
		}
		*b.counts.Of(t.state)++
		t.counted, changed = true, true
	}
	if !changed || !before.CanWin() && !t.state.CanWin() {
		return
	}
	b.changes++
	switch {
	case b.Repeats() > 1 || index == b.best:
		b.stale = true // of points with several trials all may move
	case !b.stale && b.beats(index, b.best):
		b.best = index
	}
}
