package draw

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/workflow"
)

// Lengths in pixels.
const (
	charWidth   = 7.5 // of the font, about
	boxHeight   = 44  // name and type
	placeHeight = 28
	boxPad      = 28 // beside a name
	leastWidth  = 80
	bodyPad     = 16 // around the graph within a node
	bodyTitle   = 26 // above it
	apart       = 28 // between neighbours
	below       = 40 // between layers
)

type point struct{ x, y float64 }

// box is a node with its place; x and y are those of its upper left corner.
type box struct {
	node       *workflow.Node
	x, y, w, h float64
	inner      *picture // the graph within it; nil: there is none
}

// line is an edge, from the lower side of a box to the upper side of another.
type line struct {
	points []point
	when   string
}

// picture is a graph laid out.
type picture struct {
	w, h  float64
	boxes []box
	lines []line
}

// cell is what stands in a layer: a node, or a bend of an edge that passes.
type cell struct {
	node     int // -1: a bend
	x, w     float64
	up, down []int // neighbours in the layers above and below
}

// layout places a graph by the steps of Sugiyama's method: layers by the longest way, bends where edges pass layers, an
// order that crosses little by barycenters, and places near to those of neighbours.
func layout(g *workflow.Graph) *picture { return layoutWide(g, leastWidth) }

// layoutWide is layout with boxes of a width at least.
func layoutWide(g *workflow.Graph, least float64) *picture {
	p := &picture{boxes: make([]box, len(g.Nodes))}
	layer, deepest := make([]int, len(g.Nodes)), 0
	for i, n := range g.Nodes {
		p.boxes[i] = boxOf(n, least)
		for _, e := range n.After {
			layer[i] = max(layer[i], layer[e.From]+1)
		}
		deepest = max(deepest, layer[i])
	}
	l := &layers{rows: make([][]int, deepest+1)}
	next := make([][]int, len(g.Nodes))
	for i, n := range g.Nodes {
		l.cells = append(l.cells, cell{node: i, w: p.boxes[i].w})
		for _, e := range n.After {
			next[e.From] = append(next[e.From], i)
		}
	}
	for _, i := range depthFirst(g, next) {
		l.rows[layer[i]] = append(l.rows[layer[i]], i)
	}
	ways := l.connect(g, layer)
	l.order()
	l.place()
	p.fill(g, l, ways)
	return p
}

func boxOf(n *workflow.Node, least float64) box {
	b := box{node: n, w: max(least, boxPad+charWidth*float64(utf8.RuneCountInString(n.Name))), h: placeHeight}
	if n.Step != nil {
		b.h = boxHeight
	}
	if g := n.Body(); g != nil {
		b.inner = layoutWide(g, least)
		title := boxPad + charWidth*float64(utf8.RuneCountInString(label(n)))
		b.w, b.h = max(b.inner.w+2*bodyPad, title), b.inner.h+bodyPad+bodyTitle
	}
	return b
}

// layers are the cells by layer, from left to right.
type layers struct {
	cells []cell
	rows  [][]int
}

const mostBends = 20_000 // beyond it edges are straight, and pass behind boxes

// connect makes the bends, and answers for each edge with the cells that it passes.
func (l *layers) connect(g *workflow.Graph, layer []int) (ways [][]int) {
	bends := 0
	for i, n := range g.Nodes {
		for _, e := range n.After {
			bends += layer[i] - layer[e.From] - 1
		}
	}
	for i, n := range g.Nodes {
		for _, e := range n.After {
			way := []int{e.From}
			for row := layer[e.From] + 1; row < layer[i] && bends <= mostBends; row++ {
				way = append(way, len(l.cells))
				l.rows[row] = append(l.rows[row], len(l.cells))
				l.cells = append(l.cells, cell{node: -1, w: 1})
			}
			way = append(way, i)
			for k := 1; k < len(way); k++ {
				l.cells[way[k-1]].down = append(l.cells[way[k-1]].down, way[k])
				l.cells[way[k]].up = append(l.cells[way[k]].up, way[k-1])
			}
			ways = append(ways, way)
		}
	}
	return ways
}

const sweeps = 8 // of which more change little

// order sorts each layer by the mean rank of the neighbours above, then below, and so on.
func (l *layers) order() {
	rank := make([]float64, len(l.cells))
	for _, row := range l.rows {
		for k, i := range row {
			rank[i] = float64(k)
		}
	}
	l.sweep(func(row []int, of func(c *cell) []int) {
		mean := make(map[int]float64, len(row))
		for _, i := range row {
			mean[i] = rank[i]
			if near := of(&l.cells[i]); len(near) > 0 {
				sum := 0.0
				for _, j := range near {
					sum += rank[j]
				}
				mean[i] = sum / float64(len(near))
			}
		}
		slices.SortStableFunc(row, func(a, b int) int {
			switch {
			case mean[a] < mean[b]:
				return -1
			case mean[a] > mean[b]:
				return 1
			}
			return 0
		})
		for k, i := range row {
			rank[i] = float64(k)
		}
	})
}

// sweep visits the layers downwards, then upwards.
func (l *layers) sweep(visit func(row []int, of func(c *cell) []int)) {
	for range sweeps {
		for _, row := range l.rows {
			visit(row, func(c *cell) []int { return c.up })
		}
		for k := len(l.rows) - 1; k >= 0; k-- {
			visit(l.rows[k], func(c *cell) []int { return c.down })
		}
	}
}

// place moves cells towards the middle of their neighbours, as far as those beside them leave room.
func (l *layers) place() {
	for _, row := range l.rows {
		x := 0.0
		for _, i := range row {
			l.cells[i].x = x + l.cells[i].w/2
			x += l.cells[i].w + apart
		}
	}
	l.sweep(func(row []int, of func(c *cell) []int) {
		wish := make([]float64, len(row))
		for k, i := range row {
			c := &l.cells[i]
			wish[k] = c.x
			if near := of(c); len(near) > 0 {
				sum := 0.0
				for _, j := range near {
					sum += l.cells[j].x
				}
				wish[k] = sum / float64(len(near))
			}
		}
		l.settle(row, wish)
	})
}

// settle gives a row the places that are nearest to those wished for, in the sense of least squares: without the room
// that each cell needs it is isotonic regression, by pooling neighbours that want to pass each other.
func (l *layers) settle(row []int, wish []float64) {
	type pool struct {
		mean float64
		n    int
	}
	offset := make([]float64, len(row))
	var pools []pool
	for k, i := range row {
		if k > 0 {
			offset[k] = offset[k-1] + l.cells[row[k-1]].w/2 + apart + l.cells[i].w/2
		}
		next := pool{wish[k] - offset[k], 1}
		for len(pools) > 0 && pools[len(pools)-1].mean >= next.mean {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			next = pool{(last.mean*float64(last.n) + next.mean*float64(next.n)) / float64(last.n+next.n),
				last.n + next.n}
		}
		pools = append(pools, next)
	}
	k := 0
	for _, p := range pools {
		for range p.n {
			l.cells[row[k]].x = p.mean + offset[k]
			k++
		}
	}
}

// fill sets the places of boxes and lines.
func (p *picture) fill(g *workflow.Graph, l *layers, ways [][]int) {
	left, right := math.Inf(1), math.Inf(-1)
	top, bottom := make([]float64, len(l.cells)), make([]float64, len(l.cells))
	y := 0.0
	for _, row := range l.rows {
		height := 0.0
		for _, i := range row {
			left, right = min(left, l.cells[i].x-l.cells[i].w/2), max(right, l.cells[i].x+l.cells[i].w/2)
			if n := l.cells[i].node; n >= 0 {
				height = max(height, p.boxes[n].h)
			}
		}
		for _, i := range row {
			top[i], bottom[i] = y, y+height
			if n := l.cells[i].node; n >= 0 {
				b := &p.boxes[n]
				b.y = y
			}
		}
		y += height + below
	}
	p.w, p.h = right-left, y-below
	for i := range p.boxes {
		p.boxes[i].x = l.cells[i].x - p.boxes[i].w/2 - left
	}
	k := 0
	for _, n := range g.Nodes {
		for _, e := range n.After {
			way := ways[k]
			k++
			var at []point
			for j, i := range way {
				x := l.cells[i].x - left
				if j > 0 {
					at = append(at, point{x, top[i]})
				} else if b := p.boxes[i]; b.y+b.h < bottom[i] {
					at = append(at, point{x, b.y + b.h}) // straight down beside higher boxes
				}
				if j+1 < len(way) {
					at = append(at, point{x, bottom[i]})
				}
			}
			p.lines = append(p.lines, line{at, e.When})
		}
	}
}
