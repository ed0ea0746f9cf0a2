package fairness

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// tree is the queues with what runs in them and what they want.
type tree struct {
	dims  dimensions
	total vector
	root  *node
	nodes map[string]*node // by the name of the queue
	jobs  []*job

	guaranteed []*node // queues that are guaranteed something, in order of their names
}

// node is a queue with those below it, or the jobs of a queue alone.
type node struct {
	name   string
	weight float64
	above  *node
	below  []*node // in order of their names; the jobs of the queue itself last
	own    *node   // of those
	leaf   *leaf   // nil: it is a queue

	all   *bound            // limit of the queue; nil: none
	each  vector            // limit of each user there; nil: none
	users map[string]*bound // theirs
	floor *floor            // what the queue is guaranteed; nil: nothing

	share     shares  // scaled, as DRF in trees wants it
	dominant  float64 // of it
	top       int     // the resource that it is of; without any, the one that is wanted
	closed    int     // the epoch in which nothing below wants or may have more
	saturated bool    // then: since what is free is too little
}

// newTree builds the tree of queues that are set, and of those that jobs name.
func newTree(queues []Queue, total, free resource.Resources, jobs []Job) *tree {
	t := &tree{dims: dimensionsOf(&total, &free, queues, jobs), nodes: map[string]*node{}}
	t.total = t.dims.vector(&total, 0)
	t.root = &node{share: make(shares, len(t.dims))}
	for i := range queues {
		q := &queues[i]
		n := t.queue(q.Name)
		n.weight = q.weight()
		if len(q.Limit) > 0 {
			n.all = &bound{queue: q.Name, most: t.dims.limits(q.Limit), used: make(vector, len(t.dims))}
		}
		if len(q.Guarantee) > 0 {
			n.floor = &floor{bound: bound{queue: q.Name, most: t.dims.limits(q.Guarantee),
				used: make(vector, len(t.dims))}}
			t.guaranteed = append(t.guaranteed, n)
		}
		if len(q.UserLimit) > 0 {
			n.each, n.users = t.dims.limits(q.UserLimit), map[string]*bound{}
		}
	}
	for i := range jobs {
		t.take(i, &jobs[i])
	}
	return t
}

// dimensionsOf collects what is had, wanted or limited.
func dimensionsOf(total, free *resource.Resources, queues []Queue, jobs []Job) dimensions {
	dims := slices.Clone(fixed)
	collect := func(name string) {
		if name != Trials && !slices.Contains(dims, name) {
			dims = append(dims, name)
		}
	}
	resources := func(r *resource.Resources) {
		if len(r.Named) > 0 {
			for _, name := range r.Names() {
				collect(name)
			}
		}
	}
	resources(total)
	resources(free)
	for i := range queues {
		for _, all := range []Amounts{queues[i].Limit, queues[i].UserLimit, queues[i].Guarantee} {
			for _, name := range all.names() {
				collect(name)
			}
		}
	}
	for i := range jobs {
		resources(&jobs[i].Used)
		for k := range jobs[i].Wants {
			resources(&jobs[i].Wants[k].Need)
		}
	}
	return append(dims, Trials)
}

// queue is the node of a queue, made with those above it where they are missing.
func (t *tree) queue(name string) *node {
	if n := t.nodes[name]; n != nil {
		return n
	}
	above := t.root
	if cut := strings.LastIndexByte(name, '/'); cut >= 0 {
		above = t.queue(name[:cut])
	}
	n := &node{name: name, weight: 1, above: above, share: make(shares, len(t.dims))}
	t.nodes[name] = n
	at, _ := slices.BinarySearchFunc(above.below, name, func(n *node, name string) int {
		if n.leaf != nil {
			return 1
		}
		return strings.Compare(n.name, name)
	})
	above.below = slices.Insert(above.below, at, n)
	return n
}

// take puts a job into its queue.
func (t *tree) take(at int, from *Job) {
	q := t.queue(from.Queue)
	if q.own == nil {
		q.own = &node{weight: 1, above: q, share: make(shares, len(t.dims)),
			leaf: &leaf{used: make(vector, len(t.dims)), people: map[string]*person{}}}
		q.below = append(q.below, q.own)
	}
	used := t.dims.vector(&from.Used, from.Running)
	j := &job{at: at, before: []int{0}}
	for n := q; n != t.root; n = n.above {
		if n.floor != nil {
			j.floors = append(j.floors, n.floor)
		}
		if n.all != nil {
			j.bounds = append(j.bounds, n.all)
		}
		if n.each != nil {
			if n.users[from.User] == nil {
				n.users[from.User] = &bound{queue: n.name, user: from.User, each: true, most: n.each,
					used: make(vector, len(t.dims))}
			}
			j.bounds = append(j.bounds, n.users[from.User])
		}
	}
	for _, b := range j.bounds {
		b.used.add(used, 1)
	}
	for _, g := range j.floors {
		g.bound.used.add(used, 1)
	}
	part := make(shares, len(t.dims))
	for i := range from.Wants {
		w := &from.Wants[i]
		need := t.dims.vector(&w.Need, 1)
		part.of(need, t.total)
		one := want{at: i, need: need, left: w.Count}
		one.cost, one.top = part.dominant()
		switch {
		case w.Count <= 0:
		case w.Stuck:
			j.stuck = append(j.stuck, one)
		default:
			j.wants = append(j.wants, one)
			j.before = append(j.before, j.before[len(j.before)-1]+w.Count)
		}
	}
	q.own.leaf.take(from.Priority, from.User, j, used, t.total)
	t.jobs = append(t.jobs, j)
}

// refresh brings the shares of a node and those below it up to date as an epoch begins.
func (n *node) refresh(f *fill) {
	for _, child := range n.below {
		child.refresh(f)
	}
	n.scale(f)
}

// scale is the share of a node, by those below it. Of another resource than the neediest of them wants, others count as
// much as that one has: else it would wait for what they have and nobody else wants. Of the same resource all counts.
func (n *node) scale(f *fill) {
	if n.leaf != nil {
		n.share.of(n.leaf.used, f.total)
		if n.dominant, n.top = n.share.dominant(); n.dominant == 0 {
			n.top = n.leaf.wanted()
		}
		return
	}
	clear(n.share)
	neediest := n.neediest(f.epoch)
	for _, child := range n.below {
		part, open := 1.0, child.closed != f.epoch
		switch {
		case neediest == nil || child.top == neediest.top || child.dominant == 0:
		case open:
			part = neediest.dominant / neediest.weight / (child.dominant / child.weight)
		case child.saturated:
			continue
		}
		for d, x := range child.share {
			n.share[d] += part * x
		}
	}
	if n.dominant, n.top = n.share.dominant(); n.dominant == 0 && neediest != nil {
		n.top = neediest.top
	}
}

// next gives the tasks that come next.
func (n *node) next(f *fill) (g portion, ok bool) {
	for n.closed != f.epoch {
		at := n
		for at.leaf == nil {
			child := at.neediest(f.epoch)
			if child == nil {
				break
			}
			at = child
		}
		f.saturated = false
		if at.leaf != nil {
			g, ok = at.leaf.pick(f)
		}
		if !ok {
			at.close(f)
		}
		for up := at; up != nil; up = up.above {
			up.scale(f)
		}
		if ok {
			return g, true
		}
	}
	return portion{}, false
}

// close takes a node out of an epoch.
func (n *node) close(f *fill) {
	n.closed, n.saturated = f.epoch, f.saturated
	for _, child := range n.below {
		n.saturated = n.saturated || child.saturated
	}
}

// neediest is the one below with the smallest share by its weight that is open; nil: none is.
func (n *node) neediest(epoch int) (least *node) {
	for _, child := range n.below {
		if child.closed != epoch && (least == nil || child.dominant/child.weight < least.dominant/least.weight) {
			least = child
		}
	}
	return least
}
