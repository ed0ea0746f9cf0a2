package simtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// sharing is how the sweeps of a story share the cluster. The zero value: all wait in one queue.
type sharing struct {
	Queues    bool // two or three sweeps of two users wait in queues of their own
	Limit     int  // trials at one time of one queue; 0: none
	UserLimit int  // of each user in another; 0: none
	Guarantee int  // cpus of the first queue; 0: none
	Late      bool // the sweep of the first queue comes when the others have all there is
}

// drawQueues draws from chance of its own, so that the rest of a story is what it was without queues.
func (s *Story) drawQueues() {
	r := rand.New(rand.NewPCG(s.Seed, 4))
	if r.IntN(4) > 0 {
		return
	}
	s.Sweeps, s.Trials = 2+r.IntN(2), min(s.Trials, 25)
	s.Sharing = sharing{Queues: true, Limit: pick(r, 0, 0, 1, 2, 5), UserLimit: pick(r, 0, 0, 0, 1, 3),
		Guarantee: pick(r, 0, 1, 3, 6), Late: r.IntN(2) == 0}
}

// engLimit is how many cpus may be used below the queue eng.
const engLimit = 7

// queues are those that the scheduler is told of.
func (s *sharing) queues() []fairness.Queue {
	if !s.Queues {
		return nil
	}
	ml, ops := fairness.Queue{Name: "eng/ml", Weight: 2}, fairness.Queue{Name: "ops", Weight: 1}
	if s.Limit > 0 {
		ml.Limit = fairness.Amounts{fairness.Trials: float64(s.Limit)}
	}
	if s.Guarantee > 0 {
		ml.Guarantee = fairness.Amounts{"cpus": float64(s.Guarantee)}
	}
	if s.UserLimit > 0 {
		ops.UserLimit = fairness.Amounts{fairness.Trials: float64(s.UserLimit)}
	}
	return []fairness.Queue{{Name: "eng", Weight: 1, Limit: fairness.Amounts{"cpus": engLimit}}, ml, ops}
}

// indexOf is which sweep of the story has an id.
func indexOf(id string) (i int) {
	_, _ = fmt.Sscanf(id, "s%d", &i) // all have such ids
	return i
}

// late is how much later than at the time since the beginning a sweep is handed in.
func (s *sharing) late(id string, since time.Duration) time.Duration {
	const lateness = 20 * time.Second
	if !s.Late || indexOf(id) > 0 {
		return 0
	}
	return lateness - since
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

// owedWithin is how long a queue may be below its guarantee while others have what would do: the grace of those, the
// time until the next look, and some for offers to come.
const owedWithin = 30 * time.Second

// guarantees reports whether nothing in a story keeps a queue from what it is guaranteed but the other queues.
func (s *Story) guarantees() bool {
	return s.Sharing.Guarantee > 0 && len(s.Faults) == 0 && s.Foreign == 0 && s.Parallel == 0 && !s.Constrained &&
		!s.Learns && !s.Hard
}

// below reports whether the first queue is below its guarantee, with trials that fit into it, and the other has more
// than nothing.
func (s *Story) below(snap scheduler.Snapshot, shares scheduler.Shares) bool {
	need, waits := 1.0, false
	if s.Mixed {
		need = 3
	}
	for _, x := range snap.Sweeps {
		waits = waits || x.Spec.Queue == queueOf[0] && x.Phase == sweep.PhaseActive && x.Counts.Waiting > 0
	}
	var used, others float64
	room := true
	for _, q := range shares.Queues {
		cpus := float64(q.Used.CPUs) / float64(resource.Unit)
		switch q.Name {
		case queueOf[0]:
			used, room = cpus, s.Sharing.Limit == 0 || q.Running < s.Sharing.Limit
		case "ops":
			others = cpus
		}
	}
	return waits && room && used+need <= min(float64(s.Sharing.Guarantee), engLimit) && others >= need
}
