package run

import (
	"cmp"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

// atOnce is how many attempts run at once where the workflow sets no bound: each has some files open, and the cluster
// packs what it gets.
const atOnce = 64

// Types of steps that are bounded otherwise than by how many attempts run at once.
const (
	waitType   = "wait"     // takes nobody's place
	nestedType = "workflow" // a run of its own, which takes a place of those
)

// queue has the attempts that are to begin, by what they wait for. It belongs to the goroutine of Work.
type queue struct {
	tasks []engine.Task // that wait for others to end
	waits []engine.Task // of waitType
	nests []engine.Task // of nestedType

	startedBefore map[string]bool // ids of attempts that a former process has begun, and that go on elsewhere
	// keys of those that wait for a place and have a timeout, of which the engine does not know that they wait
	unnotified map[string]bool
	notified   map[string]bool // those of which it does
}

func newQueue() queue {
	return queue{startedBefore: map[string]bool{}, unnotified: map[string]bool{}, notified: map[string]bool{}}
}

func (q *queue) add(tasks ...engine.Task) {
	for _, t := range tasks {
		list := &q.tasks
		switch t.Node.Step.Type {
		case waitType:
			list = &q.waits
		case nestedType:
			list = &q.nests
		}
		*list = append(*list, t)
		switch {
		case t.Node.Step.Type == waitType:
		case t.Queued:
			q.notified[t.Key] = true
		case t.Node.Step.Timeout > 0:
			q.unnotified[t.Key] = true
		}
	}
}

// remove has a step's attempt not begin.
func (q *queue) remove(key string) {
	same := func(t engine.Task) bool { return t.Key == key }
	q.tasks, q.waits, q.nests = slices.DeleteFunc(q.tasks, same), slices.DeleteFunc(q.waits, same),
		slices.DeleteFunc(q.nests, same)
	delete(q.unnotified, key)
	delete(q.notified, key)
}

// next takes the attempts that have a place when so many are free. Those that a former process had begun have one in
// any case: what they began goes on anyway, and nobody but they can end it.
func (q *queue) next(free int) []engine.Task {
	n := min(len(q.tasks), max(free, 0))
	for n < len(q.tasks) && q.startedBefore[q.tasks[n].ID] {
		n++
	}
	next := q.tasks[:n]
	q.tasks = q.tasks[n:]
	return next
}

// startedFirst has attempts that a former process had begun before all others, then those that it may have begun, then
// those of which it said that they wait, each in the order in which they were asked for.
func (q *queue) startedFirst(tasks []engine.Task) {
	rank := func(t engine.Task) int {
		switch {
		case q.startedBefore[t.ID]:
			return 0
		case !t.Queued:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(tasks, func(a, b engine.Task) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Began, b.Began))
	})
}

// waiting are the keys of attempts that wait for a place and of which the engine does not know that; it is told behind
// this.
func (q *queue) waiting() []string {
	keys := slices.Sorted(maps.Keys(q.unnotified))
	maps.Copy(q.notified, q.unnotified)
	clear(q.unnotified)
	return keys
}

// placed are the keys of attempts that have a place and of which the engine knows that they waited.
func (q *queue) placed(tasks ...engine.Task) (keys []string) {
	for _, t := range tasks {
		delete(q.unnotified, t.Key)
		if q.notified[t.Key] {
			delete(q.notified, t.Key)
			keys = append(keys, t.Key)
		}
	}
	return keys
}
