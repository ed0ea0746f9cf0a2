package protocol

import (
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Share is an amount of what programs on one machine contend for: what of an agent may be offered, or what of
// it is in use.
type Share struct {
	CPUs     float64
	MemoryMB float64
	GPUs     []string // ids of its devices
	// Devices are amounts of others, by name: of one with a domain that is not there nothing, without a domain, as
	// "disk", all
	Devices map[string]float64
}

// Equal compares what counts: the agent takes no notice of the order of its devices.
func (s Share) Equal(o Share) bool {
	sorted := func(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
	same := func(a, b float64) bool { return resource.FromFloat(a) == resource.FromFloat(b) }
	return same(s.CPUs, o.CPUs) && same(s.MemoryMB, o.MemoryMB) && slices.Equal(sorted(s.GPUs), sorted(o.GPUs)) &&
		maps.EqualFunc(s.Devices, o.Devices, same)
}

// Limit bounds how much of an agent's scalar resources may be offered or used, in thousandths; nil bounds
// nothing.
type Limit map[string]int64

// Of is the bound of one resource. Devices that are not named are not offered, what else is not is not bounded.
func (l Limit) Of(name string) (most int64, bounded bool) {
	most, bounded = l[name]
	return most, bounded || l != nil && resource.Extended(name)
}

// Limit is the share as a limit; of no share: no limit.
func (s *Share) Limit() Limit {
	if s == nil {
		return nil
	}
	milli := func(v float64) int64 { return int64(resource.FromFloat(v)) }
	l := Limit{"cpus": milli(s.CPUs), "mem": milli(s.MemoryMB), "gpus": milli(float64(len(s.GPUs)))}
	for name, v := range s.Devices {
		l[name] = milli(v)
	}
	return l
}
