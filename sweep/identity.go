package sweep

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"strings"
)

// identifying are the keys of the top level that make a spec the search that it is: what it is called, the
// method, and the space that it walks. How long it runs, what its trials are and how they are judged is none
// of it: a spec that grows keeps the points it had.
var identifying = []string{"name", "method", "order", "unique", "parameters"}

// identitySeed is the seed of a spec that names none. It is a hash of what the identifying keys come to once
// aliases are followed and overrides applied: comments, blanks, quotes, the order of keys and the way that a
// number is written do not change it.
func identitySeed(root *node) uint64 {
	h := fnv.New64a()
	for _, key := range identifying {
		n := root.get(key)
		if n == nil || n.null {
			continue
		}
		if same := otherSpellings[strings.ToLower(n.text)]; key == "method" && same != "" {
			n = &node{text: same, plain: true}
		}
		fmt.Fprintf(h, "%q:", key)
		n.identify(h)
	}
	return mix(h.Sum64()) >> 1 // fits a signed integer, so it can be written back into a spec
}

// identify writes what a node means. A list's order counts, a mapping's does not.
func (n *node) identify(h hash.Hash64) {
	switch n.kind {
	case list:
		fmt.Fprint(h, "[")
		for _, item := range n.items {
			item.identify(h)
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "]")
	case mapping:
		pairs := slices.SortedFunc(slices.Values(n.pairs),
			func(a, b pair) int { return strings.Compare(a.key.text, b.key.text) })
		fmt.Fprint(h, "{")
		for _, p := range pairs {
			fmt.Fprintf(h, "%q:", p.key.text)
			p.value.identify(h)
			fmt.Fprint(h, ",")
		}
		fmt.Fprint(h, "}")
	default:
		if v, err := scalarValue(n); err == nil {
			fmt.Fprintf(h, "%T %#v", v, v)
			return
		}
		fmt.Fprintf(h, "%q", n.text)
	}
}
