package sweep

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

var wordAmount = regexp.MustCompile(`^[0-9][0-9._]*\s*\pL+$`)

var bytesAmount = regexp.MustCompile(`^([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([KMGTP]?i?B)$`)

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
			q := d.quantity(p.value, field, false)
			if q.fixed != math.Trunc(q.fixed) {
				d.fail(p.value, field, "Mesos gives out whole gpus only", "ask for a whole number")
			}
			d.gpus(p, field, q)
		case "ports":
			r.ports = d.quantity(p.value, field, false)
			if r.ports.fixed != math.Trunc(r.ports.fixed) || r.ports.fixed > 1000 {
				d.fail(p.value, field, "ports are a whole number up to 1000",
					"say how many ports of the host a trial needs")
			}
		case "named":
			d.named(p.value, field)
		default:
			if resource.Extended(p.key.text) {
				d.device(p, field)
			}
		}
	}
}

var resourceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

func (d *decoder) named(n *node, field string) {
	if !d.mappingOf(n, field, "named: {licences: 1}") {
		return
	}
	for _, p := range n.pairs {
		at := join(field, p.key.text)
		if resource.Extended(p.key.text) {
			d.device(p, at)
			continue
		}
		if !resourceName.MatchString(p.key.text) {
			d.fail(p.key, at, fmt.Sprintf("`%s` cannot be a resource's name", short(p.key.text)),
				"use letters, digits, _ - and .")
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

var bytesInside = regexp.MustCompile(`\b([0-9][0-9_]*(?:\.[0-9]+)?)\s*([KMGTP]?i?B)\b`)

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
		d.fail(n, field, "an amount is needed, not "+n.what(),
			"write a number, or an expression over parameters")
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

// ParseMB reads an amount of memory or disk as a spec has it: 512MB, 1.5GB, 2GiB, or a number of MB.
func ParseMB(s string) (float64, error) {
	if mb, ok := amountOf(s); ok && mb >= 0 && mb <= largest {
		return mb, nil
	}
	return 0, fmt.Errorf("%q is no amount: write it as 512MB or 2GB", s)
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
		if variable.MatchString(text) && strings.HasPrefix(remedyOf(err, ""), "known here") {
			need := "a number"
			if inBytes {
				need = "a number with its unit"
			}
			d.fail(n, field, need+" is needed, not "+n.what(), remedy)
			return quantity{}
		}
		d.fail(n, field, fmt.Sprintf("`%s`: %v", short(text), err),
			remedyOf(err, remedy+", or an expression over parameters such as \"batch * 4\""))
		return quantity{}
	}
	e.text = text
	return quantity{formula: e}
}

// cpuLimit is soft unless the spec says otherwise.
func (d *decoder) cpuLimit(n, resources *node) (hard bool) {
	if n == nil || n.null {
		return false
	}
	text := d.text(n, "task.cpu_limit")
	switch {
	case text != "soft" && text != "hard":
		d.fail(n, "task.cpu_limit", "want soft or hard, not "+n.what(),
			"hard: a trial never gets more than its cpus; soft: it gets what others leave idle, too")
	case resources == nil || resources.kind != mapping || resources.get("cpus") == nil:
		d.fail(n, "task.cpu_limit", "the spec does not say how many cpus a trial has",
			"add `resources: {cpus: 1}`")
	}
	return text == "hard"
}
