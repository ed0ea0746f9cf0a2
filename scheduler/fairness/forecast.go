package fairness

import (
	"container/heap"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Prospect is a sweep as it will go on: what runs, and the trials that wait, which all need and take the same.
type Prospect struct {
	Queue    string
	User     string
	Priority int
	Need     resource.Resources // of one trial
	Waiting  int
	Most     int             // trials at once; 0: as many as there is room for
	Trial    time.Duration   // that one takes
	Ends     []time.Duration // of those that run, when each ends from now on
}

// Forecast is when a sweep begins and ends, from now on.
type Forecast struct {
	Start, End time.Duration
	Begins     bool // false: not within what was looked at
	Finishes   bool // likewise; End is then how far that was
	Never      bool // whatever ends, it does not go on: a trial is larger than all there is, or a limit forbids it
}

const (
	// in about so many rounds the trials of a sweep are dealt with: several in a row are one task
	forecastRounds = 64
	forecastWork   = 200000 // jobs times divisions that one forecast costs
	forecastLeast  = 200    // divisions

	horizon = 100 * 365 * 24 * time.Hour // no forecast looks farther; twice as much is a time.Duration still
)

// Foresee plays on what Divide would do with volumes, until a sweep has run to its end: the trials of a division start
// at once, and the next division comes when some have ended. It knows no agents, so that room that lies in pieces too
// small for a trial counts as room; nothing fails, nothing is preempted and nothing else comes.
func Foresee(queues []Queue, total resource.Resources, all []Prospect, of int) Forecast {
	f := newForesight(queues, total, all)
	divisions := max(forecastLeast, forecastWork/len(all))
	f.out.Never = f.waiting[of] > 0 && total.Room(&all[of].Need, 1) == 0
	for range divisions {
		if f.out.Never || f.now >= horizon {
			break
		}
		f.start(of)
		if f.waiting[of] == 0 && f.running[of] == 0 {
			f.out.End, f.out.Finishes = f.now, true
			return f.out
		}
		f.out.Never = !f.end()
	}
	f.out.End = min(f.now, horizon)
	return f.out
}

// foresight is a forecast under way.
type foresight struct {
	queues  []Queue
	total   resource.Resources
	all     []Prospect
	now     time.Duration
	used    resource.Resources
	running []int // tasks, by prospect
	waiting []int // trials
	batch   []int // of which so many in a row are one task
	ends    endings
	grain   time.Duration // ends that are no farther apart count as one
	out     Forecast
}

// ending is tasks of a prospect that end at one time.
type ending struct {
	at    time.Duration
	of, n int
}

type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at < e[j].at }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

func newForesight(queues []Queue, total resource.Resources, all []Prospect) *foresight {
	n := len(all)
	f := &foresight{queues: queues, total: total, all: all, running: make([]int, n), waiting: make([]int, n),
		batch: make([]int, n)}
	for i := range all {
		p := &all[i]
		f.waiting[i], f.running[i], f.batch[i] = p.Waiting, len(p.Ends), 1
		f.used.Add(&p.Need, len(p.Ends))
		atOnce := total.Room(&p.Need, p.Waiting)
		if p.Most > 0 {
			atOnce = min(atOnce, p.Most)
		}
		if atOnce > 0 {
			f.batch[i] = max(1, p.Waiting/(atOnce*forecastRounds))
		}
		for _, at := range p.Ends {
			f.ends = append(f.ends, ending{min(max(at, 0), horizon), i, 1})
		}
		if took := f.took(i) / 50; i == 0 || took < f.grain {
			f.grain = took
		}
	}
	heap.Init(&f.ends)
	return f
}

// took is how long a task of a prospect takes: its trials run one after the other.
func (f *foresight) took(of int) time.Duration {
	batch := time.Duration(f.batch[of])
	return min(f.all[of].Trial, horizon/batch) * batch
}

// start divides what is free, and has as much begin as there is room for.
func (f *foresight) start(of int) {
	jobs, at := make([]Job, 0, len(f.all)), make([]int, 0, len(f.all))
	for i := range f.all {
		p := &f.all[i]
		tasks := (f.waiting[i] + f.batch[i] - 1) / f.batch[i]
		if p.Most > 0 {
			tasks = min(tasks, max(0, p.Most-f.running[i]))
		}
		if tasks == 0 && f.running[i] == 0 {
			continue
		}
		j := Job{Queue: p.Queue, User: p.User, Priority: p.Priority, Running: f.running[i]}
		j.Used.Add(&p.Need, f.running[i])
		if tasks > 0 {
			j.Wants = []Want{{Need: p.Need, Count: tasks, Stuck: f.total.Room(&p.Need, 1) == 0}}
		}
		jobs, at = append(jobs, j), append(at, i)
	}
	free := f.total.Plus(f.used, -1)
	turns, _ := Divide(f.queues, f.total, free, jobs)
	for level := range levels {
		for _, t := range turns {
			if t.Level != level {
				continue
			}
			i := at[t.Job]
			n := free.Room(&f.all[i].Need, t.Count)
			if n == 0 {
				continue
			}
			free.Add(&f.all[i].Need, -n)
			f.used.Add(&f.all[i].Need, n)
			f.running[i] += n
			f.waiting[i] = max(0, f.waiting[i]-n*f.batch[i])
			heap.Push(&f.ends, ending{f.now + f.took(i), i, n})
			if i == of && !f.out.Begins {
				f.out.Start, f.out.Begins = f.now, true
			}
		}
	}
}

// end goes on to the next end, and those soon after it; false: there is none.
func (f *foresight) end() bool {
	if len(f.ends) == 0 {
		return false
	}
	for until := f.ends[0].at + f.grain; len(f.ends) > 0 && f.ends[0].at <= until; {
		e := heap.Pop(&f.ends).(ending)
		f.now = max(f.now, e.at)
		f.running[e.of] -= e.n
		f.used.Add(&f.all[e.of].Need, -e.n)
	}
	return true
}
