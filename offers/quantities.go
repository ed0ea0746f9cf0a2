package offers

import (
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Quantities are amounts of the resources a demand can name: the shape of resource.Resources, with the sums and
// comparisons that packing needs. Values are never changed once they are shared.
type Quantities resource.Resources

// The resource names of Mesos that have a field of their own.
const (
	cpusName  = "cpus"
	memName   = "mem"
	diskName  = "disk"
	gpusName  = "gpus"
	portsName = "ports"
)

// plus is q and n times r, elementwise.
func (q Quantities) plus(r Quantities, n int) Quantities {
	q.increase(&r, n)
	return q
}

// increase adds n times r to q, whose named amounts may be shared with other values and are replaced, not changed.
func (q *Quantities) increase(r *Quantities, n int) {
	k := resource.Milli(n)
	q.CPUs += k * r.CPUs
	q.Mem += k * r.Mem
	q.Disk += k * r.Disk
	q.GPUs += k * r.GPUs
	q.Ports += n * r.Ports
	if len(r.Named) == 0 {
		return
	}
	named := maps.Clone(q.Named)
	if named == nil {
		named = make(map[string]resource.Milli, len(r.Named))
	}
	for name, amount := range r.Named {
		named[name] += k * amount
	}
	q.Named = named
}

// atLeast is the larger of q and r, element by element.
func (q Quantities) atLeast(r Quantities) Quantities {
	top := Quantities{
		CPUs: max(q.CPUs, r.CPUs), Mem: max(q.Mem, r.Mem), Disk: max(q.Disk, r.Disk), GPUs: max(q.GPUs, r.GPUs),
		Ports: max(q.Ports, r.Ports), Named: q.Named,
	}
	for name, amount := range r.Named {
		if amount > q.Named[name] {
			if len(top.Named) == 0 || sameMap(top.Named, q.Named) {
				top.Named = maps.Clone(q.Named)
			}
			if top.Named == nil {
				top.Named = make(map[string]resource.Milli)
			}
			top.Named[name] = amount
		}
	}
	return top
}

// sameMap says whether two maps are equal, which is enough to decide that one must be cloned before a change.
func sameMap(a, b map[string]resource.Milli) bool { return maps.Equal(a, b) }

// sum adds up the usable amounts of offers. Revocable and opaque amounts and sets do not count.
func sum(list []Offer) Quantities {
	var q Quantities
	for i := range list {
		for j := range list[i].Amounts {
			q.add(&list[i].Amounts[j])
		}
	}
	return q
}

// add puts one amount into q, which must not be shared yet.
func (q *Quantities) add(a *Amount) {
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

// names lists the named resources in order.
func (q *Quantities) names() []string {
	if len(q.Named) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(q.Named))
}

func (q *Quantities) equal(r *Quantities) bool {
	return sameResources((*resource.Resources)(q), (*resource.Resources)(r))
}

func (q *Quantities) zero() bool {
	return q.CPUs == 0 && q.Mem == 0 && q.Disk == 0 && q.GPUs == 0 && q.Ports == 0 && len(q.Named) == 0
}
