package fairness

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func cpus(n int) resource.Resources {
	return resource.Resources{CPUs: resource.Milli(n) * resource.Unit}
}

func both(cpus, mem int) resource.Resources {
	return resource.Resources{CPUs: resource.Milli(cpus) * resource.Unit, Mem: resource.Milli(mem) * resource.Unit}
}

// now is how many tasks each job may start at once: those of the levels that what is free is cut into.
func now(turns []Turn, jobs int) []int {
	n := make([]int, jobs)
	for _, t := range turns {
		if t.Level < more {
			n[t.Job] += t.Count
		}
	}
	return n
}

func expect(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wanting(queue, user string, need resource.Resources, count int) Job {
	return Job{Queue: queue, User: user, Wants: []Want{{Need: need, Count: count}}}
}

// The example of the paper on DRF: of 9 cpus and 18 GB, tasks of 1 cpu and 4 GB, and of 3 cpus and 1 GB, get 3 and 2.
func TestDominantResources(t *testing.T) {
	jobs := []Job{wanting("a", "", both(1, 4), 100), wanting("b", "", both(3, 1), 100)}
	turns, _ := Divide(nil, both(9, 18), both(9, 18), jobs)
	expect(t, "tasks", now(turns, 2), 3, 2)
}

func TestWeightsOfATree(t *testing.T) {
	queues := []Queue{{Name: "eng", Weight: 3}, {Name: "eng/ml", Weight: 2}, {Name: "eng/web", Weight: 1}, {Name: "ops", Weight: 1}}
	jobs := []Job{wanting("eng/ml", "", cpus(1), 1000), wanting("eng/web", "", cpus(1), 1000), wanting("ops", "", cpus(1), 1000)}
	turns, _ := Divide(queues, cpus(120), cpus(120), jobs)
	expect(t, "all want all", now(turns, 3), 60, 30, 30)

	jobs[0].Wants[0].Count = 10 // what one does not want its sibling has
	turns, _ = Divide(queues, cpus(120), cpus(120), jobs)
	expect(t, "one wants little", now(turns, 3), 10, 80, 30)

	jobs[0].Running, jobs[0].Used = 90, cpus(90) // it has more than its part, and gets nothing until the others have theirs
	jobs[0].Wants[0].Count = 1000
	turns, _ = Divide(queues, cpus(120), cpus(30), jobs)
	expect(t, "one has too much", now(turns, 3), 0, 0, 30)
}

// One queue has all cpus, which its sibling does not want: that one has its part of the GPUs all the same (H-DRF).
func TestSiblingOfWhatIsUsedUp(t *testing.T) {
	gpu := resource.Resources{GPUs: resource.Unit}
	total := cpus(10)
	total.GPUs = 10 * resource.Unit
	free := resource.Resources{GPUs: 10 * resource.Unit}
	hog := wanting("n2/a", "", cpus(1), 100)
	hog.Running, hog.Used = 10, cpus(10)
	turns, _ := Divide(nil, total, free, []Job{wanting("n1", "", gpu, 100), hog, wanting("n2/b", "", gpu, 100)})
	expect(t, "gpus", now(turns, 3), 5, 0, 5)
}

func TestInsideAQueue(t *testing.T) {
	urgent := wanting("q", "ann", cpus(1), 4)
	urgent.Priority = 5
	jobs := []Job{wanting("q", "ann", cpus(1), 100), wanting("q", "ann", cpus(1), 100), wanting("q", "bob", cpus(1), 100), urgent}
	turns, _ := Divide(nil, cpus(24), cpus(24), jobs)
	expect(t, "priority, then users, then age", now(turns, 4), 8, 0, 12, 4)
}

func TestLimits(t *testing.T) {
	queues := []Queue{
		{Name: "eng", Limit: Amounts{"cpus": 10}},
		{Name: "eng/ml", UserLimit: Amounts{Trials: 3}},
		{Name: "ops", Limit: Amounts{"gpus": 0}},
	}
	gpu := cpus(1)
	gpu.GPUs = resource.Unit
	running := wanting("eng/ml", "ann", cpus(1), 100)
	running.Running, running.Used = 2, cpus(2)
	jobs := []Job{running, wanting("eng/ml", "bob", cpus(1), 100), wanting("eng/web", "bob", cpus(2), 100), wanting("ops", "bob", gpu, 100), wanting("ops", "bob", cpus(1), 1)}
	total := cpus(100)
	total.GPUs = 4 * resource.Unit
	turns, held := Divide(queues, total, total, jobs)
	expect(t, "tasks", now(turns, 5), 1, 3, 2, 0, 1)
	var why []string
	for _, h := range held {
		why = append(why, fmt.Sprintf("%d: %d, %s", h.Job, h.Count, h.Why))
	}
	want := []string{
		"0: 99, ann is at the limit of 3 trials for each user of queue eng/ml",
		"1: 97, bob is at the limit of 3 trials for each user of queue eng/ml",
		"2: 98, queue eng is at its limit of 10 cpus",
		"3: 100, queue ops is at its limit of 0 gpus",
	}
	if !slices.Equal(why, want) {
		t.Errorf("held\n%s\nwant\n%s", strings.Join(why, "\n"), strings.Join(want, "\n"))
	}
}

// A queue has what it is guaranteed before others have their shares, also where its sibling or its weight would give it less; beyond
// that it shares as all do.
func TestGuarantees(t *testing.T) {
	queues := []Queue{{Name: "eng/ml", Weight: 1, Guarantee: Amounts{"cpus": 6}}, {Name: "ops", Weight: 99}, {Name: "gpu", Guarantee: Amounts{"gpus": 1}}}
	jobs := []Job{wanting("eng/ml", "", cpus(1), 100), wanting("eng/web", "", cpus(1), 100), wanting("ops", "", cpus(1), 100), wanting("gpu", "", cpus(1), 100)}
	turns, _ := Divide(queues, cpus(1000), cpus(10), jobs)
	expect(t, "guaranteed first", now(turns, 4), 6, 0, 3, 1)
	jobs[0].Running, jobs[0].Used = 5, cpus(5)
	jobs[2].Running, jobs[2].Used = 90, cpus(90)
	if got := Owed(queues, cpus(100), jobs); !slices.Equal(got, []Owing{{0, 0, "eng/ml", 1}}) {
		t.Errorf("owed: %v", got)
	}
	jobs[0].Running, jobs[0].Used = 7, cpus(7)
	s := NewSurplus(queues, cpus(100), jobs)
	one := func(from, to int) bool { return s.Spares(from, &Owing{Job: to, Queue: jobs[to].Queue}, cpus(1)) }
	if !one(2, 0) || !one(1, 0) || !one(0, 2) || one(0, 0) {
		t.Error("what is above a guarantee may be taken")
	}
	s.Move(0, cpus(1), 1)
	if one(0, 2) {
		t.Error("what is guaranteed is taken")
	}
}

// What fits no agent uses up no limit that others have a use for; and it takes part last, so that people learn why it waits.
func TestStuckTakesPartLast(t *testing.T) {
	jobs := []Job{{Queue: "q", Wants: []Want{{Need: cpus(8), Count: 5, Stuck: true}}}, wanting("q", "", cpus(1), 3)}
	turns, held := Divide([]Queue{{Name: "q", Limit: Amounts{Trials: 4}}}, cpus(16), cpus(16), jobs)
	if want := []Turn{{1, 0, 1, 3}, {0, 0, rest, 1}}; !slices.Equal(turns, want) || len(held) != 1 || held[0].Count != 4 {
		t.Errorf("turns %v, held %v", turns, held)
	}
}

// A level has the mixture of a sweep's sizes, so that the packer can fill agents with it.
func TestLevelsAreMixed(t *testing.T) {
	mixed := Job{Queue: "a", Wants: []Want{{Need: cpus(1), Count: 300}, {Need: cpus(2), Count: 100}}}
	turns, _ := Divide(nil, cpus(200), cpus(200), []Job{mixed, wanting("b", "", cpus(1), 1000)})
	given := map[int]int{}
	for _, turn := range turns {
		if turn.Job == 0 && turn.Level < more {
			given[turn.Want] += turn.Count
		}
	}
	if small, large := given[0], given[1]; small < 2*large || small > 4*large || large == 0 {
		t.Errorf("%d small and %d large", small, large)
	}
}

// drawn is queues at one depth with jobs that want more than there is of cpus and memory.
type drawn struct {
	queues []Queue
	total  resource.Resources
	jobs   []Job
}

func draw(t *rapid.T) (d drawn) {
	d.total = both(rapid.IntRange(1, 400).Draw(t, "cpus"), rapid.IntRange(1, 400).Draw(t, "memory"))
	for i := range rapid.IntRange(1, 6).Draw(t, "queues") {
		q := Queue{Name: fmt.Sprint("q", i), Weight: float64(rapid.IntRange(1, 4).Draw(t, "weight"))}
		if rapid.Bool().Draw(t, "limited") {
			q.Limit = Amounts{"cpus": float64(rapid.IntRange(0, 100).Draw(t, "limit"))}
		}
		d.queues = append(d.queues, q)
	}
	for range rapid.IntRange(1, 8).Draw(t, "jobs") {
		j := Job{
			Queue: fmt.Sprint("q", rapid.IntRange(0, 7).Draw(t, "queue")), User: fmt.Sprint("u", rapid.IntRange(0, 2).Draw(t, "user")),
			Priority: rapid.IntRange(0, 1).Draw(t, "priority"),
		}
		if rapid.Bool().Draw(t, "below") {
			j.Queue += "/x"
		}
		for range rapid.IntRange(1, 3).Draw(t, "wants") {
			j.Wants = append(j.Wants, Want{
				Need:  both(rapid.IntRange(0, 9).Draw(t, "need"), rapid.IntRange(1, 9).Draw(t, "and")),
				Count: rapid.IntRange(1, 200).Draw(t, "count"),
			})
		}
		d.jobs = append(d.jobs, j)
	}
	return d
}

// Whatever is drawn: nobody gets more than they want; levels of what is free do not exceed it; limits hold, over all levels; all
// that is neither given nor held is nothing; nothing is idle that a task which no limit forbids would fit into; and the same
// question has the same answer.
func TestDivideProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		turns, held := Divide(d.queues, d.total, d.total, d.jobs)
		again, _ := Divide(d.queues, d.total, d.total, d.jobs)
		if !slices.Equal(turns, again) {
			t.Fatal("another answer to the same question")
		}
		left := d.total
		count, first := map[[2]int]int{}, map[[2]int]int{}
		used := map[string]resource.Milli{}
		for _, turn := range turns {
			at := [2]int{turn.Job, turn.Want}
			need := d.jobs[turn.Job].Wants[turn.Want].Need
			count[at] += turn.Count
			used[strings.Split(d.jobs[turn.Job].Queue, "/")[0]] += resource.Milli(turn.Count) * need.CPUs
			if turn.Level < more {
				left.Add(&need, -turn.Count)
				first[at] += turn.Count
			}
		}
		if left.CPUs < 0 || left.Mem < 0 {
			t.Fatalf("more is given at once than there is: %+v is left", left)
		}
		for _, q := range d.queues {
			if most, limited := q.Limit["cpus"]; limited && float64(used[q.Name]) > most*float64(resource.Unit) {
				t.Fatalf("%s is limited to %v cpus and gets %d", q.Name, most, used[q.Name])
			}
		}
		for _, h := range held {
			if h.Why == "" {
				t.Fatalf("%+v is held for no reason", h)
			}
			count[[2]int{h.Job, h.Want}] += h.Count
		}
		for i, j := range d.jobs {
			for k, w := range j.Wants {
				at := [2]int{i, k}
				if count[at] != w.Count {
					t.Fatalf("%d of %d tasks are given or held", count[at], w.Count)
				}
				limited := slices.ContainsFunc(held, func(h Held) bool { return h.Job == i && h.Want == k })
				if first[at] < w.Count && !limited && w.Need.CPUs <= left.CPUs && w.Need.Mem <= left.Mem {
					t.Fatalf("%+v is idle, and %+v of job %d would fit", left, w.Need, i)
				}
			}
		}
	})
}

// Between queues without limits that want more than there is of one resource, shares by weight differ by one task at most.
func TestSharesAreWithinOneTask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "queues")
		total := cpus(rapid.IntRange(50, 2000).Draw(t, "cpus"))
		var queues []Queue
		var jobs []Job
		for i := range n {
			name := fmt.Sprint("q", i)
			queues = append(queues, Queue{Name: name, Weight: float64(rapid.IntRange(1, 5).Draw(t, "weight"))})
			jobs = append(jobs, wanting(name, "", cpus(rapid.IntRange(1, 7).Draw(t, "need")), 5000))
		}
		turns, _ := Divide(queues, total, total, jobs)
		got := now(turns, n)
		for i := range n {
			for k := range n {
				size := func(i int) float64 { return float64(jobs[i].Wants[0].Need.CPUs) / float64(total.CPUs) }
				behind := float64(got[i]) * size(i) / queues[i].Weight
				before := float64(got[k]-1) * size(k) / queues[k].Weight                           // without its last task
				slack := finest/min(queues[i].Weight, queues[k].Weight) + size(i)/queues[k].Weight // where no task of i fits any more
				if got[k] > 0 && before > behind+size(i)/queues[i].Weight+slack {
					t.Fatalf("queue %d has %v by its weight, queue %d %v without its last task", i, behind, k, before)
				}
			}
		}
	})
}

// 500 sweeps of as many users in as many queues: each has its part to 2 %.
func TestFiveHundred(t *testing.T) {
	var queues []Queue
	var jobs []Job
	weights := 0.0
	for i := range 500 {
		q := Queue{Name: fmt.Sprintf("q%d", i), Weight: float64(1 + i%3)}
		weights += q.Weight
		queues, jobs = append(queues, q), append(jobs, wanting(q.Name, "", cpus(1), 100_000))
	}
	total := cpus(100_000)
	turns, _ := Divide(queues, total, total, jobs)
	for i, n := range now(turns, len(jobs)) {
		if ideal := 100_000 * queues[i].Weight / weights; math.Abs(float64(n)-ideal) > max(0.02*ideal, 7) {
			t.Errorf("queue %d has %d, its ideal is %v", i, n, ideal)
		}
	}
}

func BenchmarkDivide500(b *testing.B) {
	var jobs []Job
	for i := range 500 {
		jobs = append(jobs, wanting(fmt.Sprintf("q%d", i%20), fmt.Sprint("u", i%50), both(1+i%4, 1), 1000))
	}
	total := both(30_000, 60_000)
	for _, free := range []resource.Resources{{}, both(10, 20), total} {
		b.Run(fmt.Sprint(int(free.CPUs/resource.Unit)), func(b *testing.B) {
			for b.Loop() {
				Divide(nil, total, free, jobs)
			}
		})
	}
}
