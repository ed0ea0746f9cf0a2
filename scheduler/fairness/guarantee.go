package fairness

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// guarantee deals out to queues below their guarantees until none is, or what is free is too little. Whoever has the
// smallest part of theirs comes next.
func (t *tree) guarantee(f *fill, take func(queue string, p portion)) {
	for _, q := range t.guaranteed {
		f.epoch++
		q.floor.epoch, q.floor.done = f.epoch, false
		q.refresh(f)
	}
	last := f.epoch
	for {
		var next *node
		for _, q := range t.guaranteed {
			if !q.floor.done && (next == nil || q.floor.part() < next.floor.part()) {
				next = q
			}
		}
		if next == nil {
			break
		}
		f.epoch, f.floor = next.floor.epoch, next.floor
		p, ok := next.next(f)
		if ok {
			take(next.name, p)
		}
		next.floor.done = !ok
	}
	f.epoch, f.floor = last, nil
}

// Owing is tasks of a job that could start within the guarantee of a queue, were there room.
type Owing struct {
	Job, Want int
	Queue     string // that is below its guarantee
	Count     int
}

// Owed is what queues below their guarantees could start, in the order in which it is owed to them, whatever is free.
func Owed(queues []Queue, total resource.Resources, jobs []Job) (all []Owing) {
	t := newTree(queues, total, resource.Resources{}, jobs)
	f := &fill{total: t.total, free: make(vector, len(t.dims)), step: finest}
	for d := range f.free {
		f.free[d] = math.MaxInt64 / 2
	}
	t.guarantee(f, func(queue string, p portion) {
		if n := len(all); n > 0 && all[n-1].Job == p.job && all[n-1].Want == p.at && all[n-1].Queue == queue {
			all[n-1].Count += p.n
			return
		}
		all = append(all, Owing{p.job, p.at, queue, p.n})
	})
	return all
}

// Surplus is what may be taken from jobs of queues that have more than their guarantees.
type Surplus struct{ tree *tree }

// NewSurplus looks at what jobs have.
func NewSurplus(queues []Queue, total resource.Resources, jobs []Job) *Surplus {
	return &Surplus{newTree(queues, total, resource.Resources{}, jobs)}
}

// Spares says whether a task of one job may be ended for what another is owed: it is not of the queue to which that is
// owed, which would come no nearer its guarantee, and none of its queues that is not the other's too comes below its
// own.
func (s *Surplus) Spares(from int, owed *Owing, task resource.Resources) bool {
	if from == owed.Job {
		return false
	}
	need, others := s.tree.dims.vector(&task, 1), s.tree.jobs[owed.Job].floors
	for _, g := range s.tree.jobs[from].floors {
		if g.bound.queue == owed.Queue || !slices.Contains(others, g) && !g.spares(need) {
			return false
		}
	}
	return true
}

// Move takes n tasks from a job, or gives them back.
func (s *Surplus) Move(from int, task resource.Resources, n int) {
	need := s.tree.dims.vector(&task, 1)
	for _, g := range s.tree.jobs[from].floors {
		g.bound.used.add(need, -n)
	}
}
