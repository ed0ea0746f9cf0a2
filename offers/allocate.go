package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// allocator is the usable amounts of one bin, and what is left of them while its placements become grants.
type allocator struct {
	portions []portion // reserved before unreserved, so what others could use is spent last
	amounts  []Amount  // slab for what is handed out
}

// portion is one amount with the dimension of its resource; fixedDims stands for any named one.
type portion struct {
	Amount
	kind int
}

// slabAmounts is how many amounts are allocated at once, at most: each slab of a pass is twice the one
// before, since most passes of a busy job launch a task or two.
const slabAmounts = 4096

// reset fills the allocator with the amounts of a bin.
func (p *allocator) reset(list []Offer) {
	p.portions = p.portions[:0]
	reserved := 0
	for i := range list {
		for j := range list[i].Amounts {
			a := &list[i].Amounts[j]
			if !a.usable() || a.Scalar <= 0 && len(a.Ranges) == 0 {
				continue
			}
			p.portions = append(p.portions, portion{*a, kindOf(a.Name)})
			if a.Reservation != "" {
				last := len(p.portions) - 1
				for k := last; k > reserved; k-- {
					p.portions[k], p.portions[k-1] = p.portions[k-1], p.portions[k]
				}
				reserved++
			}
		}
	}
}

func kindOf(name string) int {
	for k, fixed := range fixedNames {
		if name == fixed {
			return k
		}
	}
	return fixedDims
}

// uniform is how many tasks, at most want and at least 1, can be paid wholly from the first portion of every
// resource.
func (p *allocator) uniform(q *resource.Resources, want int) int {
	if q.Ports > 0 {
		return 1
	}
	n := p.uniformIn(cpus, cpusName, q.CPUs, want)
	n = p.uniformIn(mem, memName, q.Mem, n)
	n = p.uniformIn(disk, diskName, q.Disk, n)
	n = p.uniformIn(gpus, gpusName, q.GPUs, n)
	for name, each := range q.Named {
		n = p.uniformIn(fixedDims, name, each, n)
	}
	return max(n, 1)
}

func (p *allocator) uniformIn(kind int, name string, each resource.Milli, want int) int {
	if each <= 0 {
		return want
	}
	for i := range p.portions {
		if c := &p.portions[i]; c.kind == kind && c.Scalar > 0 && (kind < fixedDims || c.Name == name) {
			return min(want, int(c.Scalar/each))
		}
	}
	return want
}

// take takes n times q out and returns what one of the n gets; never nil.
func (p *allocator) take(q *resource.Resources, n int) []Amount {
	if cap(p.amounts)-len(p.amounts) < 2*len(p.portions) {
		p.amounts = make([]Amount, 0, max(min(2*cap(p.amounts), slabAmounts), 2*len(p.portions)))
	}
	from := len(p.amounts)
	p.takeScalar(cpus, cpusName, q.CPUs, n)
	p.takeScalar(mem, memName, q.Mem, n)
	p.takeScalar(disk, diskName, q.Disk, n)
	p.takeScalar(gpus, gpusName, q.GPUs, n)
	if q.Ports > 0 {
		p.takePorts(q.Ports)
	}
	for _, name := range q.Names() {
		p.takeScalar(fixedDims, name, q.Named[name], n)
	}
	return p.amounts[from:len(p.amounts):len(p.amounts)]
}

func (p *allocator) takeScalar(kind int, name string, each resource.Milli, n int) {
	for i := 0; i < len(p.portions) && each > 0; i++ {
		c := &p.portions[i]
		if c.kind != kind || c.Scalar <= 0 || kind == fixedDims && c.Name != name {
			continue
		}
		part := min(each, c.Scalar/resource.Milli(n))
		if part == 0 {
			continue
		}
		c.Scalar -= part * resource.Milli(n)
		each -= part
		p.amounts = append(p.amounts, c.Amount)
		p.amounts[len(p.amounts)-1].Scalar = part
	}
}

// takePorts takes the lowest ports of each portion. The portion's ranges are shared with the offer, so they
// are cut, not changed.
func (p *allocator) takePorts(want int) {
	for i := 0; i < len(p.portions) && want > 0; i++ {
		c := &p.portions[i]
		if c.kind != ports {
			continue
		}
		var got, left []Range
		for _, r := range c.Ranges {
			if r.End < r.Begin {
				continue
			}
			if n := min(uint64(want), r.End-r.Begin+1); n > 0 {
				got = append(got, Range{r.Begin, r.Begin + n - 1})
				want -= int(n)
				r.Begin += n
			}
			if r.Begin <= r.End {
				left = append(left, r)
			}
		}
		c.Ranges = left
		if len(got) > 0 {
			piece := c.Amount
			piece.Ranges = got
			p.amounts = append(p.amounts, piece)
		}
	}
}
