package fairness

import "slices"

// leaf is the jobs of one queue, but for those of queues below it.
type leaf struct {
	used   vector
	people map[string]*person
	ranks  []*rank // highest priority first
	epoch  int
	at     int // of ranks, in the epoch: those before want nothing more
}

// person is a user in one queue.
type person struct {
	used   vector
	share  shares
	leader float64 // their dominant share
}

// rank is the jobs of one priority.
type rank struct {
	priority int
	crowds   []*crowd // the user with the oldest job first
}

// crowd is one user's jobs of one priority, oldest first.
type crowd struct {
	*person
	user  string
	jobs  []*job
	epoch int
	at    int // of jobs, in the epoch; len: none wants more
}

// take adds a job, which is younger than those before it.
func (l *leaf) take(priority int, user string, j *job, used, total vector) {
	p := l.people[user]
	if p == nil {
		p = &person{used: make(vector, len(total)), share: make(shares, len(total))}
		l.people[user] = p
	}
	l.used.add(used, 1)
	p.add(used, 1, total)
	if len(j.wants) == 0 {
		return
	}
	i, found := slices.BinarySearchFunc(l.ranks, priority, func(r *rank, priority int) int {
		return priority - r.priority
	})
	if !found {
		l.ranks = slices.Insert(l.ranks, i, &rank{priority: priority})
	}
	r := l.ranks[i]
	k := slices.IndexFunc(r.crowds, func(c *crowd) bool { return c.user == user })
	if k < 0 {
		k = len(r.crowds)
		r.crowds = append(r.crowds, &crowd{person: p, user: user})
	}
	r.crowds[k].jobs = append(r.crowds[k].jobs, j)
}

func (p *person) add(v vector, n int, total vector) {
	p.used.add(v, n)
	p.share.of(p.used, total)
	p.leader, _ = p.share.dominant()
}

// wanted is the resource of which those who come first want the largest part.
func (l *leaf) wanted() int {
	if len(l.ranks) == 0 {
		return 0
	}
	return l.ranks[0].crowds[0].jobs[0].wants[0].top
}

// pick gives the tasks that come next; none: what is left is limited, or does not fit into what is free.
func (l *leaf) pick(f *fill) (g portion, ok bool) {
	if l.epoch != f.epoch {
		l.epoch, l.at = f.epoch, 0
	}
	for ; l.at < len(l.ranks); l.at++ {
		for {
			c := l.ranks[l.at].next(f.epoch)
			if c == nil {
				break
			}
			if g, ok := c.pick(f); ok {
				c.add(g.need, g.n, f.total)
				l.used.add(g.need, g.n)
				return g, true
			}
		}
	}
	return portion{}, false
}

// next is the user with the smallest share of those who may want more.
func (r *rank) next(epoch int) (least *crowd) {
	for _, c := range r.crowds {
		if c.epoch != epoch {
			c.epoch, c.at = epoch, 0
		}
		if c.at < len(c.jobs) && (least == nil || c.leader < least.leader) {
			least = c
		}
	}
	return least
}

func (c *crowd) pick(f *fill) (g portion, ok bool) {
	for ; c.at < len(c.jobs); c.at++ {
		if g, ok := f.pick(c.jobs[c.at]); ok {
			return g, true
		}
	}
	return portion{}, false
}
