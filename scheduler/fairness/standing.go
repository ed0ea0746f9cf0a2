package fairness

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Standing is how a queue stands.
type Standing struct {
	Queue
	Set     bool               // it was set; else a sweep names it
	Used    resource.Resources // by what runs in it and below
	Running int                // tasks
	Waiting int                // trials that may start
	Sweeps  int                // that have not ended
	Share   float64            // the largest part that it has of any one resource of the cluster
	Fair    float64            // which part weights give it, of those queues that have sweeps
}

// Standings are the queues, in order of their names, that are set or that jobs name. A job without anything is one that
// has not ended.
func Standings(queues []Queue, total resource.Resources, jobs []Job) []Standing {
	t := newTree(queues, total, resource.Resources{}, jobs)
	var all []Standing
	for name, n := range t.nodes {
		s := Standing{Queue: Queue{Name: name, Weight: n.weight}}
		if i := slices.IndexFunc(queues, func(q Queue) bool { return q.Name == name }); i >= 0 {
			s.Queue, s.Set = queues[i], true
			s.Weight = n.weight
		}
		for i := range jobs {
			j := &jobs[i]
			if !Above(name, j.Queue) {
				continue
			}
			s.Used.Add(&j.Used, 1)
			s.Running += j.Running
			s.Sweeps++
			for k := range j.Wants {
				s.Waiting += j.Wants[k].Count
			}
		}
		share := make(shares, len(t.dims))
		share.of(t.dims.vector(&s.Used, 0), t.total)
		s.Share, _ = share.dominant()
		s.Fair = t.fair(n, jobs)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Standing) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// fair is which part of the cluster the weights give a queue, of those that have jobs.
func (t *tree) fair(n *node, jobs []Job) float64 {
	if n == t.root {
		return 1
	}
	if !n.busy() {
		return 0
	}
	sum := 0.0
	for _, other := range n.above.below {
		if other.busy() {
			sum += other.weight
		}
	}
	return t.fair(n.above, jobs) * n.weight / sum
}

// busy says whether there are jobs in a queue, or below it.
func (n *node) busy() bool { return n.leaf != nil || slices.ContainsFunc(n.below, (*node).busy) }
