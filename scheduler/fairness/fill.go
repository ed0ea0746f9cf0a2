package fairness

// fill deals out what is free, or without bound, until nobody wants or may have more. An epoch is one attempt at that:
// who has nothing more to gain in it stays out until the next, as what is free and what limits leave only shrinks.
type fill struct {
	total vector
	free  vector // nil: there is no bound
	step  float64
	epoch int
	floor *floor // within which it deals out; nil: there is none

	saturated bool // of the last pick that gave nothing: something did not fit into what is free
}

// pick gives tasks of a job.
func (f *fill) pick(j *job) (g portion, ok bool) {
	for {
		i, open := j.open(f.epoch)
		if !open {
			return portion{}, false
		}
		w := &j.wants[i]
		if n := f.room(j, w); n > 0 {
			f.give(j, w, n)
			return portion{w, j.at, n}, true
		}
		j.close(i)
	}
}

// room is how many tasks a job may be given at once: one, or, where they are tiny, so many that it makes no difference.
func (f *fill) room(j *job, w *want) int {
	n := w.left
	if f.free != nil {
		most := 1
		if w.cost*2 < f.step {
			most = int(f.step / max(w.cost, f.step/1e6))
		}
		n = min(n, most)
	}
	if f.floor != nil {
		n = f.floor.room(w.need, n)
	}
	for _, b := range j.bounds {
		if n == 0 {
			return 0
		}
		if n = b.room(w.need, n); n == 0 {
			w.by = b
		}
	}
	if f.free == nil || n == 0 {
		return n
	}
	for d, need := range w.need[:len(w.need)-1] {
		if need > 0 {
			n = min(n, int(f.free[d]/need))
		}
	}
	f.saturated = f.saturated || n == 0
	return n
}

func (f *fill) give(j *job, w *want, n int) {
	w.left -= n
	j.dealt += n
	for _, b := range j.bounds {
		b.used.add(w.need, n)
	}
	for _, g := range j.floors {
		g.bound.used.add(w.need, n)
	}
	if f.free != nil {
		f.free.add(w.need, -n)
	}
}
