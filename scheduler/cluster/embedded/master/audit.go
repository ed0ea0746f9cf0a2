package master

import (
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Audit checks the master's books against each other, for tests that feed it anything: on every agent, free +
// offered + used = total, and what each role holds is what its offers, executors and tasks hold. It returns
// the first contradiction.
func (m *Master) Audit() error {
	for _, a := range m.agents {
		if err := a.audit(); err != nil {
			return err
		}
	}
	for _, f := range m.order {
		for _, r := range f.roles {
			held := m.heldBy(f, r)
			for name, v := range r.held {
				if v != held[name] {
					return fmt.Errorf("framework %s holds %d of %s, booked %d", f.id, held[name], name, v)
				}
			}
		}
	}
	return nil
}

func (a *agentRecord) audit() error {
	sum := a.unused.Clone()
	for _, o := range a.offers {
		sum = sum.Plus(o.resources)
	}
	for _, e := range a.executors {
		sum = sum.Plus(e.resources)
	}
	for _, t := range a.tasks {
		if !t.released {
			sum = sum.Plus(t.resources)
		}
	}
	if !sum.Contains(a.total) || !a.total.Contains(sum) {
		return fmt.Errorf("agent %s: free, offered and used make %s of %s", a.id, sum.Text("*"), a.total.Text("*"))
	}
	for _, x := range a.unused {
		if x.Milli < 0 {
			return fmt.Errorf("agent %s: %s overcommitted", a.id, x.Name)
		}
	}
	if (a.freeAt > 0) != (a.connected && !a.unused.Empty()) {
		return fmt.Errorf("agent %s: free list is wrong", a.id)
	}
	return nil
}

// heldBy adds up the scalars of a role from the records of what it holds.
func (m *Master) heldBy(f *framework, r *role) map[string]int64 {
	held := map[string]int64{}
	add := func(b protocol.Resources) {
		for _, x := range b {
			if x.Kind == mesos.SCALAR {
				held[x.Name] += x.Milli
			}
		}
	}
	for _, a := range m.agents {
		for _, o := range a.offers {
			if o.framework == f && o.role == r {
				add(o.resources)
			}
		}
		for _, e := range a.executorsOf(f) {
			add(e.resources)
		}
		for _, t := range a.tasks {
			if t.framework == f && !t.released {
				add(t.resources)
			}
		}
	}
	return held
}

// HasOffer tells whether an offer can be used.
func (m *Master) HasOffer(id string) bool { return m.offers[id] != nil }

// Tasks counts the tasks of an agent whose end is not acknowledged.
func (m *Master) Tasks(id protocol.AgentID) int {
	if a := m.agents[id]; a != nil {
		return len(a.tasks)
	}
	return 0
}
