package sweep

import (
	"fmt"
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// device reads a resource with a domain in its name, such as `nvidia.com/gpu: 1`: GPUs of one maker, or what else a
// device plugin offers.
func (d *decoder) device(p pair, field string) {
	name := p.key.text
	if why := resource.CheckExtended(name); why != nil {
		d.fail(p.key, field, fmt.Sprintf("`%s` cannot be a resource's name: %v", short(name), why),
			"write it as a node lists it, as in `example.com/fpga: 1`")
		return
	}
	q := d.quantity(p.value, field, false)
	if q.fixed != math.Trunc(q.fixed) {
		d.fail(p.value, field, "devices are given out whole only", "ask for a whole number")
	}
	q.whole = true
	r := &d.spec.Task.resources
	if slices.ContainsFunc(r.named, func(n namedQuantity) bool { return n.name == name }) {
		d.fail(p.key, field, fmt.Sprintf("`%s` is asked for twice", name), "remove one of them")
		return
	}
	r.named = append(r.named, namedQuantity{name, q})
	if slices.Contains(resource.GPUNames, name) {
		d.gpus(p, field, q)
	}
}

// gpus takes how many GPUs a trial asks for, by their one name or that of a maker.
func (d *decoder) gpus(p pair, field string, q quantity) {
	r := &d.spec.Task.resources
	if r.gpus.named {
		d.fail(p.key, field, "the GPUs of a trial are asked for twice: `gpus` are those of any maker, and one "+
			"trial has those of one",
			"remove one of them")
		return
	}
	r.gpus, r.gpus.named = q, true
}
