package resource

import (
	"maps"
	"math"
	"slices"
)

// Milli is an amount in thousandths of its unit, the fixed point that Mesos itself rounds scalars to
// (three decimals). Sums and comparisons of Milli are exact.
type Milli int64

// Unit is one whole unit: one cpu, one MB, one gpu.
const Unit Milli = 1000

// FromFloat rounds to thousandths as Mesos does; nonsense (negative, NaN, beyond 64 bits) counts as nothing.
func FromFloat(x float64) Milli {
	m := math.Round(x * float64(Unit))
	if !(m > 0 && m < math.MaxInt64) {
		return 0
	}
	return Milli(m)
}

// Resources is what one task asks for. The zero value asks for nothing.
type Resources struct {
	CPUs  Milli `json:"cpus"`            // cores
	Mem   Milli `json:"mem"`             // MB of 2^20 bytes, as Mesos counts
	Disk  Milli `json:"disk"`            // MB of 2^20 bytes
	GPUs  Milli `json:"gpus"`            // devices
	Ports int   `json:"ports,omitempty"` // how many ports of the host
	// any other scalar resource, in its own unit; never changed once set
	Named map[string]Milli `json:"named,omitempty"`
}

// Plus is q and n times r, elementwise.
func (q Resources) Plus(r Resources, n int) Resources {
	q.Add(&r, n)
	return q
}

// Add adds n times r to q, whose named amounts may be shared with other values and are replaced, not changed.
func (q *Resources) Add(r *Resources, n int) {
	k := Milli(n)
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
		named = make(map[string]Milli, len(r.Named))
	}
	for name, amount := range r.Named {
		named[name] += k * amount
	}
	q.Named = named
}

// Room is how many times need fits into q, at most n.
func (q *Resources) Room(need *Resources, n int) int {
	room := func(has, wants Milli) {
		if wants > 0 {
			n = min(n, int(max(0, has)/wants))
		}
	}
	room(q.CPUs, need.CPUs)
	room(q.Mem, need.Mem)
	room(q.Disk, need.Disk)
	room(q.GPUs, need.GPUs)
	if need.Ports > 0 {
		n = min(n, max(0, q.Ports)/need.Ports)
	}
	for name, wants := range need.Named {
		room(q.Named[name], wants)
	}
	return n
}

// Max is the larger of q and r, element by element.
func (q Resources) Max(r Resources) Resources {
	top := Resources{
		CPUs: max(q.CPUs, r.CPUs), Mem: max(q.Mem, r.Mem), Disk: max(q.Disk, r.Disk), GPUs: max(q.GPUs, r.GPUs),
		Ports: max(q.Ports, r.Ports), Named: q.Named,
	}
	for name, amount := range r.Named {
		if amount > q.Named[name] {
			if len(top.Named) == 0 || maps.Equal(top.Named, q.Named) {
				top.Named = maps.Clone(q.Named)
			}
			if top.Named == nil {
				top.Named = make(map[string]Milli)
			}
			top.Named[name] = amount
		}
	}
	return top
}

// Names lists the named resources in order.
func (q *Resources) Names() []string {
	if len(q.Named) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(q.Named))
}

// Equal says whether both ask for the same.
func (q *Resources) Equal(r *Resources) bool {
	return q.CPUs == r.CPUs && q.Mem == r.Mem && q.Disk == r.Disk && q.GPUs == r.GPUs && q.Ports == r.Ports &&
		maps.Equal(q.Named, r.Named)
}

// Zero says whether nothing is asked for.
func (q *Resources) Zero() bool {
	return q.CPUs == 0 && q.Mem == 0 && q.Disk == 0 && q.GPUs == 0 && q.Ports == 0 && len(q.Named) == 0
}
