package draw

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// style follows the reader's choice of light or dark.
const style = `<style>
.k{font:13px system-ui,Helvetica,Arial,sans-serif;fill:#1f2328}.t{font-size:11px;fill:#59636e}
.s{fill:#f6f8fa;stroke:#8c959f}.p{fill:#fff;stroke:#8c959f}.b{fill:#ddf4ff55;stroke:#54aeff;stroke-dasharray:5 3}
.e{fill:none;stroke:#59636e}.a{fill:#59636e}.g{fill:#fff}
@media(prefers-color-scheme:dark){.k{fill:#f0f6fc}.t{fill:#9198a1}.s{fill:#161b22;stroke:#6e7681}.p{fill:#0d1117;stroke:#6e7681}
.b{fill:#388bfd1a;stroke:#388bfd}.e{stroke:#9198a1}.a{fill:#9198a1}.g{fill:#0d1117}}
</style>`

const margin = 16

// SVG draws the graph as a picture that needs nothing else: no script, no font, no other file.
func SVG(w *workflow.Workflow) string {
	main := layout(w.Graph)
	width, height := main.w, main.h
	var last *picture
	if w.Finally != nil {
		last = layout(w.Finally)
		width, height = max(width, last.w), height+2*below+last.h
	}
	s := &svg{}
	fmt.Fprintf(&s.b,
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">`+"\n",
		width+2*margin, height+2*margin, width+2*margin, height+2*margin)
	name := w.Name
	if name == "" {
		name = w.File
	}
	s.b.WriteString("<title>" + escaped(name) + "</title>\n" + style + "\n")
	s.b.WriteString(`<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="a" d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	fmt.Fprintf(&s.b, `<rect class="g" width="%.0f" height="%.0f"/>`+"\n", width+2*margin, height+2*margin)
	s.picture(main, margin+(width-main.w)/2, margin)
	if last != nil {
		y := margin + main.h + below
		fmt.Fprintf(&s.b, `<path class="e" stroke-dasharray="2 4" d="M%d %.1fH%.1f"/>`+"\n", margin, y, width+margin)
		s.text("k t", margin, y+16, "start", "finally")
		s.picture(last, margin+(width-last.w)/2, y+below)
	}
	s.b.WriteString("</svg>\n")
	return s.b.String()
}

type svg struct{ b strings.Builder }

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes all
	return b.String()
}

func (s *svg) text(class string, x, y float64, anchor, text string) {
	fmt.Fprintf(&s.b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor,
		escaped(text))
}

func (s *svg) picture(p *picture, x, y float64) {
	for _, l := range p.lines {
		s.line(l, x, y)
	}
	for _, b := range p.boxes {
		s.box(b, x, y)
	}
}

func (s *svg) box(b box, x, y float64) {
	class, round := "s", 6.0
	switch {
	case b.inner != nil:
		class = "b"
	case b.node.Step == nil:
		class, round = "p", b.h/2
	}
	x, y = x+b.x, y+b.y
	fmt.Fprintf(&s.b, `<g data-node="%s">`+"\n"+
		`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.0f"/>`+"\n",
		escaped(b.node.Name), class, x, y, b.w, b.h, round)
	middle := x + b.w/2
	switch {
	case b.inner != nil:
		s.text("k t", middle, y+bodyTitle-9, "middle", label(b.node))
		s.picture(b.inner, x+(b.w-b.inner.w)/2, y+bodyTitle)
	case b.node.Step == nil:
		s.text("k", middle, y+b.h/2+4.5, "middle", b.node.Name)
	default:
		s.text("k", middle, y+b.h/2-2, "middle", b.node.Name)
		s.text("k t", middle, y+b.h/2+14, "middle", b.node.Step.Type)
	}
	if j := joinLabel(b.node); j != "" {
		s.text("k t", middle-8, y-8, "end", j)
	}
	s.b.WriteString("</g>\n")
}

// line draws an edge: straight beside boxes, and curved, with upright ends, between layers.
func (s *svg) line(l line, x, y float64) {
	fmt.Fprintf(&s.b, `<path class="e" marker-end="url(#a)" d="M%.1f %.1f`, x+l.points[0].x, y+l.points[0].y)
	for k := 1; k < len(l.points); k++ {
		from, to := l.points[k-1], l.points[k]
		if from.x == to.x {
			fmt.Fprintf(&s.b, "L%.1f %.1f", x+to.x, y+to.y)
			continue
		}
		half := (from.y + to.y) / 2
		fmt.Fprintf(&s.b, "C%.1f %.1f %.1f %.1f %.1f %.1f", x+from.x, y+half, x+to.x, y+half, x+to.x, y+to.y)
	}
	s.b.WriteString(`"/>` + "\n")
	if l.when != "" {
		last := l.points[len(l.points)-1]
		const longest = 40
		text := l.when
		if r := []rune(text); len(r) > longest {
			text = string(r[:longest-1]) + "…"
		}
		s.text("k t", x+last.x+6, y+last.y-8, "start", text)
	}
}
