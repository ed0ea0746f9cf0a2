package clustertest

import (
	"slices"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// deliver takes in what the driver tells.
func (f *framework) deliver(evs ...cluster.Event) {
	f.mu.Lock()
	gate := f.mu.gate
	f.mu.Unlock()
	if gate != nil {
		<-gate
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.over {
		f.Errorf("%T comes after the end of Run", evs[0])
		return
	}
	for _, ev := range evs {
		f.take(ev)
		f.mu.events = append(f.mu.events, ev)
	}
	close(f.mu.changed)
	f.mu.changed = make(chan struct{})
}

// take keeps account; the lock is held.
func (f *framework) take(ev cluster.Event) {
	switch ev.(type) {
	case cluster.Subscribed, cluster.Rejected:
	default:
		if !f.mu.up {
			f.Errorf("%T comes while there is no subscription", ev)
		}
	}
	switch ev := ev.(type) {
	case cluster.Subscribed:
		if f.mu.up {
			f.Error("Subscribed comes twice without Disconnected")
		}
		if f.id != "" && ev.Framework != f.id {
			f.Errorf("subscribed as %s, was %s", ev.Framework, f.id)
		}
		f.mu.up = true
		clear(f.mu.offers)
	case cluster.Disconnected:
		f.mu.up = false
		clear(f.mu.offers)
	case cluster.Offered:
		for _, o := range ev.Offers {
			f.takeOffer(o)
		}
	case cluster.Rescinded:
		if !f.mu.seen[ev.Offer] {
			f.Errorf("offer %s is rescinded and was never made", ev.Offer)
		}
		delete(f.mu.offers, ev.Offer)
	case cluster.AgentGone:
		for id, o := range f.mu.offers {
			if o.Agent == ev.Agent {
				f.Errorf("agent %s is gone, and its offer %s not rescinded before", ev.Agent, id)
			}
		}
	case cluster.Updated:
		f.takeUpdate(&ev.Status)
	}
}

func (f *framework) takeOffer(o offers.Offer) {
	if f.mu.seen[o.ID] {
		f.Errorf("offer %s comes twice", o.ID)
	}
	f.mu.seen[o.ID], f.mu.offers[o.ID] = true, o
	at := slices.IndexFunc(f.nodes, func(n Node) bool { return n.Hostname == o.Hostname })
	if at < 0 {
		f.Errorf("offer of node %q, which there is not", o.Hostname)
		return
	}
	n := f.nodes[at]
	f.mu.agents[n.Hostname] = o.Agent
	sum := f.free(n.Hostname)
	for _, t := range f.mu.tasks {
		if t.node == n.Hostname && !t.ending {
			sum[0], sum[1] = sum[0]+t.need[0], sum[1]+t.need[1]
		}
	}
	if sum[0] > n.CPUs+1e-9 || sum[1] > n.MemoryMB+1e-9 {
		f.Errorf("node %s of %v cpus and %v MB: %v cpus and %v MB are offered or used", n.Hostname, n.CPUs, n.MemoryMB,
			sum[0], sum[1])
	}
}

func (f *framework) takeUpdate(s *cluster.Status) {
	if len(s.UUID) > 0 && len(s.UUID) != 16 {
		f.Errorf("update of %s with the uuid %x", s.Task, s.UUID)
	}
	t := f.mu.tasks[s.Task]
	if t == nil {
		return
	}
	if len(s.UUID) > 0 && t.ended && string(s.UUID) != t.endUUID {
		f.Errorf("task %s: an update %s behind its end", s.Task, s.State)
	}
	if s.State.Final() {
		t.ending = true
		if len(s.UUID) > 0 {
			t.ended, t.endUUID = true, string(s.UUID)
		}
	}
}

// free is the cpus and MB of a node that are offered; the lock is held.
func (f *framework) free(node string) (sum [2]float64) {
	for _, o := range f.mu.offers {
		if o.Hostname == node {
			sum[0], sum[1] = sum[0]+scalar(o.Amounts, "cpus"), sum[1]+scalar(o.Amounts, "mem")
		}
	}
	return sum
}

func scalar(amounts []offers.Amount, name string) (sum float64) {
	for _, a := range amounts {
		if a.Name == name {
			sum += float64(a.Scalar) / float64(resource.Unit)
		}
	}
	return sum
}
