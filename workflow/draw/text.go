package draw

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/workflow"
)

// Text draws a graph from top to bottom, a node a line, with a lane for each edge that is under way, in so many
// columns.
func Text(w *workflow.Workflow, width int) string {
	lines := lanesOf(w.Graph)
	if w.Finally != nil {
		lines = append(lines, "", "finally")
		lines = append(lines, lanesOf(w.Finally)...)
	}
	for i, line := range lines {
		lines[i] = fit(strings.TrimRight(line, " "), width)
	}
	return strings.Join(lines, "\n") + "\n"
}

func fit(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:width-1]) + "…"
}

// canvas draws one graph.
type canvas struct {
	g     *workflow.Graph
	next  [][]int
	lanes []int // the node that the edge in a lane leads to; free: none is in it
	lines []string
	names int // columns of the longest name
}

const (
	free  = -1
	pitch = 3 // columns of a lane
)

func lanesOf(g *workflow.Graph) []string {
	c := &canvas{g: g, next: make([][]int, len(g.Nodes))}
	for i, n := range g.Nodes {
		for _, e := range n.After {
			c.next[e.From] = append(c.next[e.From], i)
		}
		const longest = 40 // a longer name pushes only its own line
		if k := utf8.RuneCountInString(n.Name); n.Body() == nil && k <= longest {
			c.names = max(c.names, k)
		}
	}
	for _, i := range depthFirst(g, c.next) {
		if c.node(i); len(c.lanes) > mostLanes {
			return c.list()
		}
	}
	return c.lines
}

// mostLanes is how many edges under way can be told from each other; a graph with more of them is a list.
const mostLanes = 24

// list has a line for each node, with those that it waits for.
func (c *canvas) list() (lines []string) {
	for _, n := range c.g.Nodes {
		text := sign(n) + "  " + c.describe(n)
		const most = 4
		for k, e := range n.After {
			switch {
			case k == 0:
				text += "  after " + c.g.Nodes[e.From].Name
			case k < most:
				text += ", " + c.g.Nodes[e.From].Name
			}
		}
		if more := len(n.After) - most; more > 0 {
			text += " and " + strconv.Itoa(more) + " more"
		}
		lines = append(lines, text)
		if b := n.Body(); b != nil {
			for _, line := range lanesOf(b) {
				lines = append(lines, "┃  "+line)
			}
		}
	}
	return lines
}

// sign is what stands for a node.
func sign(n *workflow.Node) string {
	switch {
	case n.Body() != nil:
		return "◆"
	case n.Step == nil:
		return "○"
	}
	return "●"
}

// depthFirst is a topological order that finishes a branch before it begins the next.
func depthFirst(g *workflow.Graph, next [][]int) (order []int) {
	waits := make([]int, len(g.Nodes))
	var ready []int // a stack
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if waits[i] = len(g.Nodes[i].After); waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		order = append(order, i)
		for k := len(next[i]) - 1; k >= 0; k-- {
			to := next[i][k]
			if waits[to]--; waits[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return order
}

// node draws the lines of a node: lanes that meet there, itself, the graph within it, and lanes that begin.
func (c *canvas) node(i int) {
	at := c.meet(i)
	n := c.g.Nodes[i]
	c.lanes[at] = i
	c.line(c.row(at, sign(n)), c.describe(n))
	if b := n.Body(); b != nil {
		for _, line := range lanesOf(b) {
			c.line(c.row(at, "┃"), line)
		}
	}
	c.leave(i, at)
}

// meet draws the lanes that lead to a node into the first of them, and answers which that is.
func (c *canvas) meet(i int) int {
	at := slices.Index(c.lanes, i)
	if at < 0 {
		return c.take(i)
	}
	var ends []int
	for k := at + 1; k < len(c.lanes); k++ {
		if c.lanes[k] == i {
			ends = append(ends, k)
		}
	}
	if len(ends) > 0 {
		c.lines = append(c.lines, c.bar(at, ends, "├", "┴", "╯"))
		for _, k := range ends {
			c.lanes[k] = free
		}
		c.trim()
	}
	return at
}

// take is a free lane for an edge.
func (c *canvas) take(to int) int {
	at := slices.Index(c.lanes, free)
	if at < 0 {
		at = len(c.lanes)
		c.lanes = append(c.lanes, free)
	}
	c.lanes[at] = to
	return at
}

func (c *canvas) trim() {
	for len(c.lanes) > 0 && c.lanes[len(c.lanes)-1] == free {
		c.lanes = c.lanes[:len(c.lanes)-1]
	}
}

// leave gives each edge from a node a lane: the first its own.
func (c *canvas) leave(i, at int) {
	next := c.next[i]
	if len(next) == 0 {
		c.lanes[at] = free
		c.trim()
		return
	}
	c.lanes[at] = next[0]
	var begun []int
	for _, to := range next[1:] {
		k := len(c.lanes) // to the right of all, so that no line leads back
		if f := slices.Index(c.lanes[at:], free); f >= 0 {
			k = at + f
			c.lanes[k] = to
		} else {
			c.lanes = append(c.lanes, to)
		}
		begun = append(begun, k)
	}
	if len(begun) > 0 {
		c.lines = append(c.lines, c.bar(at, begun, "├", "┬", "╮"))
	}
}

// row has all lanes that are under way, and a sign in one of them.
func (c *canvas) row(at int, sign string) string {
	var b strings.Builder
	for k, to := range c.lanes {
		switch {
		case k == at:
			b.WriteString(sign)
		case to == free:
			b.WriteByte(' ')
		default:
			b.WriteString("│")
		}
		b.WriteString(strings.Repeat(" ", pitch-1))
	}
	return b.String()
}

// bar joins a lane with others to its right.
func (c *canvas) bar(at int, others []int, first, middle, last string) string {
	var b strings.Builder
	end := slices.Max(others)
	for k, to := range c.lanes {
		sign, fill := " ", " "
		switch {
		case k == at:
			sign, fill = first, "─"
		case k == end:
			sign = last
		case slices.Contains(others, k):
			sign, fill = middle, "─"
		case k > at && k < end && to != free:
			sign, fill = "┼", "─"
		case k > at && k < end:
			sign, fill = "─", "─"
		case to != free:
			sign = "│"
		}
		b.WriteString(sign + strings.Repeat(fill, pitch-1))
	}
	return b.String()
}

func (c *canvas) line(lanes, text string) { c.lines = append(c.lines, lanes+text) }

// describe is what stands behind a node.
func (c *canvas) describe(n *workflow.Node) string {
	var notes []string
	if s := n.Step; s != nil {
		notes = append(notes, s.Type)
		if s.When != "" {
			notes = append(notes, "when "+s.When)
		}
		if s.Breakpoint {
			notes = append(notes, "pauses before")
		}
	}
	for _, when := range conditions(n) {
		notes = append(notes, "if "+when)
	}
	if j := joinLabel(n); j != "" {
		notes = append(notes, "after "+j)
	}
	text := label(n)
	if len(notes) == 0 {
		return text
	}
	pad := 1
	if n.Body() == nil {
		pad = max(1, c.names+2-utf8.RuneCountInString(text))
	}
	return text + strings.Repeat(" ", pad) + strings.Join(notes, "  ")
}
