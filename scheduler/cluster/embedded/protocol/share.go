package protocol

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Share is an amount of what programs on one machine contend for: what of an agent may be offered, or what of
// it is in use.
type Share struct {
	CPUs     float64
	MemoryMB float64
	GPUs     []string // ids of its devices
}

// Equal compares what counts: the agent takes no notice of the order of its devices.
func (s Share) Equal(o Share) bool {
	sorted := func(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
	same := func(a, b float64) bool { return resource.FromFloat(a) == resource.FromFloat(b) }
	return same(s.CPUs, o.CPUs) && same(s.MemoryMB, o.MemoryMB) && slices.Equal(sorted(s.GPUs), sorted(o.GPUs))
}

// Limit bounds how much of an agent's scalar resources may be offered or used, in thousandths; nil bounds
// nothing.
type Limit map[string]int64

// Limit is the share as a limit; of no share: no limit.
func (s *Share) Limit() Limit {
	if s == nil {
		return nil
	}
	milli := func(v float64) int64 { return int64(resource.FromFloat(v)) }
	return Limit{"cpus": milli(s.CPUs), "mem": milli(s.MemoryMB), "gpus": milli(float64(len(s.GPUs)))}
}
