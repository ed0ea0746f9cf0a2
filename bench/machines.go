package bench

import (
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// MachinesOf is what agents offer in all, in order of first appearance.
func MachinesOf(list []offers.Offer) []Machine {
	x := offers.NewIndex()
	x.Add(list...)
	free := make(map[offers.AgentID]resource.Resources)
	first := make(map[offers.AgentID]offers.OfferID)
	for _, h := range x.Snapshot().Holdings() {
		q := free[h.Agent]
		q.CPUs, q.Mem = q.CPUs+h.Free.CPUs, q.Mem+h.Free.Mem
		q.Disk, q.GPUs = q.Disk+h.Free.Disk, q.GPUs+h.Free.GPUs
		free[h.Agent] = q
		if first[h.Agent] == "" {
			first[h.Agent] = h.Offers[0].ID
		}
	}
	var machines []Machine
	for _, a := range x.Agents() {
		q := resource.Resources(free[a.ID])
		machines = append(machines, Machine{
			ID: string(first[a.ID]), Host: a.Hostname, CPUs: q.CPUs, Mem: q.Mem, Disk: q.Disk, GPUs: q.GPUs,
		})
	}
	return machines
}
