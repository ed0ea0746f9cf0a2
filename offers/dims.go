package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// dims is the resources that matter in a pass: those that some demand asks for. Vectors of the pass have one
// element per dimension.
type dims struct {
	names []string // the named ones, ordered; they follow the fixed ones
	fixed []int    // which of cpus, mem, disk, gpus, ports
}

const (
	cpus = iota
	mem
	disk
	gpus
	ports
	fixedDims
)

func dimensions(demands []Demand) dims {
	var used [fixedDims]bool
	used[cpus], used[mem] = true, true
	var d dims
	for i := range demands {
		for _, r := range [2]*sweep.Resources{&demands[i].Resources, &demands[i].Overhead} {
			used[disk] = used[disk] || r.Disk != 0
			used[gpus] = used[gpus] || r.GPUs != 0
			used[ports] = used[ports] || r.Ports != 0
			for name := range r.Named {
				if !slices.Contains(d.names, name) {
					d.names = append(d.names, name)
				}
			}
		}
	}
	for k, in := range used {
		if in {
			d.fixed = append(d.fixed, k)
		}
	}
	slices.Sort(d.names)
	return d
}

func (d *dims) len() int { return len(d.fixed) + len(d.names) }

// of is vector number i of a flat array.
func (d *dims) of(flat []sweep.Milli, i int) []sweep.Milli {
	return flat[i*d.len() : (i+1)*d.len()]
}

func (d *dims) vector(q *Quantities) []sweep.Milli {
	return d.append(make([]sweep.Milli, 0, d.len()), q)
}

// append writes the quantities as a vector.
func (d *dims) append(to []sweep.Milli, q *Quantities) []sweep.Milli {
	for _, k := range d.fixed {
		to = append(to, q.fixed(k))
	}
	for _, name := range d.names {
		to = append(to, q.Named[name])
	}
	return to
}

// name is the resource of dimension k.
func (d *dims) name(k int) string {
	if k < len(d.fixed) {
		return fixedNames[d.fixed[k]]
	}
	return d.names[k-len(d.fixed)]
}

var fixedNames = [fixedDims]string{cpusName, memName, diskName, gpusName, portsName}

// fixed is one of the quantities that have a field. Ports count in thousandths, as everything does in a vector.
func (q *Quantities) fixed(k int) sweep.Milli {
	switch k {
	case cpus:
		return q.CPUs
	case mem:
		return q.Mem
	case disk:
		return q.Disk
	case gpus:
		return q.GPUs
	default:
		return sweep.Milli(q.Ports) * sweep.Unit
	}
}

// quantities is a vector as amounts.
func (d *dims) quantities(v []sweep.Milli) Quantities {
	var q Quantities
	for k, m := range v {
		if k >= len(d.fixed) {
			if q.Named == nil {
				q.Named = make(map[string]sweep.Milli)
			}
			q.Named[d.names[k-len(d.fixed)]] = m
			continue
		}
		switch d.fixed[k] {
		case cpus:
			q.CPUs = m
		case mem:
			q.Mem = m
		case disk:
			q.Disk = m
		case gpus:
			q.GPUs = m
		case ports:
			q.Ports = int(m / sweep.Unit)
		}
	}
	return q
}
