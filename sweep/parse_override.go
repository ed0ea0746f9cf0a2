package sweep

import (
	"slices"
	"strconv"
	"strings"
)

// override gives the tree with one key=value put in. Nodes on the way are copied, because an alias may share
// them with another place.
func (d *decoder) override(root *node, assignment string) *node {
	path, value, found := strings.Cut(assignment, "=")
	path = strings.TrimSpace(path)
	if !found || path == "" {
		d.fail(&node{origin: assignment}, "", "an override is key=value",
			"as in --set run_cap=10 or --set parameters.lr.max=0.1")
		return root
	}
	r := reader{file: d.file, origin: assignment, problem: &d.problems, lines: splitLines(value),
		anchors: map[string]*node{}}
	n := &node{plain: true, null: true, origin: assignment}
	if strings.TrimSpace(value) != "" {
		if n = r.read([]byte(value)); n == nil {
			return root
		}
	}
	return d.put(root, strings.Split(path, "."), n, assignment)
}

// put sets the value at a path. Keys that contain dots themselves are matched before shorter ones.
func (d *decoder) put(n *node, path []string, value *node, origin string) *node {
	if len(path) == 0 {
		return value
	}
	out := *n
	switch {
	case n.kind == list:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(n.items) {
			d.fail(&node{origin: origin}, strings.Join(path, "."),
				"the list has no item `"+short(path[0])+"`", "items are numbered from 0")
			return n
		}
		out.items = slices.Clone(n.items)
		out.items[i] = d.put(n.items[i], path[1:], value, origin)
		return &out
	case n.kind == scalar:
		out = node{kind: mapping, origin: origin, line: n.line, column: n.column, size: 1, depth: 1}
	}
	for length := len(path); length > 0; length-- {
		key := strings.Join(path[:length], ".")
		for i, p := range n.pairs {
			if p.key.text == key {
				out.pairs = slices.Clone(n.pairs)
				out.pairs[i].value = d.put(p.value, path[length:], value, origin)
				return &out
			}
		}
	}
	key := &node{text: path[0], plain: true, origin: origin}
	child := d.put(&node{kind: mapping, origin: origin, size: 1, depth: 1}, path[1:], value, origin)
	out.pairs = append(slices.Clone(n.pairs), pair{key: key, value: child})
	return &out
}
