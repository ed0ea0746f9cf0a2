package sweep

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

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
	for _, q := range r.named {
		if q.formula != nil {
			return true
		}
	}
	return false
}

func (r *demand) at(space *Space, p Point) (resource.Resources, error) {
	var env map[string]any
	if r.varies() {
		env = space.environmentOf(p)
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

func (q quantity) amount(env map[string]any) (float64, error) {
	x := q.fixed
	if q.formula != nil {
		out, err := expr.Run(q.formula.program, env)
		if err != nil {
			return 0, fmt.Errorf("evaluate `%s`: %w", q.formula.text, tidy(err))
		}
		x = out.(float64)
	}
	if !(x >= 0 && x <= largest) {
		return 0, fmt.Errorf("%s is not an amount from 0 to %g", pythonFloat(x), largest)
	}
	return x, nil
}

// environmentOf is what an expression sees of a point; absent parameters are nil.
func (s *Space) environmentOf(p Point) map[string]any {
	values, active := make([]Value, len(s.leaves)), make([]bool, len(s.leaves))
	for k, l := range s.leaves {
		values[k], active[k] = find(p, l.path)
	}
	return s.environment(values, active)
}

// find follows a path of names through groups.
func find(p Point, path []string) (Value, bool) {
	for _, param := range p {
		if param.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return param.Value, true
		}
		group, ok := param.Value.(Point)
		if !ok {
			return nil, false
		}
		return find(group, path[1:])
	}
	return nil, false
}

// resources reads `task.resources`.
func (d *decoder) resources(n *node) {
	if !d.mapping(n, "task.resources", "task.resources") {
		return
	}
	r := &d.spec.Task.resources
	if n.get("mem") != nil && n.get("memory") != nil {
		d.fail(n.get("mem"), "task.resources.mem", "`mem` and `memory` are the same", "remove one of them")
	}
	for _, p := range n.pairs {
		field := "task.resources." + p.key.text
		switch p.key.text {
		case "cpus":
			r.cpus = d.quantity(p.value, field, false)
			r.cpus.named = true
		case "memory", "mem":
			r.mem = d.quantity(p.value, field, true)
			r.mem.named = true
		case "disk":
			r.disk = d.quantity(p.value, field, true)
		case "gpus":
			r.gpus = d.quantity(p.value, field, false)
			if r.gpus.fixed != math.Trunc(r.gpus.fixed) {
				d.fail(p.value, field, "Mesos gives out whole gpus only", "ask for a whole number")
			}
		case "ports":
			r.ports = d.quantity(p.value, field, false)
			if r.ports.fixed != math.Trunc(r.ports.fixed) || r.ports.fixed > 1000 {
				d.fail(p.value, field, "ports are a whole number up to 1000", "say how many ports of the host a trial needs")
			}
		case "named":
			d.named(p.value, field)
		}
	}
}

var resourceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

func (d *decoder) named(n *node, field string) {
	if n.kind != mapping {
		d.fail(n, field, "a mapping is needed, not "+n.what(), "write named: {licences: 1}")
		return
	}
	for _, p := range n.pairs {
		at := join(field, p.key.text)
		if !resourceName.MatchString(p.key.text) {
			d.fail(p.key, at, fmt.Sprintf("`%s` cannot be a resource's name", short(p.key.text)), "use letters, digits, _ - and .")
			continue
		}
		for _, own := range []string{"cpus", "mem", "memory", "disk", "gpus", "ports"} {
			if p.key.text == own {
				d.fail(p.key, at, "this resource has a key of its own", "move it out of `named`")
			}
		}
		r := &d.spec.Task.resources
		r.named = append(r.named, namedQuantity{p.key.text, d.quantity(p.value, at, false)})
	}
}

var (
	bytesAmount = regexp.MustCompile(`^([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([KMGTP]?i?B)$`)
	wordAmount  = regexp.MustCompile(`^[0-9][0-9._]*\s*\pL+$`)
	bytesInside = regexp.MustCompile(`\b([0-9][0-9_]*(?:\.[0-9]+)?)\s*([KMGTP]?i?B)\b`)
)

// quantity reads a number, an amount of bytes, or an expression over parameters. Amounts of memory and disk
// are in MB; the prefixes are powers of 1024 with and without the i, as in Mesos.
func (d *decoder) quantity(n *node, field string, inBytes bool) quantity {
	v, ok := d.scalar(n, field, "an amount")
	if !ok {
		return quantity{}
	}
	x, known := 0.0, true
	switch v := v.(type) {
	case int64:
		x = float64(v)
	case float64:
		x = v
	case string:
		if x, known = amountOf(v); !known {
			return d.formula(n, field, v, inBytes)
		}
		if _, err := strconv.ParseFloat(v, 64); err != nil && !inBytes {
			d.fail(n, field, "an amount without a unit is needed, not "+n.what(), "write a plain number")
			return quantity{}
		}
	default:
		d.fail(n, field, "an amount is needed, not "+n.what(), "write a number, or an expression over parameters")
		return quantity{}
	}
	if !(x >= 0 && x <= largest) {
		d.fail(n, field, "an amount from 0 up is needed, not "+n.what(), "give a positive number")
		return quantity{}
	}
	return quantity{fixed: x}
}

// amountOf reads 512MB, 1.5GB, 2GiB or a number, in MB.
func amountOf(s string) (mb float64, ok bool) {
	s = strings.TrimSpace(s)
	if x, err := strconv.ParseFloat(s, 64); err == nil {
		return x, true
	}
	m := bytesAmount.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(m[1], "_", ""), 64)
	return x * unitMB(m[2]), err == nil
}

// unitMB is a unit of bytes in MB.
func unitMB(unit string) float64 {
	const kilo = 1024
	switch unit[0] {
	case 'K':
		return 1.0 / kilo
	case 'M':
		return 1
	case 'G':
		return kilo
	case 'T':
		return kilo * kilo
	case 'P':
		return kilo * kilo * kilo
	}
	return 1.0 / kilo / kilo
}

// formula compiles an expression in which amounts such as 4MB are numbers.
func (d *decoder) formula(n *node, field, text string, inBytes bool) quantity {
	source := text
	if inBytes {
		source = bytesInside.ReplaceAllStringFunc(text, func(s string) string {
			mb, _ := amountOf(s)
			return "(" + strconv.FormatFloat(mb, 'f', -1, 64) + ")"
		})
	}
	e, err := d.spec.Space.compile(source, amount, nil)
	if err != nil && wordAmount.MatchString(text) {
		remedy := "this is counted without a unit: write a plain number"
		if inBytes {
			remedy = "units are B, KB, MB, GB, TB, with or without an i: 512MB, 2GiB"
		}
		remedy = cmp.Or(amountIn(text, inBytes), remedy)
		d.fail(n, field, fmt.Sprintf("`%s` is not an amount", short(text)), remedy)
		return quantity{}
	}
	if err != nil {
		remedy := "write a number"
		if inBytes {
			remedy = "write an amount such as 512MB or 2GB"
		}
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(text), err), remedyOf(err, remedy+", or an expression over parameters such as \"batch * 4\""))
		return quantity{}
	}
	e.text = text
	return quantity{formula: e}
}
