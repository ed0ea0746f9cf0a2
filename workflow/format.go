package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String is the graph as an arrow expression, which ParseGraph reads as the same graph. Branches that split and join as
// brackets do are written so; further edges are chains of their own.
func (g *Graph) String() string {
	if len(g.Nodes) == 0 {
		return ""
	}
	return strings.Join(newFormatter(g).chains(), "; ")
}

// formatter writes one graph. Each edge is written once.
type formatter struct {
	g       *Graph
	next    [][]int // by node, those that follow
	written []bool
	edges   map[[2]int]bool // those that are written
}

func newFormatter(g *Graph) *formatter {
	f := &formatter{g: g, next: make([][]int, len(g.Nodes)), written: make([]bool, len(g.Nodes)),
		edges: map[[2]int]bool{}}
	for i, n := range g.Nodes {
		for _, e := range n.After {
			f.next[e.From] = append(f.next[e.From], i)
		}
	}
	return f
}

// chains are the expressions that together have every node and edge.
func (f *formatter) chains() (all []string) {
	for i, n := range f.g.Nodes {
		if f.written[i] {
			continue
		}
		before := -1
		for _, e := range n.After {
			if f.written[e.From] {
				before = e.From
				break
			}
		}
		if before < 0 {
			all = append(all, f.chain(i))
		} else {
			all = append(all, f.g.Nodes[before].Name+f.link(before, i, true)+f.rest(i))
		}
	}
	for i, n := range f.g.Nodes {
		for _, e := range n.After {
			if !f.edges[[2]int{e.From, i}] {
				f.edges[[2]int{e.From, i}] = true
				all = append(all, f.g.Nodes[e.From].Name+" -> "+guardText(e.When)+n.Name)
			}
		}
	}
	return all
}

// chain writes a node and what follows it.
func (f *formatter) chain(i int) string { return f.element(i) + f.rest(i) }

// rest writes what follows a node: the next one, or branches, or nothing.
func (f *formatter) rest(i int) string {
	var b strings.Builder
	for i >= 0 {
		to := f.open(i)
		if to < 0 {
			break
		}
		if block, join := f.block(i); block != nil {
			b.WriteString(" ==> (" + strings.Join(f.commit(i, block), ", ") + ")")
			if join >= 0 {
				last := block[0].tails()
				b.WriteString(" >== " + guardText(f.when(last[0], join)) + f.element(join))
				for _, branch := range block {
					for _, t := range branch.tails() {
						f.edges[[2]int{t, join}] = true
					}
				}
			}
			i = join
			continue
		}
		b.WriteString(f.link(i, to, false))
		i = to
	}
	return b.String()
}

// open is the first node that follows and is not written; -1: there is none.
func (f *formatter) open(i int) int {
	for _, to := range f.next[i] {
		if !f.written[to] {
			return to
		}
	}
	return -1
}

// link writes an edge and the node that it leads to. Named: the node that it comes from stands there by its name only.
func (f *formatter) link(from, to int, named bool) string {
	f.edges[[2]int{from, to}] = true
	when := f.when(from, to)
	n, last := f.g.Nodes[to], f.g.Nodes[from]
	if !named && (last.Each != nil || last.Loop != nil) || when == "" && (n.Each != nil || n.Loop != nil) {
		return " " + guardText(when) + f.element(to) // >-- and ** are arrows themselves
	}
	return " -> " + guardText(when) + f.element(to)
}

func (f *formatter) when(from, to int) string {
	for _, e := range f.g.Nodes[to].After {
		if e.From == from {
			return e.When
		}
	}
	return ""
}

func guardText(when string) string {
	if when == "" {
		return ""
	}
	return "[" + when + "] "
}

// element writes a node for the first time.
func (f *formatter) element(i int) string {
	f.written[i] = true
	n := f.g.Nodes[i]
	var text string
	var body *Graph
	switch {
	case n.Each != nil:
		text, body = n.Each.head(), n.Each.Body
	case n.Loop != nil:
		text, body = "++(until = "+n.Loop.Until+", times = "+strconv.Itoa(n.Loop.Times)+")", n.Loop.Body
	default:
		return n.Name + n.Join.suffix()
	}
	join := n.Join.suffix()
	if join != "" {
		join = " " + join
	}
	return text + " --< (" + body.String() + ") >--" + join
}

func (j Join) suffix() string {
	switch j.AtLeast {
	case 0:
		return ""
	case 1:
		return "{any}"
	}
	return "{" + strconv.Itoa(j.AtLeast) + "}"
}

func (e *Each) head() string {
	var lists []string
	for _, b := range e.Over {
		lists = append(lists, b.Name+" = "+b.List)
	}
	text := strings.Join(lists, ", ")
	if e.Zipped {
		text = "zip(" + text + ")"
	}
	var options []string
	if e.Parallel > 0 {
		options = append(options, fmt.Sprintf("parallel = %d", e.Parallel))
	}
	if e.Tolerate > 0 {
		options = append(options, fmt.Sprintf("tolerate = %d", e.Tolerate))
	}
	if e.Ordered {
		options = append(options, "ordered")
	}
	if len(options) > 0 {
		text += "; " + strings.Join(options, ", ")
	}
	return "**(" + text + ")"
}

// branch is one of several that split and join again: nodes, one after the other, perhaps with such blocks within.
type branch struct {
	nodes []int
	inner map[int]inner // by the node behind which it splits
}

type inner struct {
	branches []*branch
	join     int // -1: none
}

// tails are the nodes that a branch ends with.
func (b *branch) tails() []int {
	last := b.nodes[len(b.nodes)-1]
	in, splits := b.inner[last]
	if !splits {
		return []int{last}
	}
	var all []int
	for _, c := range in.branches {
		all = append(all, c.tails()...)
	}
	return all
}

// block finds what follows a node as branches that all end at the same join, or all end; nil: it does not have that
// form.
func (f *formatter) block(i int) (all []*branch, join int) {
	return f.blockWithin(i, 0)
}

func (f *formatter) blockWithin(i, depth int) (all []*branch, join int) {
	next := f.next[i]
	if len(next) < 2 || depth > deepest {
		return nil, -1
	}
	join = -2
	total := 0
	for _, to := range next {
		b, ends := f.branchFrom(i, to, depth)
		if b == nil || join != -2 && ends != join {
			return nil, -1
		}
		join = ends
		all = append(all, b)
		total += len(b.tails())
	}
	if join < 0 {
		return all, -1
	}
	if len(f.g.Nodes[join].After) != total || f.written[join] {
		return nil, -1
	}
	first := f.when(all[0].tails()[0], join)
	for _, b := range all {
		for _, t := range b.tails() {
			if f.when(t, join) != first {
				return nil, -1
			}
		}
	}
	return all, join
}

// branchFrom follows a branch from its first node to the node that joins it with others; -1: it ends.
func (f *formatter) branchFrom(split, i, depth int) (*branch, int) {
	if f.written[i] || len(f.g.Nodes[i].After) != 1 {
		return nil, 0
	}
	b := &branch{nodes: []int{i}, inner: map[int]inner{}}
	for {
		switch next := f.next[i]; {
		case len(next) == 0:
			return b, -1
		case len(next) == 1 && len(f.g.Nodes[next[0]].After) == 1:
			i = next[0]
		case len(next) == 1:
			return b, next[0]
		default:
			branches, join := f.blockWithin(i, depth+1)
			if branches == nil {
				return nil, 0
			}
			b.inner[i] = inner{branches, join}
			if join < 0 {
				return b, -1
			}
			i = join
		}
		if f.written[i] {
			return nil, 0
		}
		b.nodes = append(b.nodes, i)
	}
}

// commit writes the branches of a block.
func (f *formatter) commit(split int, branches []*branch) (all []string) {
	for _, b := range branches {
		first := b.nodes[0]
		f.edges[[2]int{split, first}] = true
		text := guardText(f.when(split, first)) + f.element(first)
		for k, i := range b.nodes {
			in, splits := b.inner[i]
			switch {
			case splits:
				text += " ==> (" + strings.Join(f.commit(i, in.branches), ", ") + ")"
				if in.join >= 0 {
					for _, c := range in.branches {
						for _, t := range c.tails() {
							f.edges[[2]int{t, in.join}] = true
						}
					}
					text += " >== " + guardText(f.when(in.branches[0].tails()[0], in.join)) + f.element(in.join)
				}
			case k+1 < len(b.nodes):
				text += f.link(i, b.nodes[k+1], false)
			}
		}
		all = append(all, text)
	}
	return slices.Clip(all)
}
