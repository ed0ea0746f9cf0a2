package foreign

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// determinedSpace writes `parameters`.
func determinedSpace(r *reading, top *object, grid bool) {
	o := top.object("hyperparameters")
	if len(o.pairs()) == 0 {
		r.refuse(o.nearest(), "hyperparameters", "the experiment has none, and is no search")
		return
	}
	r.space.put(o.tree, "parameters:")
	determinedParameters(r, o.tree, "hyperparameters", "  ", grid, 0)
}

// deepest bounds groups within groups.
const deepest = 20

func determinedParameters(r *reading, tree *sweep.Tree, path, indent string, grid bool, depth int) {
	if tree == nil {
		return
	}
	if depth == deepest {
		r.refuse(tree, path, "groups are too deep")
		return
	}
	for _, p := range tree.Pairs {
		at, key := path+"."+p.Key.Text, quote(p.Key.Text)
		kind := p.Value.Get("type")
		switch {
		case kind != nil && determinedKinds[kind.Text] != nil:
			o := r.object(p.Value, at)
			o.get("type")
			if text := determinedKinds[kind.Text](r, o, grid); text != "" {
				r.space.put(p.Key, "%s%s: %s", indent, key, text)
			}
			o.rest("a parameter of this type has no such key")
		case p.Value.Mapping && len(p.Value.Pairs) > 0:
			r.space.put(p.Key, "%s%s:", indent, key)
			r.space.put(p.Key, "%s  parameters:", indent)
			determinedParameters(r, p.Value, at, indent+"    ", grid, depth+1)
		default: // a value that stands for itself
			r.space.put(p.Key, "%s%s: {value: %s}", indent, key, source(p.Value))
		}
	}
}

// determinedKinds write a parameter of each type.
var determinedKinds = map[string]func(r *reading, o *object, grid bool) string{
	"const":       determinedConst,
	"categorical": determinedCategorical,
	"int":         determinedInt,
	"double":      determinedDouble,
	"log":         determinedLog,
}

func determinedConst(r *reading, o *object, _ bool) string {
	v := o.get("val")
	if v == nil {
		r.refuse(o.nearest(), o.at("val"), "a const needs a `val`")
		return ""
	}
	return "{value: " + source(v) + "}"
}

func determinedCategorical(r *reading, o *object, _ bool) string {
	items := o.list("vals")
	if len(items) == 0 {
		r.refuse(o.nearest(), o.at("vals"), "a categorical needs `vals`")
		return ""
	}
	o.get("count")
	var all []string
	for _, item := range items {
		all = append(all, source(item))
	}
	return "{values: [" + strings.Join(all, ", ") + "]}"
}

// bounds are minval, maxval and count.
func (o *object) bounds() (low, high float64, count int, ok bool) {
	low, atLow := o.float("minval")
	high, atHigh := o.float("maxval")
	count, _ = o.whole("count")
	switch {
	case atLow == nil || atHigh == nil:
		if o.get("minval") == nil || o.get("maxval") == nil {
			o.r.refuse(o.nearest(), o.path, "`minval` and `maxval` are needed")
		}
		return 0, 0, 0, false
	case low > high:
		o.r.refuse(atLow, o.at("minval"), "it is more than `maxval`")
		return 0, 0, 0, false
	}
	return low, high, count, true
}

func determinedInt(r *reading, o *object, grid bool) string {
	low, high, count, ok := o.bounds()
	switch {
	case !ok:
		return ""
	case low != math.Trunc(low) || high != math.Trunc(high):
		r.refuse(o.nearest(), o.path, "the bounds of an int are whole numbers")
		return ""
	case grid && count > 0 && float64(count) < high-low+1:
		return evenly(r, o, count, func(share float64) string { return number(math.Round(low + share*(high-low))) })
	}
	return fmt.Sprintf("{min: %s, max: %s}", number(low), number(high))
}

func determinedDouble(r *reading, o *object, grid bool) string {
	low, high, count, ok := o.bounds()
	switch {
	case !ok:
		return ""
	case low == high:
		return "{value: " + float(low) + "}"
	case grid:
		return evenly(r, o, count, func(share float64) string { return float(low + share*(high-low)) })
	}
	return fmt.Sprintf("{distribution: uniform, min: %s, max: %s}", float(low), float(high))
}

func determinedLog(r *reading, o *object, grid bool) string {
	low, high, count, ok := o.bounds()
	if !ok {
		return ""
	}
	base, at := o.float("base")
	if at == nil {
		const usual = 10
		base = usual
	}
	least, most := math.Pow(base, low), math.Pow(base, high)
	switch {
	case base <= 1 || least == 0 || !sweep.IsFinite(most):
		r.refuse(o.nearest(), o.path, fmt.Sprintf("from %s to %s to the power of %s there are no numbers", number(low),
			number(high), number(base)))
		return ""
	case low == high:
		return "{value: " + float(least) + "}"
	case grid:
		return evenly(r, o, count, func(share float64) string { return float(math.Pow(base, low+share*(high-low))) })
	}
	return fmt.Sprintf("{distribution: log_uniform_values, min: %s, max: %s}", float(least), float(most))
}

// mostCounts is how many values of a range a grid has.
const mostCounts = 10_000

// evenly lists count values of a range, its ends among them; of one it is the middle.
func evenly(r *reading, o *object, count int, at func(share float64) string) string {
	if count < 1 || count > mostCounts {
		r.refuse(o.nearest(), o.at("count"), "a grid needs a `count` of 1 to "+strconv.Itoa(mostCounts)+" here")
		return ""
	}
	var all []string
	for i := range count {
		share := 0.5
		if count > 1 {
			share = float64(i) / float64(count-1)
		}
		all = append(all, at(share))
	}
	return "{values: [" + strings.Join(all, ", ") + "]}"
}
