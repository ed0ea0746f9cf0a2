package export

import "github.com/kaon-sweep/kaon/workflow"

// structure finds the form of splits and joins that a graph has. A graph that has none is one chain, which runs one
// after the other.
func (f *flowFile) structure(g *workflow.Graph) chain {
	next := make([][]int, len(g.Nodes)+1)
	waits := make([]int, len(g.Nodes)+1)
	last := len(g.Nodes) // what all ends lead to
	var roots []int
	for i, n := range g.Nodes {
		if len(n.After) == 0 {
			roots = append(roots, i)
		}
		waits[i] = len(n.After)
		for _, e := range n.After {
			next[e.From] = append(next[e.From], i)
		}
	}
	for i := range g.Nodes {
		if len(next[i]) == 0 {
			next[i] = []int{last}
			waits[last]++
		}
	}
	var follow func(next0 []int) (chain, int, bool)
	var from func(i int) (chain, int, bool)
	from = func(i int) (c chain, end int, ok bool) {
		for i != last {
			c = append(c, piece{node: g.Nodes[i]})
			if len(next[i]) == 1 {
				if i = next[i][0]; waits[i] > 1 {
					return c, i, true
				}
				continue
			}
			more, end, ok := follow(next[i])
			if !ok {
				return nil, 0, false
			}
			c = append(c, more...)
			if end == last && waits[last] > 0 {
				return c, last, true
			}
			i = end
			if waits[i] > 1 {
				return c, i, true
			}
		}
		return c, last, true
	}
	follow = func(heads []int) (chain, int, bool) {
		var p piece
		join := -1
		for _, h := range heads {
			if waits[h] > 1 || h == last {
				return nil, 0, false
			}
			c, end, ok := from(h)
			if !ok || join >= 0 && end != join {
				return nil, 0, false
			}
			join = end
			p.branches = append(p.branches, c)
		}
		waits[join] -= len(heads) - 1 // they come as one from here on
		return chain{p}, join, true
	}
	var c chain
	var end int
	ok := true
	if len(roots) == 1 {
		c, end, ok = from(roots[0])
	} else {
		c, end, ok = follow(roots)
	}
	for ok && end != last {
		if waits[end] > 1 {
			ok = false
			break
		}
		var more chain
		more, end, ok = from(end)
		c = append(c, more...)
	}
	if ok && count(c) == len(g.Nodes) {
		return c
	}
	f.leave("graph", "its splits and joins have no form in Metaflow: its steps run one after the other")
	c = nil
	for _, n := range g.Nodes {
		c = append(c, piece{node: n})
	}
	return c
}

func count(c chain) (n int) {
	for _, p := range c {
		if p.node != nil {
			n++
		}
		for _, b := range p.branches {
			n += count(b)
		}
	}
	return n
}
