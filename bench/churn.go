package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// The churn: a full cluster in which every round churnTasks tasks finish at random. Their resources come back as one
// small offer per task, as Mesos returns them, and as many new trials are waiting behind those that did not fit before.
const (
	churnTasks  = 5000
	churnRounds = 20
	churnSeed   = 7
)

// running is a task somewhere.
type running struct {
	machine int
	trial   Trial
}

// churn measures passes on fragments. Seconds is their sum; utilisation is the mean over the rounds after the pass.
func (r *runner) churn(c Case) Result {
	demands, at := shapes(c.Trials)
	res := r.start(c, demands)
	res.Runs, res.Trials = 1, churnTasks
	x := offers.NewIndex()
	x.Add(Offers(c.Machines)...)
	for i := range demands {
		demands[i].Count = 0
	}
	for _, t := range c.Trials {
		demands[at[t.amounts()]].Count++
	}
	machine := make(map[offers.AgentID]int, len(c.Machines))
	for i, m := range c.Machines {
		machine[offers.AgentID(m.Host)] = i
	}
	var tasks []running
	start := func(plan *offers.Plan) {
		for i := range plan.Launches {
			l := &plan.Launches[i]
			for _, g := range l.Grants {
				demands[g.Demand].Count -= g.Count
				d := &demands[g.Demand].Resources
				for range g.Count {
					tasks = append(tasks, running{machine[l.Agent],
						Trial{CPUs: d.CPUs, Mem: d.Mem, Disk: d.Disk, GPUs: d.GPUs}})
				}
			}
		}
	}
	plan := x.Pack(epoch, demands, r.options())
	start(&plan)
	free := freeAfter(c.Machines, tasks)
	dice := rand.New(rand.NewPCG(churnSeed, 0))
	var used need
	for round := range churnRounds {
		dice.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
		done := tasks[len(tasks)-churnTasks:]
		tasks = tasks[:len(tasks)-churnTasks]
		x.Add(fragments(c.Machines, free, done, round)...)
		for _, t := range done {
			x.TaskEnded(offers.AgentID(c.Machines[t.machine].Host), &demands[at[t.trial.amounts()]], 1)
		}
		for range churnTasks {
			t := c.Trials[dice.IntN(len(c.Trials))]
			demands[at[t.amounts()]].Count++
		}
		waiting, back := present(demands)
		cost, plan := timed(x, waiting, r.options())
		for i := range plan.Launches {
			for j := range plan.Launches[i].Grants {
				g := &plan.Launches[i].Grants[j]
				g.Demand = back[g.Demand]
			}
		}
		start(&plan)
		free = freeAfter(c.Machines, tasks)
		res.Placed += plan.Placed()
		res.Hosts = max(res.Hosts, len(plan.Launches))
		res.Seconds += cost.seconds
		res.Allocs, res.Bytes = res.Allocs+cost.allocs, res.Bytes+cost.bytes
		for _, t := range tasks {
			used.cpus, used.mem = used.cpus+t.trial.CPUs, used.mem+t.trial.Mem
		}
	}
	res.Rounds = churnRounds
	res.PerSecond = float64(res.Placed) / res.Seconds
	res.UsedOfAll = used.over(churnRounds).shareOf(c.Machines, nil)
	res.Used = res.UsedOfAll
	if !r.cfg.NoBeside {
		res.Beside = bestFitChurn(c)
	}
	return res
}

// present is the demands that wait, and which of all they are.
func present(demands []offers.Demand) ([]offers.Demand, []int) {
	var list []offers.Demand
	var back []int
	for i := range demands {
		if demands[i].Count > 0 {
			list = append(list, demands[i])
			back = append(back, i)
		}
	}
	return list, back
}

// freeAfter is what every machine has left beside its tasks.
func freeAfter(machines []Machine, tasks []running) []Machine {
	free := slices.Clone(machines)
	for _, t := range tasks {
		free[t.machine].CPUs -= t.trial.CPUs
		free[t.machine].Mem -= t.trial.Mem
	}
	return free
}

// fragments is the offers of a round: one for what each machine had left, and one per task that finished.
func fragments(machines, free []Machine, done []running, round int) []offers.Offer {
	var parts []Machine
	for i, m := range free {
		if m.CPUs > 0 || m.Mem > 0 {
			parts = append(parts, Machine{
				ID: fmt.Sprintf("rest-%d-%d", round, i), Host: m.Host, CPUs: m.CPUs, Mem: m.Mem,
			})
		}
	}
	for i, t := range done {
		parts = append(parts, Machine{
			ID: fmt.Sprintf("part-%d-%d", round, i), Host: machines[t.machine].Host, CPUs: t.trial.CPUs,
			Mem: t.trial.Mem,
		})
	}
	return Offers(parts)
}

// bestFitChurn is the plain packer on the same churn: the same number of tasks finish at random, and new ones arrive.
func bestFitChurn(c Case) *Beside {
	var out Beside
	var tasks []running
	b := newBestFit(c.Machines)
	var waiting []Trial
	start := func() int {
		var rest []Trial
		n := len(tasks)
		for _, t := range waiting {
			if m := b.place(t); m >= 0 {
				tasks = append(tasks, running{m, t})
			} else {
				rest = append(rest, t)
			}
		}
		waiting = rest
		return len(tasks) - n
	}
	waiting = c.Trials
	start()
	dice := rand.New(rand.NewPCG(churnSeed, 0))
	var used need
	runtime.GC()
	for range churnRounds {
		dice.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
		for _, t := range tasks[len(tasks)-churnTasks:] {
			b.release(t.machine, t.trial)
		}
		tasks = tasks[:len(tasks)-churnTasks]
		for range churnTasks {
			waiting = append(waiting, c.Trials[dice.IntN(len(c.Trials))])
		}
		from := time.Now()
		out.Placed += start()
		out.Seconds += time.Since(from).Seconds()
		for _, t := range tasks {
			used.cpus, used.mem = used.cpus+t.trial.CPUs, used.mem+t.trial.Mem
		}
	}
	out.Rounds = churnRounds
	out.Hosts = b.hosts()
	out.PerSecond = float64(out.Placed) / out.Seconds
	out.CPUs = used.over(churnRounds).shareOf(c.Machines, nil).CPUs
	return &out
}

func (n need) divide(by int) need {
	return need{n.cpus / resource.Milli(by), n.mem / resource.Milli(by)}
}
