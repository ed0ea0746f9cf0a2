package sweep

import (
	"fmt"
	"slices"
)

// maxFrom bounds the sweeps that a search starts from.
const maxFrom = 100

// from reads the sweeps whose results a search that learns starts from.
func (d *decoder) from(n *node) {
	if n == nil || n.null {
		return
	}
	items := []*node{n}
	if n.kind != scalar {
		items = d.list(n, "from", "`from: [digits-5v2ep7]`")
	}
	for i, item := range items {
		field := "from"
		if n.kind == list {
			field = fmt.Sprintf("from.%d", i)
		}
		switch name := d.text(item, field); {
		case name == "" && len(d.problems) == 0:
			d.fail(item, field, "the name of a sweep is needed",
				"write an id that `kaon list` shows, or remove the key")
		case slices.Contains(d.spec.From, name):
			d.fail(item, field, fmt.Sprintf("`%s` stands here twice", short(name)), "remove it")
		default:
			d.spec.From = append(d.spec.From, name)
		}
	}
	switch {
	case len(items) > maxFrom:
		d.fail(n, "from", fmt.Sprintf("%d sweeps are too many to start from", len(items)),
			fmt.Sprintf("%d are allowed", maxFrom))
	case d.spec.Method == ByCommand:
		d.fail(n, "from", "a program that chooses points is not told of other sweeps",
			"have it read `kaon trials SWEEP --json`, or use `method: tpe`")
	case !d.spec.learns():
		d.fail(n, "from", fmt.Sprintf("`%s` learns nothing from results, of other sweeps neither",
			short(d.spec.Method)),
			"use `method: tpe` or `method: auto`, or remove it")
	}
}
