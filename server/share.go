package server

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// shareEvery is how often the ledger of this machine is told what this server's sweeps want.
const shareEvery = 200 * time.Millisecond

// shareMachine has this server share the machine with this user's other runs, from its first sweep on:
// before, the embedded cluster offers nothing. On a Mesos that is the master's business.
func (s *Server) shareMachine(snap scheduler.Snapshot) {
	s.share.Do(func() {
		switch {
		case s.cluster.share == nil:
			return
		case s.cfg.Cluster.Alone:
			s.cluster.unshared()
			return
		}
		member, err := s.join(snap)
		if err != nil { // as with a folder that another user's session left in the environment
			s.notify(Notice{Kind: Warning, Text: "warning: this run does not see others on this machine, and takes " +
				"all of it: " + format.OneLine(err)})
			s.cluster.unshared()
			return
		}
		s.mu.Lock()
		s.mu.member = member
		s.mu.Unlock()
		s.group.Go(crash.Func(func() { s.keepWanting(member) }))
	})
}

func (s *Server) join(snap scheduler.Snapshot) (*ledger.Member, error) {
	folder, err := ledger.Folder()
	if err != nil {
		return nil, err
	}
	trials, need, name := s.wanted(snap)
	return ledger.Join(ledger.Config{
		Folder: folder,
		Entry:  ledger.Entry{Name: name, Need: need, Trials: trials, Machine: amountOf(s.cluster.whole())},
		Limit:  s.cluster.limit,
		Tell:   func(line string) { s.notify(Notice{Text: line}) },
	})
}

// keepWanting tells the ledger what the sweeps want until the server closes.
func (s *Server) keepWanting(member *ledger.Member) {
	tick := time.NewTicker(shareEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if snap, err := s.loop.Snapshot(s.ctx); err == nil {
			trials, need, _ := s.wanted(snap)
			member.Want(trials, need)
		}
	}
}

// wanted is how many trials of all sweeps could run at once, what holds any of them, and a name for it. A
// sweep that the snapshot does not have is about to begin.
func (s *Server) wanted(snap scheduler.Snapshot) (trials int, need ledger.Need, name string) {
	known := map[string]scheduler.SweepStatus{}
	for _, st := range snap.Sweeps {
		known[st.ID] = st
	}
	name = s.cfg.FrameworkName
	for _, sw := range s.Sweeps() {
		if !sw.prepared.Load() {
			continue // it is being submitted: what it needs is not known yet
		}
		st, begun := known[sw.id]
		if !begun {
			st.Counts.Total = sw.Spec().Trials
		}
		if st.Phase.Ended() {
			continue
		}
		name = sw.id
		trials += s.cluster.wanted(sw.Spec(), st.Counts, st.Paused)
		need = ledger.Need{CPUs: max(need.CPUs, sw.need.CPUs), Mem: max(need.Mem, sw.need.Mem),
			GPUs: max(need.GPUs, sw.need.GPUs)}
	}
	return trials, need, name
}

// held says which other runs have what this machine has; empty: none, or they leave enough.
func (s *Server) held() string {
	s.mu.Lock()
	member := s.mu.member
	s.mu.Unlock()
	if member == nil {
		return ""
	}
	return member.Waiting()
}

// limit has the embedded cluster use no more of the machine than choose answers.
func (c runningCluster) limit(choose func(ledger.Amount) ledger.Amount) bool {
	return c.share(func(used protocol.Share) protocol.Share {
		may := choose(amountOf(used))
		const unit = float64(resource.Unit)
		return protocol.Share{CPUs: float64(may.CPUs) / unit, MemoryMB: float64(may.Mem) / unit, GPUs: may.GPUs}
	})
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
