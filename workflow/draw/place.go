package draw

import "github.com/kaon-sweep/kaon/workflow"

// Picture is a graph with the places of all that is in it, for pages that draw it. Lengths are pixels, from the upper
// left corner. Fields may be added, not renamed.
type Picture struct {
	Width  float64    `json:"width"`
	Height float64    `json:"height"`
	Boxes  []Placed   `json:"boxes"` // what contains others stands before them
	Lines  []PlacedBy `json:"lines"`
	Last   float64    `json:"finally,omitempty"` // where what runs in any case begins; absent: nothing does
}

// Placed is a node with its place.
type Placed struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`           // step, each, loop, or none: it does nothing
	Type   string  `json:"type,omitempty"` // of a step
	Label  string  `json:"label,omitempty"`
	Join   string  `json:"join,omitempty"` // how much of what leads to it must have succeeded; absent: all
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// PlacedBy is an edge: from the lower side of a box over bends to the upper side of another.
type PlacedBy struct {
	From   string       `json:"from"`
	To     string       `json:"to"`
	When   string       `json:"when,omitempty"`
	Points [][2]float64 `json:"points"`
}

// leastShown is how wide a box on a page is at least: its state stands in it.
const leastShown = 124

// Place lays a workflow out.
func Place(w *workflow.Workflow) *Picture {
	main := layoutWide(w.Graph, leastShown)
	out := &Picture{Width: main.w, Height: main.h, Boxes: []Placed{}, Lines: []PlacedBy{}}
	var last *picture
	if w.Finally != nil {
		last = layoutWide(w.Finally, leastShown)
		out.Width, out.Height, out.Last = max(main.w, last.w), main.h+2*below+last.h, main.h+below
	}
	out.add(w.Graph, main, (out.Width-main.w)/2, 0)
	if last != nil {
		out.add(w.Finally, last, (out.Width-last.w)/2, main.h+2*below)
	}
	return out
}

func (o *Picture) add(g *workflow.Graph, p *picture, x, y float64) {
	edge := 0
	for _, n := range g.Nodes {
		for _, e := range n.After {
			l := p.lines[edge]
			edge++
			line := PlacedBy{From: g.Nodes[e.From].Name, To: n.Name, When: e.When}
			for _, at := range l.points {
				line.Points = append(line.Points, [2]float64{x + at.x, y + at.y})
			}
			o.Lines = append(o.Lines, line)
		}
	}
	for _, b := range p.boxes {
		one := Placed{Name: b.node.Name, Kind: "none", Join: joinLabel(b.node), X: x + b.x, Y: y + b.y, Width: b.w,
			Height: b.h}
		switch {
		case b.node.Step != nil:
			one.Kind, one.Type = "step", b.node.Step.Type
		case b.node.Each != nil:
			one.Kind, one.Label = "each", label(b.node)
		case b.node.Loop != nil:
			one.Kind, one.Label = "loop", label(b.node)
		}
		o.Boxes = append(o.Boxes, one)
		if b.inner != nil {
			o.add(b.node.Body(), b.inner, one.X+(b.w-b.inner.w)/2, one.Y+bodyTitle)
		}
	}
}
