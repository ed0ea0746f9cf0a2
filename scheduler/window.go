package scheduler

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// lookAhead is how many waiting trials of one sweep are looked at in a pass when what they need depends on
// their points. Enough for the packer to mix shapes; more would only compute points that must wait anyway.
const lookAhead = 4096

// fill looks ahead until n trials or lookAhead are in view. A trial whose needs cannot be computed is handed
// to bad; one whose point a search was asked for now, to asked, so that a restart asks in the same order.
func (r *run) fill(n int, asked func(journal.TrialEntry), bad func(trial int, err error)) {
	w := &r.window
	if w.index == nil {
		w.index = map[*offers.Demand]int{}
	}
	for w.size < min(n, lookAhead) {
		trial, ok := r.pop()
		if !ok {
			return
		}
		d, fresh, err := r.shapeOf(trial)
		if err != nil {
			bad(trial, err)
			continue
		}
		if fresh {
			asked(journal.TrialEntry{Sweep: r.id, Trial: trial, Attempt: r.lastAttempt(trial), AskSeq: r.search.Steps(trial).Ask})
		}
		i, known := w.index[d]
		if !known {
			i = len(w.groups)
			w.index[d] = i
			w.groups = append(w.groups, group{run: r, demand: d})
		}
		w.groups[i].trials = append(w.groups[i].trials, trial)
		w.size++
	}
}

// settle drops what a pass used up: groups without trials go, the rest keep their order.
func (w *window) settle() {
	kept := w.groups[:0]
	clear(w.index)
	w.size = 0
	for _, g := range w.groups {
		if len(g.trials) > 0 {
			w.index[g.demand] = len(kept)
			w.size += len(g.trials)
			kept = append(kept, g)
		}
	}
	clear(w.groups[len(kept):])
	w.groups = kept
}

// shapeOf is the demand of one trial; equal demands are one pointer. Fresh says that a search was asked for
// its point now.
func (r *run) shapeOf(trial int) (d *offers.Demand, fresh bool, err error) {
	if r.uniform != nil {
		return r.uniform, false, nil
	}
	p, fresh, err := r.search.Ask(trial)
	if err != nil {
		return nil, false, err
	}
	need, err := r.builder.Demand(p)
	if err != nil {
		return nil, fresh, err
	}
	d = &offers.Demand{Resources: need, Count: 1}
	key := shapeKey(d)
	if known := r.shapes[key]; known != nil {
		return known, fresh, nil
	}
	r.shapes[key] = d
	return d, fresh, nil
}

// shapeKey tells resources apart; the rest of a demand is the same for all trials of a sweep.
func shapeKey(d *offers.Demand) string {
	var b strings.Builder
	x := &d.Resources
	fmt.Fprintf(&b, "%d %d %d %d %d", x.CPUs, x.Mem, x.Disk, x.GPUs, x.Ports)
	if len(x.Named) > 0 {
		fmt.Fprintf(&b, " %v", x.Named) // fmt prints maps in order of their keys
	}
	return b.String()
}

// restoreGroups brings what groups still hold back to the window they were made from.
func (r *run) restoreGroups(groups []group) {
	if len(r.window.groups) == 0 {
		return
	}
	for _, g := range groups {
		if g.run == r && g.trials != nil {
			if i, ok := r.window.index[g.demand]; ok {
				r.window.groups[i].trials = g.trials
			}
		}
	}
	r.window.settle()
}

// pop is the next trial of a group.
func (g *group) pop() (trial int, ok bool) {
	if g.trials == nil {
		return g.run.pop()
	}
	for len(g.trials) > 0 {
		trial, g.trials = g.trials[0], g.trials[1:]
		if g.run.waits(trial) {
			return trial, true
		}
	}
	return 0, false
}
