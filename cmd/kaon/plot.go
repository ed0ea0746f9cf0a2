package main

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strings"
)

// plotLine is a curve of a plot, by ascending x. Its values are finite.
type plotLine struct {
	label string // stands behind its end
	x, y  []float64
}

// plot draws curves on a terminal: dots of braille, two by four in a cell, with a label at the end of each curve.
type plot struct {
	width, height int // in cells, without axes and labels
	log           bool
	lines         []plotLine
}

// braille has the bit of each dot of a cell, by row and column.
var braille = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// lineColours tell curves apart where colours can be seen: of the palette of 256, as far from black as from white.
var lineColours = []string{"38;5;31", "38;5;166", "38;5;28", "38;5;133", "38;5;136", "38;5;160"}

// bounds are the least and the largest of all curves.
func (p *plot) bounds() (low, high [2]float64) {
	low, high = [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, l := range p.lines {
		for i := range l.x {
			for k, v := range [2]float64{l.x[i], p.scaled(l.y[i])} {
				low[k], high[k] = min(low[k], v), max(high[k], v)
			}
		}
	}
	for k := range low {
		if low[k] == high[k] { // in the middle, also where one half more or less is the same number
			by := max(0.5, math.Abs(low[k])*1e-9)
			low[k], high[k] = max(low[k]-by, -math.MaxFloat64), min(high[k]+by, math.MaxFloat64)
		}
	}
	return low, high
}

func (p *plot) scaled(y float64) float64 {
	if p.log {
		return math.Log10(y)
	}
	return y
}

func (p *plot) unscaled(y float64) float64 {
	if p.log {
		return math.Pow(10, y)
	}
	return y
}

// portion is where a value lies between two, from 0 to 1, also where these are farther apart than the largest number.
func portion(v, low, high float64) float64 {
	if math.IsInf(high-low, 0) {
		v, low, high = v/2, low/2, high/2
	}
	return min(max((v-low)/(high-low), 0), 1)
}

// dots is a canvas, and whose curve drew last in each cell.
type dots struct {
	cells [][]rune
	owner [][]int
}

func newDots(width, height int) *dots {
	d := &dots{make([][]rune, height), make([][]int, height)}
	for row := range d.cells {
		d.cells[row], d.owner[row] = make([]rune, width), make([]int, width)
	}
	return d
}

// set draws a dot, counted from the top left in dots.
func (d *dots) set(x, y, owner int) {
	row, column := y/4, x/2
	d.cells[row][column] |= braille[y%4][x%2]
	d.owner[row][column] = owner
}

// segment draws a line between two dots.
func (d *dots) segment(x0, y0, x1, y1, owner int) {
	steps := max(abs(x1-x0), abs(y1-y0), 1)
	for i := range steps + 1 {
		d.set(x0+(x1-x0)*i/steps, y0+(y1-y0)*i/steps, owner)
	}
}

func abs(n int) int { return max(n, -n) }

// print writes the plot; colours says whether they can be seen.
func (p *plot) print(w io.Writer, colours bool) {
	for _, row := range p.rows() {
		var b strings.Builder
		for _, s := range row {
			b.WriteString(coloured(s.text, s.code, colours && s.text != blank))
		}
		_, _ = io.WriteString(w, strings.TrimRight(b.String(), " "+blank)+"\n")
	}
}

// blank is a cell without dots.
const blank = "\u2800"

// rows is the plot, with its axes.
func (p *plot) rows() (all [][]span) {
	low, high := p.bounds()
	canvas := newDots(p.width, p.height)
	at := func(x, y float64) (int, int) {
		column := portion(x, low[0], high[0]) * float64(2*p.width-1)
		row := portion(-p.scaled(y), -high[1], -low[1]) * float64(4*p.height-1)
		return int(math.Round(column)), int(math.Round(row))
	}
	ends := make([][]int, p.height)
	for k, l := range p.lines {
		x0, y0 := at(l.x[0], l.y[0])
		for i := range l.x {
			x1, y1 := at(l.x[i], l.y[i])
			canvas.segment(x0, y0, x1, y1, k)
			x0, y0 = x1, y1
		}
		ends[y0/4] = append(ends[y0/4], k)
	}
	for row := range p.height {
		slices.SortFunc(ends[row], func(a, b int) int { return cmp.Compare(a, b) })
		all = append(all, p.row(canvas, row, ends[row], low[1], high[1]))
	}
	left, right := formatValue(low[0]), formatValue(high[0])
	margin := strings.Repeat(" ", p.margin(low[1], high[1])+2)
	x := p.lines[0].x[0]
	wide := func(l plotLine) bool { return l.x[0] != x || l.x[len(l.x)-1] != x }
	if !slices.ContainsFunc(p.lines, wide) { // a single step
		left, right = formatValue(x), ""
	}
	return append(all,
		[]span{spanOf(margin + left + strings.Repeat(" ", max(1, p.width-len(left)-len(right))) + right)})
}

// margin is how wide the labels of the axis are.
func (p *plot) margin(low, high float64) int {
	return max(len(formatValue(p.unscaled(low))), len(formatValue(p.unscaled(high))))
}

// row is one row of the plot, with the labels of the curves that end in it.
func (p *plot) row(canvas *dots, row int, ends []int, low, high float64) (spans []span) {
	label := ""
	switch row {
	case 0:
		label = formatValue(p.unscaled(high))
	case p.height - 1:
		label = formatValue(p.unscaled(low))
	}
	spans = []span{spanOf(strings.Repeat(" ", p.margin(low, high)-len(label)) + label + " │")}
	for column, cell := range canvas.cells[row] {
		spans = append(spans, span{text: string(0x2800 + cell), code: lineColour(canvas.owner[row][column])})
	}
	for _, k := range ends {
		spans = append(spans, spanOf(" "), span{text: p.lines[k].label, code: lineColour(k)})
	}
	return spans
}

func lineColour(of int) string { return lineColours[of%len(lineColours)] }

func coloured(text, code string, on bool) string {
	if !on || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
