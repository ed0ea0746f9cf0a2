package fairness

import (
	"sort"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Job is a sweep that has tasks, or wants some.
type Job struct {
	Queue    string
	User     string
	Priority int                // higher first
	Running  int                // tasks
	Used     resource.Resources // by them
	Wants    []Want
}

// Want is tasks of a job that need the same and may start.
type Want struct {
	Need  resource.Resources
	Count int
	Stuck bool // no agent has room for one now: they come last, and use up no limit that others have a use for
}

// levels is how many levels there are.
const levels = 7

// want is a Want while it is dealt out.
type want struct {
	at    int // among those of its job
	need  vector
	cost  float64 // the dominant share of one task
	top   int     // of which resource that is
	left  int
	given [levels]int
	by    *bound // that keeps the rest back; nil: none does
}

// portion is tasks that a job may start.
type portion struct {
	*want
	job int
	n   int
}

// job is a Job while it is dealt out.
type job struct {
	at     int
	bounds []*bound // that it is under
	floors []*floor // that it is guaranteed
	wants  []want   // those that are not stuck
	stuck  []want

	// Tasks are dealt out in the proportions in which they wait, so that a level has the mixture of the whole.
	before []int // tasks of the wants before, and of all
	dealt  int
	epoch  int
	skip   []int // by want, the next from it on that may be open, in a circle; len: none
}

// spread numbers tasks so that any few in a row come from all over: a step near the golden ratio.
const spread = 0.6180339887498949

// open is the want whose turn it is in an epoch.
func (j *job) open(epoch int) (int, bool) {
	n := len(j.wants)
	if j.epoch != epoch {
		j.epoch = epoch
		if j.skip == nil {
			j.skip = make([]int, n)
		}
		for i := range j.skip {
			j.skip[i] = 0
		}
	}
	if n == 1 {
		return 0, j.skip[0] == 0
	}
	x := float64(j.dealt) * spread
	at := int((x - float64(int(x))) * float64(j.before[n]))
	i := min(sort.SearchInts(j.before[1:], at+1), n-1)
	for tried := 0; tried < n; {
		step := j.skip[i]
		if step == 0 {
			return i, true
		}
		next := i + step
		if more := j.skip[next%n]; more > 0 { // the next time both at once
			j.skip[i] = min(step+more, n)
		}
		tried += step
		i = next % n
	}
	return 0, false
}

// close takes a want out of an epoch.
func (j *job) close(i int) { j.skip[i] = 1 }
