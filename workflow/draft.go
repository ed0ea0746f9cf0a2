package workflow

import (
	"fmt"
	"slices"
	"strings"
)

// draft is a graph that is being put together: by the parser, by the reader of `after`, or by a program.
type draft struct {
	top   *scope
	names map[string]*vertex
}

// scope is a graph within the draft: the outermost, or the body of a for-each or a loop.
type scope struct {
	owner    *vertex // nil: the outermost
	vertices []*vertex
	depth    int
}

// vertex is a node before its graph has an order.
type vertex struct {
	name   string // empty: a for-each or a loop, whose body gives the name
	in     *scope
	at     int // where the text has it first, in bytes
	edges  []arrow
	join   Join
	joined bool // the text says how it joins
	step   *Step
	each   *Each // without its body
	loop   *Loop // without its body
	body   *scope
}

// arrow is an edge into a vertex.
type arrow struct {
	from *vertex
	when string
	at   int
}

// Bounds on a graph. Those of Netflix have at most about a thousand steps.
const (
	mostNodes = 10_000
	deepest   = 24 // graphs within each other, and brackets in a text
)

// problem is what is wrong at a place of a text, and what to do about it.
type problem struct {
	at           int // in bytes
	what, remedy string
	of           string // the name that it is of, if any
}

func (p *problem) Error() string { return p.what }

// Remedy is what to do about it.
func (p *problem) Remedy() string { return p.remedy }

func newDraft() *draft { return &draft{top: &scope{}, names: map[string]*vertex{}} }

// add puts a new vertex into a scope; name "": it is a for-each or a loop.
func (d *draft) add(name string, in *scope, at int) (*vertex, error) {
	if len(d.names) >= mostNodes {
		return nil, &problem{at: at, what: fmt.Sprintf("the graph has more than %d nodes", mostNodes),
			remedy: "run a part of it as a workflow of its own, by a step of type `workflow`"}
	}
	v := &vertex{name: name, in: in, at: at}
	in.vertices = append(in.vertices, v)
	if name != "" {
		d.names[name] = v
	}
	return v, nil
}

// enclose adds a for-each or a loop with an empty body.
func (d *draft) enclose(in *scope, at int, each *Each, loop *Loop) (*vertex, error) {
	if in.depth+1 >= deepest {
		return nil, &problem{at: at, what: fmt.Sprintf("more than %d graphs are within each other", deepest),
			remedy: "run the inner ones as a workflow of their own, by a step of type `workflow`"}
	}
	v, err := d.add("", in, at)
	if err != nil {
		return nil, err
	}
	v.each, v.loop, v.body = each, loop, &scope{owner: v, depth: in.depth + 1}
	return v, nil
}

// find is the vertex of a name; of a for-each or a loop the name is one of its body's and its suffix.
func (d *draft) find(name string) *vertex {
	base, suffixes, _ := strings.Cut(name, ".")
	v := d.names[base]
	for v != nil && suffixes != "" {
		var suffix string
		suffix, suffixes, _ = strings.Cut(suffixes, ".")
		if v = v.in.owner; v == nil || suffix != v.suffix() {
			return nil
		}
	}
	return v
}

func (v *vertex) suffix() string {
	if v.loop != nil {
		return "loop"
	}
	return "each"
}

// title is a vertex's name for people, also of one that is not finished.
func (v *vertex) title() string {
	if v.name != "" || v.body == nil || len(v.body.vertices) == 0 {
		return v.name
	}
	return v.body.vertices[0].title() + "." + v.suffix()
}

// connect adds an edge.
func connect(from, to *vertex, when string, at int) error {
	if from.in != to.in {
		return &problem{at: at, what: fmt.Sprintf("`%s` and `%s` are not in the same graph: one is inside "+
			"a for-each or a loop", from.title(), to.title()),
			remedy: "draw the edge to the for-each or loop as a whole, by the name of a step in it and .each or .loop"}
	}
	for _, e := range to.edges {
		if e.from != from {
			continue
		}
		if e.when != when {
			return &problem{at: at, what: fmt.Sprintf("`%s` follows `%s` already, under another condition", to.title(),
				from.title()),
				remedy: "write one edge, and both conditions with && or || between them"}
		}
		return nil
	}
	to.edges = append(to.edges, arrow{from, when, at})
	return nil
}

// setJoin says how a vertex joins; a text may say so once.
func (v *vertex) setJoin(j Join, at int) error {
	if v.joined && v.join != j {
		return &problem{at: at, what: fmt.Sprintf("`%s` joins in another way already", v.title()),
			remedy: "say it once"}
	}
	v.join, v.joined = j, true
	return nil
}

// finish puts the nodes of a scope, and of those within it, into order.
func (s *scope) finish() (*Graph, error) {
	for _, v := range s.vertices {
		if v.body == nil {
			continue
		}
		body, err := v.body.finish()
		if err != nil {
			return nil, err
		}
		if v.each != nil {
			v.each.Body = body
		} else {
			v.loop.Body = body
		}
		v.name = body.Nodes[0].Name + "." + v.suffix()
	}
	order, err := s.order()
	if err != nil {
		return nil, err
	}
	index := make(map[*vertex]int, len(order))
	g := &Graph{Nodes: make([]*Node, len(order))}
	for i, v := range order {
		index[v] = i
		n := &Node{Name: v.name, Step: v.step, Each: v.each, Loop: v.loop, Join: v.join}
		for _, e := range v.edges {
			n.After = append(n.After, Edge{index[e.from], e.when})
		}
		slices.SortFunc(n.After, func(a, b Edge) int { return a.From - b.From })
		g.Nodes[i] = n
	}
	return g, nil
}

// order is a topological order: of those whose predecessors are done the one that was mentioned first (Kahn's algorithm
// with a heap).
func (s *scope) order() ([]*vertex, error) {
	rank := make(map[*vertex]int, len(s.vertices))
	for i, v := range s.vertices {
		rank[v] = i
	}
	next, waits := make([][]int, len(s.vertices)), make([]int, len(s.vertices))
	var ready ranks
	for i, v := range s.vertices {
		waits[i] = len(v.edges)
		for _, e := range v.edges {
			from := rank[e.from]
			next[from] = append(next[from], i)
		}
		if waits[i] == 0 {
			ready.push(i)
		}
	}
	order := make([]*vertex, 0, len(s.vertices))
	for len(ready) > 0 {
		i := ready.pop()
		order = append(order, s.vertices[i])
		for _, to := range next[i] {
			if waits[to]--; waits[to] == 0 {
				ready.push(to)
			}
		}
	}
	if len(order) < len(s.vertices) {
		return nil, s.cycle(rank, waits)
	}
	return order, nil
}

// cycle names a cycle among the vertices that wait for ever, from the one that is mentioned first.
func (s *scope) cycle(rank map[*vertex]int, waits []int) error {
	var v *vertex
	for i, w := range waits {
		if w > 0 {
			v = s.vertices[i]
			break
		}
	}
	seen := map[*vertex]int{}
	var path []arrow // backwards: each is an edge into the one before
	for {
		if from, again := seen[v]; again {
			path = path[from:]
			break
		}
		seen[v] = len(path)
		for _, e := range v.edges {
			if waits[rank[e.from]] > 0 {
				path = append(path, arrow{from: v, at: e.at})
				v = e.from
				break
			}
		}
	}
	slices.Reverse(path)
	first := 0
	for i := range path {
		if rank[path[i].from] < rank[path[first].from] {
			first = i
		}
	}
	names, at := []string{}, 0
	for i := range path {
		e := path[(first+i)%len(path)]
		names, at = append(names, e.from.title()), max(at, e.at)
	}
	names = append(names, names[0])
	const most = 12
	if len(names) > most {
		names = slices.Concat(names[:most/2], []string{"…"}, names[len(names)-most/2:])
	}
	return &problem{at: at, of: names[0], what: "the graph has a cycle: " + strings.Join(names, " -> "),
		remedy: "remove one of these edges; steps that are to run again until a check passes stand in ++(until " +
			"= …, times = 5) --< … >--"}
}

// ranks is a binary heap of the ranks of vertices.
type ranks []int

func (h *ranks) push(x int) {
	*h = append(*h, x)
	for i := len(*h) - 1; i > 0 && (*h)[(i-1)/2] > (*h)[i]; i = (i - 1) / 2 {
		(*h)[i], (*h)[(i-1)/2] = (*h)[(i-1)/2], (*h)[i]
	}
}

func (h *ranks) pop() int {
	top, last := (*h)[0], len(*h)-1
	(*h)[0] = (*h)[last]
	*h = (*h)[:last]
	for i := 0; ; {
		least := i
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c < last && (*h)[c] < (*h)[least] {
				least = c
			}
		}
		if least == i {
			return top
		}
		(*h)[i], (*h)[least] = (*h)[least], (*h)[i]
		i = least
	}
}
