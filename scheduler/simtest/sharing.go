package simtest

import (
	"fmt"
	"math/rand/v2"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
)

// sharing is how the sweeps of a story share the cluster. The zero value: all wait in one queue.
type sharing struct {
	Queues    bool // two or three sweeps of two users wait in queues of their own
	Limit     int  // trials at one time of one queue; 0: none
	UserLimit int  // of each user in another; 0: none
}

// drawQueues draws from chance of its own, so that the rest of a story is what it was without queues.
func (s *Story) drawQueues() {
	r := rand.New(rand.NewPCG(s.Seed, 4))
	if r.IntN(4) > 0 {
		return
	}
	s.Sweeps, s.Trials = 2+r.IntN(2), min(s.Trials, 25)
	s.Sharing = sharing{Queues: true, Limit: pick(r, 0, 0, 1, 2, 5), UserLimit: pick(r, 0, 0, 0, 1, 3)}
}

// queues are those that the scheduler is told of.
func (s *sharing) queues() []fairness.Queue {
	if !s.Queues {
		return nil
	}
	ml, ops := fairness.Queue{Name: "eng/ml", Weight: 2}, fairness.Queue{Name: "ops", Weight: 1}
	if s.Limit > 0 {
		ml.Limit = fairness.Amounts{fairness.Trials: float64(s.Limit)}
	}
	if s.UserLimit > 0 {
		ops.UserLimit = fairness.Amounts{fairness.Trials: float64(s.UserLimit)}
	}
	return []fairness.Queue{{Name: "eng", Weight: 1, Limit: fairness.Amounts{"cpus": 7}}, ml, ops}
}

// indexOf is which sweep of the story has an id.
func indexOf(id string) (i int) {
	_, _ = fmt.Sscanf(id, "s%d", &i) // all have such ids
	return i
}

// ownerOf is who submits a sweep.
func ownerOf(i int) string { return fmt.Sprintf("u%d", i%2) }

// submission is how a sweep with the story's spec is handed in.
func (s *sharing) submission(id string, spec *sweep.Spec) scheduler.Submit {
	sub := scheduler.Submit{ID: id, Spec: s.spec(id, spec)}
	if s.Queues {
		sub.Owner = ownerOf(indexOf(id))
	}
	return sub
}

// queueOf is where sweeps wait: the first below a queue that the others are not in.
var queueOf = []string{"eng/ml", "ops", "ops"}

// spec is the story's spec as a sweep has it, in its queue.
func (s *sharing) spec(id string, of *sweep.Spec) *sweep.Spec {
	if !s.Queues {
		return of
	}
	i, spec := indexOf(id), *of
	spec.Queue, spec.Priority = queueOf[i%len(queueOf)], i
	return &spec
}

// broken says which limit of a queue or a user what runs does not keep to; empty: none.
func (s *sharing) broken(snap scheduler.Snapshot) string {
	tasks, users := map[string]int{}, map[string]int{}
	for _, x := range snap.Sweeps {
		n := x.Counts.Launched + x.Counts.Running - x.Staged
		if x.Then == sweep.Launched || x.Then == sweep.Running {
			n++
		}
		tasks[x.Spec.Queue] += n
		if x.Spec.Queue == "ops" {
			users[ownerOf(indexOf(x.ID))] += n
		}
	}
	if n := tasks["eng/ml"]; s.Limit > 0 && n > s.Limit {
		return fmt.Sprintf("%d trials run in a queue whose limit is %d", n, s.Limit)
	}
	for i := range 2 {
		if n := users[ownerOf(i)]; s.UserLimit > 0 && n > s.UserLimit {
			return fmt.Sprintf("%s runs %d trials in a queue where each user may run %d", ownerOf(i), n, s.UserLimit)
		}
	}
	return ""
}
