package queue

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// trials is a sweep whose trials wait until they were taken; the cpus of each repeat the sizes.
type trials struct {
	taken map[int]bool
	sizes []int
	bad   int // trial of which nobody knows what it asks for; -1: none
	asked []int
}

func newQueue(n int, sizes ...int) (*Queue, *trials) {
	s := &trials{taken: map[int]bool{}, sizes: sizes, bad: -1}
	waiting := func(trial int) bool { return !s.taken[trial] }
	if len(sizes) == 1 {
		need := resource.Resources{CPUs: resource.Milli(sizes[0])}
		return New(n, &need, waiting, nil), s
	}
	return New(n, nil, waiting, func(trial int) (resource.Resources, bool, error) {
		if trial == s.bad {
			return resource.Resources{}, false, errors.New("no")
		}
		fresh := !slices.Contains(s.asked, trial)
		s.asked = append(s.asked, trial)
		return resource.Resources{CPUs: resource.Milli(s.sizes[trial%len(s.sizes)])}, fresh, nil
	}), s
}

// take starts n trials of a group.
func take(q *Queue, s *trials, g *Group, n int) (got []int) {
	for range n {
		trial, ok := q.Pop(g)
		if !ok {
			break
		}
		s.taken[trial] = true
		got = append(got, trial)
	}
	return got
}

func endPass(q *Queue, groups []Group) {
	for i := range groups {
		q.Return(&groups[i])
	}
	q.Settle()
}

func expect(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestUniformTrialsComeInOrder(t *testing.T) {
	q, s := newQueue(5, 2)
	groups, fresh, bad := q.Groups(5)
	if len(groups) != 1 || groups[0].Count != 5 || groups[0].Demand.Resources.CPUs != 2 || fresh != nil || bad != nil {
		t.Fatalf("%+v, %v, %v", groups, fresh, bad)
	}
	expect(t, "first", take(q, s, &groups[0], 2), 0, 1)
	delete(s.taken, 0)
	q.Push(0) // its turn comes back before those that never had one
	expect(t, "then", take(q, s, &groups[0], 9), 0, 2, 3, 4)
}

func TestDelayedTrialsWait(t *testing.T) {
	q, s := newQueue(2, 1)
	due := time.Unix(100, 0)
	q.Delay(0, due)
	if n := q.Room(2, 0); n != 1 {
		t.Errorf("room for %d beside one that is delayed", n)
	}
	if n := q.Room(9, 3, 0, 5); n != 2 {
		t.Errorf("room for %d of 5 beside 3", n)
	}
	groups, _, _ := q.Groups(1)
	expect(t, "not delayed", take(q, s, &groups[0], 2), 1)
	if q.Release(0, due.Add(1)) || !q.Release(0, due) || q.Release(0, due) {
		t.Error("it is released at its time, once")
	}
	expect(t, "released", take(q, s, &groups[0], 2), 0)
}

func TestShapesAreGroups(t *testing.T) {
	q, s := newQueue(6, 1, 2)
	groups, fresh, _ := q.Groups(5)
	expect(t, "asked for", fresh, 0, 1, 2, 3, 4)
	if len(groups) != 2 || groups[0].Count != 3 || groups[1].Count != 2 {
		t.Fatalf("%+v", groups)
	}
	expect(t, "second shape", take(q, s, &groups[1], 1), 1)
	endPass(q, groups)
	again, fresh, _ := q.Groups(5)
	expect(t, "asked for now", fresh, 5)
	if again[0].Demand != groups[0].Demand {
		t.Error("a shape has another demand in the next pass")
	}
	s.taken[0] = true // stopped meanwhile
	expect(t, "first shape", take(q, s, &again[0], 9), 2, 4)
	expect(t, "second shape", take(q, s, &again[1], 9), 3, 5)
}

func TestIsolatedTrialsAreGroupsOfTheirOwn(t *testing.T) {
	q, s := newQueue(4, 1, 2)
	q.Restore(3)
	for trial := range 4 {
		q.Isolate(trial)
	}
	q.Push(3)
	q.Resume() // 0, 1, 2
	q.Forget(1)
	s.taken[1] = true
	groups, bad := q.Isolated(2)
	if bad != nil || len(groups) != 2 || !groups[0].Isolated || groups[0].Demand.Resources.CPUs != 2 {
		t.Fatalf("%+v, %v", groups, bad)
	}
	if shared, _, _ := q.Demand(3); shared == groups[0].Demand {
		t.Error("a trial by itself has the demand of those that share")
	}
	expect(t, "started", take(q, s, &groups[0], 1), 3)
	endPass(q, groups)
	if !q.Isolates() {
		t.Error("nothing waits")
	}
	groups, _ = q.Isolated(9)
	expect(t, "what was beyond the limit, and what came back", take(q, s, &groups[0], 9), 2, 0)
}

func TestBadTrialStopsTheLook(t *testing.T) {
	q, s := newQueue(4, 1, 2)
	s.bad = 1
	_, fresh, bad := q.Groups(4)
	expect(t, "asked for before", fresh, 0)
	if bad == nil || bad.Trial != 1 {
		t.Fatalf("bad: %+v", bad)
	}
	groups, fresh, bad := q.Groups(4)
	expect(t, "asked for after", fresh, 2, 3)
	if bad != nil || len(groups) != 2 {
		t.Fatalf("%+v, %v", groups, bad)
	}
	q.Clear()
	if groups, _, _ := q.Groups(4); len(groups) != 0 {
		t.Errorf("after Clear: %+v", groups)
	}
	q.Isolate(1)
	q.Push(1)
	if _, bad := q.Isolated(4); bad == nil || q.Isolates() {
		t.Errorf("isolated: %+v", bad)
	}
}

// What Next has named, and what comes back, is popped once also where an extension has the turns of both still come.
func TestExtendedQueueGivesEachTrialOnce(t *testing.T) {
	q, s := newQueue(4, 1)
	if trial, ok := q.Next(); !ok || trial != 0 {
		t.Fatalf("next: %d, %v", trial, ok)
	}
	need := resource.Resources{CPUs: 1}
	q.Extend(5, 0, &need)
	q.Push(2)
	groups, _, _ := q.Groups(5)
	var got []int
	for trial, ok := q.Pop(&groups[0]); ok; trial, ok = q.Pop(&groups[0]) { // as a bundle: none has started meanwhile
		got = append(got, trial)
	}
	expect(t, "popped", got, 0, 1, 2, 3, 4)

	// chosen by others, a trial that has been taken comes back, unless the sweep has it no more
	q, s = newQueue(4, 1, 2)
	order := []int{3, 0, 1, 2}
	q.Order(func() (trial int, ok bool) {
		if len(order) == 0 {
			return 0, false
		}
		trial, order = order[0], order[1:]
		return trial, true
	})
	groups, _, _ = q.Groups(2)
	endPass(q, groups)
	q.Extend(2, 2, nil)
	order = []int{1}
	groups, _, _ = q.Groups(4)
	expect(t, "shape", take(q, s, &groups[0], 9), 0)
	expect(t, "other shape", take(q, s, &groups[1], 9), 1)
}

// What ends while it is in view makes room for others.
func TestEndedTrialsLeaveTheView(t *testing.T) {
	q, s := newQueue(8, 1, 2)
	groups, _, _ := q.Groups(4)
	endPass(q, groups)
	for trial := range 4 {
		s.taken[trial] = true
	}
	groups, _, _ = q.Groups(4)
	if len(groups) != 2 || groups[0].Count != 2 || groups[1].Count != 2 {
		t.Fatalf("%+v", groups)
	}
	expect(t, "shape", take(q, s, &groups[0], 9), 4, 6)
}
