package sweep

import (
	"iter"
	"strconv"
	"strings"
)

type kind uint8

const (
	scalar kind = iota
	list
	mapping
)

// node is one YAML value with its place. Aliases share their anchor's node; size counts them each time.
type node struct {
	kind         kind
	line, column int
	origin       string // the --set argument this came from; "" when from the file
	text         string
	plain        bool // a scalar without quotes, whose type its text decides
	null         bool
	tag          string // !!float and the like, which decides the type of a scalar whatever its text
	items        []*node
	pairs        []pair
	size, depth  int
	bytes        int // of texts and keys, those of aliases each time they are used
}

type pair struct {
	key   *node
	value *node
}

// get is the value of a key, or nil.
func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// key is the node of a key, or nil.
func (n *node) key(name string) *node {
	for _, p := range n.pairs {
		if p.key.text == name {
			return p.key
		}
	}
	return nil
}

// oneOrMore is a value by itself, or the items of a list, with the field of each.
func (n *node) oneOrMore(field string) iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		if n.kind != list {
			yield(field, n)
			return
		}
		for i, item := range n.items {
			if !yield(field+"."+strconv.Itoa(i), item) {
				return
			}
		}
	}
}

// what names the kind of a value in an error.
func (n *node) what() string {
	switch {
	case n.kind == list:
		return "a list"
	case n.kind == mapping:
		return "a mapping"
	case n.null:
		return "empty"
	}
	return "`" + short(n.text) + "`"
}

func (n *node) grow(child *node) {
	n.size = min(n.size+child.size, maxNodes+1)
	n.bytes = min(n.bytes+child.bytes, maxText+1)
	n.depth = max(n.depth, child.depth+1)
}

// source writes a node as YAML on one line.
func (n *node) source() string {
	switch n.kind {
	case list:
		items := make([]string, len(n.items))
		for i, item := range n.items {
			items[i] = item.source()
		}
		return "[" + strings.Join(items, ", ") + "]"
	case mapping:
		items := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			items[i] = p.key.text + ": " + p.value.source()
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	if n.plain {
		return n.text
	}
	return strconv.Quote(n.text)
}

const maxDepth = 64 // levels of nesting

const maxNodes = 200_000 // values, counting what aliases stand for each time they are used

// maxText bounds the texts of all values in bytes, those of aliases each time they are used: what goes through all
// values costs as much.
const maxText = 8 << 20
