package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

const (
	// preemptMargin is how long, beyond their grace, those that were ended have to be gone, and what they leave to be
	// offered, before others are ended. When as much is owed afterwards, as others have taken it, the wait doubles, up
	// to preemptRest.
	preemptMargin = 5 * time.Second
	preemptRest   = 10 * time.Minute
	// preemptMost bounds the tasks for which room is made at a time.
	preemptMost = 64
)

// preempt makes room for trials of queues below their guarantees: it ends the least urgent, youngest, smallest ones of
// queues that have more than theirs. Left is how many tasks of each group the plan has not placed. It answers with
// those that room is made for.
func (c *Core) preempt(groups []group, left []int) []SweepHeld {
	if !slices.ContainsFunc(c.queues, func(q fairness.Queue) bool { return len(q.Guarantee) > 0 }) {
		return nil
	}
	r := newRoom(c, groups, left)
	owed, count := r.owed()
	switch {
	case count == 0:
		c.preempted = preemption{next: c.preempted.next}
		return nil
	case c.now.Before(c.preempted.next):
		c.passAt(c.preempted.next)
		return r.waiting(owed)
	}
	for _, o := range owed {
		r.make(&groups[r.of[o.Job][o.Want]], o)
	}
	if len(r.ended) == 0 {
		return nil // what is there is about to be offered, or nothing can be taken
	}
	wait := preemptMargin + r.grace()
	if c.preempted.owed > 0 && count >= c.preempted.owed {
		wait = min(max(wait, 2*c.preempted.wait), preemptRest)
	}
	c.preempted = preemption{c.now.Add(wait), count, wait}
	for _, e := range r.ended {
		c.killAll(slices.Clone(e.attempts), killPreempted, e.why)
	}
	c.passAt(c.preempted.next)
	return r.waiting(owed)
}

// waiting is those that room is made for.
func (r *room) waiting(owed []fairness.Owing) (all []SweepHeld) {
	for _, o := range owed {
		all = append(all, SweepHeld{
			Sweep: r.runs[o.Job].id, Trials: o.Count,
			Why: fmt.Sprintf("queue %s is below its guarantee, and trials of other queues are ended to make room",
				o.Queue),
		})
	}
	return all
}

// room is one look for tasks to end.
type room struct {
	c       *Core
	surplus *fairness.Surplus
	total   resource.Resources
	jobs    []fairness.Job
	of      [][]int // by job and want, its group
	runs    []*run  // of the jobs
	job     map[*run]int
	free    map[offers.AgentID]*resource.Resources // beside what stays
	tasks   map[offers.AgentID][]*placement        // that may be ended, those to be ended first in front
	leaving map[offers.AgentID]resource.Resources  // what is being ended already
	agents  []offers.AgentID                       // all, in order
	ended   []endedTask
	made    int
}

// endedTask is a task that makes room, and why.
type endedTask struct {
	*placement
	why string
}

func newRoom(c *Core, groups []group, left []int) *room {
	waiting := slices.Clone(groups)
	for i := range waiting {
		waiting[i].Count = left[i]
		run := waiting[i].run
		// a task that was launched may have taken several of those
		if first := i == 0 || waiting[i-1].run != run; first {
			for k, most := i, run.counts[sweep.Waiting]; k < len(waiting) && waiting[k].run == run &&
				run.entry.Phase != sweep.PhaseThen; k++ {
				left[k] = min(left[k], most)
				most -= left[k]
			}
			waiting[i].Count = left[i]
		}
	}
	r := &room{c: c, job: map[*run]int{}, free: map[offers.AgentID]*resource.Resources{},
		tasks:   map[offers.AgentID][]*placement{},
		leaving: map[offers.AgentID]resource.Resources{}}
	r.jobs, r.of, r.runs = c.jobs(waiting, func(*offers.Demand) bool { return false })
	for at, run := range r.runs {
		r.job[run] = at
	}
	r.total = c.cfg.Packer.Supply(c.now, offers.Options{Exclude: c.health.Unusable(c.now)}).Total
	return r
}

// owed is what queues below their guarantees could start, and how many tasks that is.
func (r *room) owed() (all []fairness.Owing, count int) {
	all = fairness.Owed(r.c.queues, r.total, r.jobs)
	for _, o := range all {
		count += o.Count
	}
	return all, count
}

// look finds what may be ended, by agent.
func (r *room) look() {
	r.surplus = fairness.NewSurplus(r.c.queues, r.total, r.jobs)
	for id := range r.c.health.All() {
		r.agents = append(r.agents, id)
	}
	slices.Sort(r.agents)
	for att := r.c.live.first; att != nil; att = att.next {
		p := att.placement
		switch {
		case att.waits(): // one of its bundle was seen before
		case p.allKilled():
			took := taken(p.demand)
			r.leaving[p.agent] = r.leaving[p.agent].Plus(took, 1)
		case att.trial != ThenTrial && p.unreachableSince.IsZero() && !p.hasEnded() &&
			!slices.ContainsFunc(p.attempts, (*attempt).ends):
			r.tasks[p.agent] = append(r.tasks[p.agent], p)
		}
	}
	for _, tasks := range r.tasks {
		slices.SortStableFunc(tasks, func(a, b *placement) int {
			x, y := a.first(), b.first()
			return cmp.Or(x.run.spec.Priority-y.run.spec.Priority, y.launched.Compare(x.launched),
				cmp.Compare(a.demand.Resources.CPUs, b.demand.Resources.CPUs))
		})
	}
}

// ends reports whether an attempt is being killed.
func (a *attempt) ends() bool { return a.killing != notKilled }

// make finds room for tasks of a group.
func (r *room) make(g *group, o fairness.Owing) {
	if r.surplus == nil {
		r.look()
	}
	for range o.Count {
		if r.made++; r.made > preemptMost || !r.one(g, o) {
			return
		}
	}
}

// one finds room for one task: on an agent that has it, or where the fewest have to end for it.
func (r *room) one(g *group, o fairness.Owing) bool {
	need := g.Demand.Resources.Plus(g.Demand.Overhead, 1)
	var best []*placement
	var at *resource.Resources
	exclude := r.c.health.Unusable(r.c.now)
	for _, id := range r.agents {
		if _, out := exclude[id]; out || !r.c.stays(id, g.Demand.Takes) {
			continue
		}
		free, ok := r.beside(id, g.Demand)
		if !ok {
			continue
		}
		if offers.Fits(&need, free) {
			free.Add(&need, -1)
			return true // it is being offered, or will be when what ends has ended
		}
		if chosen := r.choose(id, *free, &need, &o); chosen != nil && (best == nil || len(chosen) < len(best)) {
			best, at = chosen, free
		}
	}
	if best == nil {
		return false
	}
	for _, p := range best {
		took := taken(p.demand)
		at.Add(&took, 1)
		r.surplus.Move(r.job[p.first().run], took, 1)
		r.tasks[p.agent] = slices.DeleteFunc(r.tasks[p.agent], func(other *placement) bool { return other == p })
		r.ended = append(r.ended,
			endedTask{p, fmt.Sprintf("ended to make room for %s: queue %s is below its guarantee", g.run.id, o.Queue)})
	}
	at.Add(&need, -1)
	return true
}

// beside is what is free of an agent when all that is being ended has ended.
func (r *room) beside(id offers.AgentID, d *offers.Demand) (*resource.Resources, bool) {
	free, ok := r.c.cfg.Packer.Beside(id, d)
	if known := r.free[id]; known != nil || !ok {
		return known, ok
	}
	leaving := r.leaving[id]
	free.Add(&leaving, 1)
	r.free[id] = &free
	return &free, true
}

// choose is tasks of an agent that leave enough when they have ended, none too many; nil: there are none.
func (r *room) choose(
	id offers.AgentID, free resource.Resources, need *resource.Resources, o *fairness.Owing,
) (chosen []*placement) {
	for _, p := range r.tasks[id] {
		took := taken(p.demand)
		if offers.Fits(need, &free) {
			break
		}
		if from := r.job[p.first().run]; r.surplus.Spares(from, o, took) {
			r.surplus.Move(from, took, 1)
			free.Add(&took, 1)
			chosen = append(chosen, p)
		}
	}
	for _, p := range chosen {
		r.surplus.Move(r.job[p.first().run], taken(p.demand), -1)
	}
	if !offers.Fits(need, &free) {
		return nil
	}
	for i := 0; i < len(chosen); i++ { // a later one may make an earlier one needless
		took := taken(chosen[i].demand)
		if without := free.Plus(took, -1); offers.Fits(need, &without) {
			free, chosen = without, slices.Delete(chosen, i, i+1)
			i--
		}
	}
	return chosen
}

// grace is the longest that those which are ended have.
func (r *room) grace() (longest time.Duration) {
	for _, e := range r.ended {
		longest = max(longest, cmp.Or(e.first().run.spec.Task.Grace, defaultGrace))
	}
	return longest
}

// defaultGrace is what an executor gives trials of a spec that names no task.grace.
const defaultGrace = 5 * time.Second
