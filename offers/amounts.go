package offers

import (
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// The resource names of Mesos that have a field of their own.
const (
	cpusName  = "cpus"
	memName   = "mem"
	diskName  = "disk"
	gpusName  = "gpus"
	portsName = "ports"
)

// addAmount puts one amount into q, which must not be shared yet.
func addAmount(q *resource.Resources, a *Amount) {
	if !a.usable() {
		return
	}
	switch a.Name {
	case cpusName:
		q.CPUs += a.Scalar
	case memName:
		q.Mem += a.Scalar
	case diskName:
		q.Disk += a.Scalar
	case gpusName:
		q.GPUs += a.Scalar
	case portsName:
		for _, r := range a.Ranges {
			if r.End >= r.Begin {
				q.Ports += int(r.End - r.Begin + 1)
			}
		}
	default:
		if len(a.Ranges) > 0 || len(a.Set) > 0 {
			return
		}
		if q.Named == nil {
			q.Named = make(map[string]resource.Milli)
		}
		q.Named[a.Name] += a.Scalar
	}
}

// usable says whether packing may touch the amount at all.
func (a *Amount) usable() bool { return !a.Revocable && !a.Opaque }

// sum adds up the usable amounts of offers. Revocable and opaque amounts and sets do not count.
func sum(list []Offer) resource.Resources {
	var q resource.Resources
	for i := range list {
		for j := range list[i].Amounts {
			addAmount(&q, &list[i].Amounts[j])
		}
	}
	return q
}
