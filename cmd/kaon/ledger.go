package main

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// join has a sweep share this machine with this user's other runs; nil: it does not run here, or cannot know of the others.
func (c runningCluster) join(id string, spec *sweep.Spec, tell func(string)) (*ledger.Member, error) {
	if c.share == nil {
		return nil, nil
	}
	need, err := largestNeed(spec)
	if err != nil {
		return nil, err
	}
	folder, err := runtimeFolder()
	var member *ledger.Member
	if err == nil {
		member, err = ledger.Join(ledger.Config{
			Folder: folder,
			Entry: ledger.Entry{
				Name: id, Need: need, Trials: c.wanted(spec, scheduler.Counts{Total: spec.Trials}, false), Machine: amountOf(c.whole()),
			},
			Limit: func(choose func(ledger.Amount) ledger.Amount) bool {
				return c.share(func(used protocol.Share) protocol.Share {
					may := choose(amountOf(used))
					const unit = float64(resource.Unit)
					return protocol.Share{CPUs: float64(may.CPUs) / unit, MemoryMB: float64(may.Mem) / unit, GPUs: may.GPUs}
				})
			},
			Tell: tell,
		})
	}
	if err != nil { // as with a folder that another user's session left in the environment
		tell("warning: this run does not see others on this machine, and takes all of it: " + oneLine(err))
		c.unshared()
		return nil, nil
	}
	return member, nil
}

// whole is all of this machine that trials may use.
func (c runningCluster) whole() protocol.Share {
	return protocol.Share{CPUs: c.machine.CPUs, MemoryMB: c.machine.MemoryMB, GPUs: c.machine.Devices.IDs}
}

// unshared has the embedded cluster use the machine as if nobody else did.
func (c runningCluster) unshared() {
	const patience = time.Minute
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if c.share(func(protocol.Share) protocol.Share { return c.whole() }) {
			return
		} // its agent is about to take over what an earlier process left
	}
}

func amountOf(s protocol.Share) ledger.Amount {
	amount := func(v float64) resource.Milli { return resource.Milli(v*float64(resource.Unit) + 0.5) }
	return ledger.Amount{CPUs: amount(s.CPUs), Mem: amount(s.MemoryMB), GPUs: s.GPUs}
}

// largestNeed is what holds any trial of a sweep.
func largestNeed(spec *sweep.Spec) (n ledger.Need, err error) {
	demands, err := demandsOf(spec)
	for _, d := range demands {
		gpus := int((d.Resources.GPUs + resource.Unit - 1) / resource.Unit)
		n = ledger.Need{CPUs: max(n.CPUs, d.Resources.CPUs), Mem: max(n.Mem, d.Resources.Mem), GPUs: max(n.GPUs, gpus)}
	}
	return n, err
}

// wanted is how many trials of a sweep could run at once. A step may follow the last one.
func wanted(spec *sweep.Spec, n scheduler.Counts, paused bool) int {
	if paused {
		return 0
	}
	left := max(1, n.Total-ended(n))
	if p := spec.Limits.Parallel; p > 0 {
		left = min(left, p)
	}
	return left
}

// wanted is wanted, as far as the limit of open files lets them run.
func (c runningCluster) wanted(spec *sweep.Spec, n scheduler.Counts, paused bool) int {
	all := wanted(spec, n, paused)
	if room := c.room(spec, openFiles()); room > 0 {
		all = min(all, room)
	}
	return all
}
