package offers

import (
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// dimensions is the resources that matter in a pass: those that some demand asks for. Vectors of the pass
// have one element per dimension.
type dimensions struct {
	names []string // the named ones, ordered; they follow the fixed ones
	fixed []int    // which of cpus, mem, disk, gpus, ports; cpus and mem always
}

const (
	cpus = iota
	mem
	disk
	gpus
	ports
	fixedDims
)

// leading is how many dimensions a vector begins with whatever is asked for: cpus and mem.
const leading = 2

// dimensionsOf collects the resources that shapes and executors of the pass need.
func dimensionsOf(p *pass) dimensions {
	var used [fixedDims]bool
	used[cpus], used[mem] = true, true
	var d dimensions
	for i := range p.shapes {
		d.collect(&used, &p.demands[p.shapes[i].demand].Resources)
	}
	for _, g := range p.groups {
		d.collect(&used, &g.example.Overhead)
	}
	for k, in := range used {
		if in {
			d.fixed = append(d.fixed, k)
		}
	}
	slices.Sort(d.names)
	return d
}

func (d *dimensions) collect(used *[fixedDims]bool, r *resource.Resources) {
	used[disk] = used[disk] || r.Disk != 0
	used[gpus] = used[gpus] || r.GPUs != 0
	used[ports] = used[ports] || r.Ports != 0
	for name := range r.Named {
		if !slices.Contains(d.names, name) {
			d.names = append(d.names, name)
		}
	}
}

func (d *dimensions) len() int { return len(d.fixed) + len(d.names) }

// append writes the quantities as a vector.
func (d *dimensions) append(to []resource.Milli, q *resource.Resources) []resource.Milli {
	to = append(to, q.CPUs, q.Mem)
	for _, k := range d.fixed[leading:] {
		to = append(to, fixedAmount(q, k))
	}
	for _, name := range d.names {
		to = append(to, q.Named[name])
	}
	return to
}

var fixedNames = [fixedDims]string{cpusName, memName, diskName, gpusName, portsName}

// fixedAmount is one of the amounts that have a field. Ports count in thousandths, as everything does in a
// vector.
func fixedAmount(q *resource.Resources, k int) resource.Milli {
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
		return resource.Milli(q.Ports) * resource.Unit
	}
}

// quantities is a vector as amounts.
func (d *dimensions) quantities(v []resource.Milli) resource.Resources {
	var q resource.Resources
	for k, m := range v {
		if k >= len(d.fixed) {
			if q.Named == nil {
				q.Named = make(map[string]resource.Milli)
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
			q.Ports = int(m / resource.Unit)
		}
	}
	return q
}
