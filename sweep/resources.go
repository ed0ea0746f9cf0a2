package sweep

import (
	"fmt"
	"math"
	"slices"

	"github.com/expr-lang/expr"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// A task that says nothing asks for one core and enough memory for a small training program.
const (
	defaultCPUs = 1
	defaultMem  = 512 // MB
)

// largest bounds one amount; it is far beyond any machine and far below what Milli holds.
const largest = 1e12

// quantity is an amount that is known, or computed from a point's parameters.
type quantity struct {
	fixed   float64
	formula *expression
	named   bool // by the spec: not a default
	whole   bool // what is computed is rounded up
}

// demand is the resources of a task before a point is known.
type demand struct {
	cpus, mem, disk, gpus, ports quantity
	named                        []namedQuantity
}

type namedQuantity struct {
	name string
	quantity
}

func defaultDemand() demand {
	return demand{cpus: quantity{fixed: defaultCPUs}, mem: quantity{fixed: defaultMem}}
}

// varies says whether the demand depends on the point.
func (r *demand) varies() bool {
	for _, q := range []quantity{r.cpus, r.mem, r.disk, r.gpus, r.ports} {
		if q.formula != nil {
			return true
		}
	}
	return slices.ContainsFunc(r.named, func(q namedQuantity) bool { return q.formula != nil })
}

// needs is the leaves that the demand depends on, ascending.
func (r *demand) needs() (leaves []int) {
	note := func(q quantity) {
		if q.formula != nil {
			leaves = append(leaves, q.formula.needs...)
		}
	}
	for _, q := range []quantity{r.cpus, r.mem, r.disk, r.gpus, r.ports} {
		note(q)
	}
	for _, q := range r.named {
		note(q.quantity)
	}
	slices.Sort(leaves)
	return slices.Compact(leaves)
}

func (r *demand) at(space *Space, p Point) (resource.Resources, error) {
	var env map[string]any
	if r.varies() {
		env = space.environmentOf(p, r.needs())
	}
	var out resource.Resources
	var err error
	take := func(name string, q quantity) float64 {
		x, e := q.amount(env)
		if e != nil && err == nil {
			err = fmt.Errorf("ask for %s: %w", name, e)
		}
		return x
	}
	out.CPUs = toMilli(take("cpus", r.cpus))
	out.Mem = toMilli(take("memory", r.mem))
	out.Disk = toMilli(take("disk", r.disk))
	out.GPUs = toMilli(take("gpus", r.gpus))
	out.Ports = int(math.Ceil(take("ports", r.ports)))
	for _, q := range r.named {
		if out.Named == nil {
			out.Named = make(map[string]resource.Milli, len(r.named))
		}
		out.Named[q.name] = toMilli(take(q.name, q.quantity))
	}
	if err == nil && out.CPUs == 0 && out.Mem == 0 {
		err = fmt.Errorf("ask for cpus and memory: both are 0, and Mesos refuses such tasks")
	}
	return out, err
}

// asked says whether some point may ask for any of it.
func (q quantity) asked() bool { return q.formula != nil || q.fixed > 0 }

func (q quantity) amount(env map[string]any) (float64, error) {
	x := q.fixed
	if q.formula != nil {
		out, err := expr.Run(q.formula.program, env)
		if err != nil {
			return 0, fmt.Errorf("evaluate `%s`: %w", q.formula.text, tidy(err))
		}
		x = out.(float64)
	}
	if q.whole {
		x = math.Ceil(x)
	}
	if !(x >= 0 && x <= largest) {
		return 0, fmt.Errorf("%s is not an amount from 0 to %g", pythonFloat(x), largest)
	}
	return x, nil
}

// toMilli is a share of a whole unit, rounded up so that what was asked for is never cut.
func toMilli(x float64) resource.Milli {
	return resource.Milli(math.Ceil(x*float64(resource.Unit) - 1e-6))
}
