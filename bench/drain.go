package bench

import (
	"runtime"
	"time"

	"github.com/kaon-sweep/kaon/offers"
)

// drain runs the queue to its end in rounds: all that a pass placed finishes before the next. The number of rounds is
// the makespan in units of one trial, which the tight policy wants short.
func (r *runner) drain(c Case) Result {
	demands, list := Demands(c.Trials), Offers(c.Machines)
	res := r.start(c, demands)
	res.Runs = 1
	res.Bound = roundsBound(c)
	x := offers.NewIndex()
	var used need
	for left := len(c.Trials); left > 0; {
		x.Add(list...)
		cost, plan := timed(x, demands, r.options())
		placed := plan.Placed()
		if placed == 0 {
			break
		}
		u := usedBy(&plan, demands)
		used.cpus, used.mem = used.cpus+u.cpus, used.mem+u.mem
		finish(x, &plan, demands)
		left -= placed
		res.Placed += placed
		res.Hosts = max(res.Hosts, len(plan.Launches))
		res.Seconds += cost.seconds
		res.Allocs, res.Bytes = res.Allocs+cost.allocs, res.Bytes+cost.bytes
		res.Rounds++
	}
	res.PerSecond = float64(res.Placed) / res.Seconds
	res.UsedOfAll = used.over(res.Rounds).shareOf(c.Machines, nil)
	res.Used = res.UsedOfAll
	if !r.cfg.NoBeside {
		res.Beside = bestFitDrain(c)
	}
	return res
}

// finish ends every task of the plan, and takes what was placed out of the queue.
func finish(x *offers.Index, plan *offers.Plan, demands []offers.Demand) {
	for i := range plan.Launches {
		for _, g := range plan.Launches[i].Grants {
			x.TaskEnded(plan.Launches[i].Agent, &demands[g.Demand], g.Count)
			demands[g.Demand].Count -= g.Count
		}
	}
}

// roundsBound is the fewest rounds in which the cluster could hold all trials, were they divisible.
func roundsBound(c Case) int {
	var all, size need
	for _, t := range c.Trials {
		all.cpus, all.mem = all.cpus+t.CPUs, all.mem+t.Mem
	}
	for _, m := range c.Machines {
		size.cpus, size.mem = size.cpus+m.CPUs, size.mem+m.Mem
	}
	return int(max((all.cpus+size.cpus-1)/size.cpus, (all.mem+size.mem-1)/size.mem))
}

func (n need) over(rounds int) need {
	if rounds == 0 {
		return need{}
	}
	return need{n.cpus, n.mem}.divide(rounds)
}

// bestFitDrain is the plain packer on the same rounds.
func bestFitDrain(c Case) *Beside {
	var out Beside
	var used need
	runtime.GC()
	from := time.Now()
	for waiting := c.Trials; len(waiting) > 0; out.Rounds++ {
		b := newBestFit(c.Machines)
		var rest []Trial
		for _, t := range waiting {
			if b.place(t) < 0 {
				rest = append(rest, t)
				continue
			}
			used.cpus, used.mem = used.cpus+t.CPUs, used.mem+t.Mem
		}
		if len(rest) == len(waiting) {
			break
		}
		out.Placed += len(waiting) - len(rest)
		out.Hosts = max(out.Hosts, b.hosts())
		waiting = rest
	}
	out.Seconds = time.Since(from).Seconds()
	out.PerSecond = float64(out.Placed) / out.Seconds
	out.CPUs = used.over(out.Rounds).shareOf(c.Machines, nil).CPUs
	return &out
}
