package protocol

import "slices"

// Share is an amount of what programs on one machine contend for: what of an agent may be offered, or what of it is in use.
type Share struct {
	CPUs     float64
	MemoryMB float64
	GPUs     []string // ids of its devices
}

// Equal compares what counts: the agent takes no notice of the order of its devices.
func (s Share) Equal(o Share) bool {
	sorted := func(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
	return milli(s.CPUs) == milli(o.CPUs) && milli(s.MemoryMB) == milli(o.MemoryMB) && slices.Equal(sorted(s.GPUs), sorted(o.GPUs))
}

// Limit is how much of an agent's scalars may be used at most; nil: all.
type Limit map[string]int64

// Limit is the share as a limit; of no share: no limit.
func (s *Share) Limit() Limit {
	if s == nil {
		return nil
	}
	return Limit{"cpus": milli(s.CPUs), "mem": milli(s.MemoryMB), "gpus": int64(len(s.GPUs)) * 1000}
}
