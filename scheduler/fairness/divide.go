package fairness

import (
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Turn is tasks of a job that may start. The packer is to place those of lower levels before those of higher ones.
type Turn struct {
	Job, Want int
	Level     int
	Count     int
}

// Held is tasks of a job that a limit keeps back.
type Held struct {
	Job, Want int
	Count     int
	Why       string // for people
}

// quarters is how finely what is free is cut: agents may have room for less of a level than their amounts say, and who
// gets it then is the packer's choice. Before them comes what queues are guaranteed, after them as much again, for room
// that is left between tasks, then the rest.
const (
	guaranteed = 0
	quarters   = 4
	more       = guaranteed + quarters + 1
	rest       = levels - 1
)

// finest is the part of a cluster that is not worth dividing.
const finest = 1.0 / (1 << 14)

// Divide says which tasks of jobs may start on what is free of a cluster, in which order. Jobs come oldest first;
// queues that are not set have weight 1 and no limit.
func Divide(queues []Queue, total, free resource.Resources, jobs []Job) (turns []Turn, held []Held) {
	t := newTree(queues, total, free, jobs)
	left := t.dims.vector(&free, 0)
	had := append(vector(nil), left...)
	f := &fill{total: t.total, free: left, step: finest}
	t.guarantee(f, func(_ string, p portion) { p.given[guaranteed] += p.n })
	t.fill(f, func() int {
		used := 0.0
		for d, n := range had {
			if n > 0 {
				used = max(used, 1-float64(left[d])/float64(n))
			}
		}
		return guaranteed + 1 + min(int(used*quarters), quarters-1)
	})
	f.free = append(vector(nil), had...)
	t.fill(f, func() int { return more })
	f.free = nil
	t.fill(f, func() int { return rest })
	for _, j := range t.jobs {
		for i := range j.stuck {
			w := &j.stuck[i]
			for n := f.room(j, w); n > 0; n = f.room(j, w) {
				f.give(j, w, n)
				w.given[rest] += n
			}
		}
	}
	return t.turns()
}

// fill deals out until nobody wants or may have more. Level says which one the next tasks are of.
func (t *tree) fill(f *fill, level func() int) {
	f.epoch++
	t.root.refresh(f)
	for {
		at := level()
		g, ok := t.root.next(f)
		if !ok {
			return
		}
		g.given[at] += g.n
	}
}

// turns is what was dealt out, and what a limit keeps back.
func (t *tree) turns() (turns []Turn, held []Held) {
	each := func(do func(j *job, w *want)) {
		for _, j := range t.jobs {
			for i := range j.wants {
				do(j, &j.wants[i])
			}
			for i := range j.stuck {
				do(j, &j.stuck[i])
			}
		}
	}
	for level := range levels {
		each(func(j *job, w *want) {
			if n := w.given[level]; n > 0 {
				turns = append(turns, Turn{j.at, w.at, level, n})
			}
		})
	}
	each(func(j *job, w *want) {
		if w.left > 0 && w.by != nil {
			held = append(held, Held{j.at, w.at, w.left, w.by.why(w.need, t.dims)})
		}
	})
	return turns, held
}
