package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

func (d *decoder) seed(root *node) uint64 {
	n := root.get("seed")
	var seed uint64
	if n == nil || n.null {
		seed = identitySeed(root)
	} else if large, err := strconv.ParseUint(n.text, 10, 64); err == nil && n.plain && large > math.MaxInt64 {
		seed = large // as --seed may be
	} else {
		seed = uint64(d.integer(n, "seed", 0, 1<<63-1))
	}
	if d.options.seed != nil {
		return *d.options.seed
	}
	return seed
}

func (d *decoder) method(root *node) {
	n := root.get("method")
	if n == nil {
		if d.misspelt(root, "method") || d.misplaced["method"] {
			return
		}
		d.fail(root, "method", "the spec names no search method", "add `method: grid` or `method: random`")
		return
	}
	if n.kind == mapping {
		d.sampler(n)
		return
	}
	if same := otherSpellings[strings.ToLower(n.text)]; n.kind == scalar && same != "" {
		d.spec.Method = same
		return
	}
	if n.kind == scalar && d.otherMethod(n) {
		return
	}
	if n.kind != scalar || !d.notBuilt(n, "method", "method: "+n.text) {
		d.spec.Method = d.word(n, "method", methods)
	}
}

// otherMethod refuses another name, or a misspelt one, of a search that is not built, and the names of early stopping.
func (d *decoder) otherMethod(n *node) bool {
	text := strings.ToLower(n.text)
	if slices.Contains(methods, n.text) || unbuilt["method: "+n.text] != "" ||
		otherName("method", text) != "" {
		return false
	}
	if rule := stoppingMethods[text]; rule != "" {
		d.fail(n, "method", fmt.Sprintf("`%s` ends trials early, which is no `method` here", short(n.text)),
			"use `method: tpe`, or another one, with a `metric` and `early_terminate: "+rule+"`")
		return true
	}
	name := otherMethods[text]
	if name == "" && suggest(text, methods) == "" {
		name = suggest(text, unbuiltMethods)
	}
	if name == "" {
		return false
	}
	remedy := "use `method: random` until then"
	if name == "pbt" {
		remedy = "use `method: random`, in which every trial runs to its end"
	}
	d.fail(n, "method", fmt.Sprintf("`%s`, the search %s, is not built yet", short(n.text), name), remedy)
	return true
}
