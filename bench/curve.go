package bench

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
)

// Curve is the regret of a method on a function after each trial, over all seeds.
type Curve struct {
	Function, Method string
	Quartiles        [][3]float64 // by trial: lower quartile, median, upper quartile
}

func newCurve(function, method string, regrets [][]float64) Curve {
	c := Curve{Function: function, Method: method}
	at := make([]float64, len(regrets))
	for trial := range regrets[0] {
		for seed := range regrets {
			at[seed] = regrets[seed][trial]
		}
		slices.Sort(at)
		c.Quartiles = append(c.Quartiles, [3]float64{quantile(at, 0.25), quantile(at, 0.5), quantile(at, 0.75)})
	}
	return c
}

// The panels of the picture of regret, in pixels.
const (
	panelWidth, panelHeight = 300, 220
	panelLeft, panelTop     = 56, 34
	panelsPerRow            = 3
	heading                 = 70
)

// hues are the colours of methods, apart for the colour-blind (Okabe and Ito 2008).
var hues = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#777777", "#000000"}

// RegretPicture writes regret against trials as an SVG: a panel for each function, a line for each method with the
// quartiles as a band, both axes logarithmic.
func RegretPicture(w io.Writer, curves []Curve, pending, seeds int) error {
	if len(curves) == 0 {
		return fmt.Errorf("draw the picture: no curves")
	}
	functions, names := namesOf(curves)
	rows := (len(functions) + panelsPerRow - 1) / panelsPerRow
	wide, high := panelsPerRow*(panelWidth+panelLeft)+20, heading+rows*(panelHeight+panelTop+30)
	var out bytes.Buffer
	fmt.Fprintf(&out,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" `+
			`font-size="12">`+"\n", wide, high, wide, high)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="white"/>`+"\n", wide, high)
	fmt.Fprintf(&out,
		`<text x="20" y="26" font-size="16" font-weight="bold">Regret against trials, %d in flight: median and `+
			`quartiles of %d seeds; less is better</text>`+"\n", pending, seeds)
	for i, name := range names {
		x := 20 + 120*i
		fmt.Fprintf(&out, `<line x1="%d" y1="48" x2="%d" y2="48" stroke="%s" stroke-width="3"/>`, x, x+26,
			hues[i%len(hues)])
		fmt.Fprintf(&out, `<text x="%d" y="52">%s</text>`+"\n", x+32, name)
	}
	for i, f := range functions {
		p := newPanel(curves, f)
		p.left = float64(panelLeft + i%panelsPerRow*(panelWidth+panelLeft))
		p.top = float64(heading + panelTop + i/panelsPerRow*(panelHeight+panelTop+30))
		p.axes(&out, f)
		for _, c := range curves {
			if c.Function == f {
				p.line(&out, c, hues[slices.Index(names, c.Method)%len(hues)])
			}
		}
	}
	out.WriteString("</svg>\n")
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// namesOf is the functions and the methods of curves, in order of appearance.
func namesOf(curves []Curve) (functions, methods []string) {
	for _, c := range curves {
		if !slices.Contains(functions, c.Function) {
			functions = append(functions, c.Function)
		}
		if !slices.Contains(methods, c.Method) {
			methods = append(methods, c.Method)
		}
	}
	return functions, methods
}

// panel maps trials and regrets of one function to pixels.
type panel struct {
	left, top       float64
	trials          float64 // the last
	lowest, decades float64 // logarithm of the least regret drawn, and how many decades lie above
}

// noRegret is the least that is drawn: a logarithm needs some.
const noRegret = 1e-9

func decade(regret float64) float64 { return math.Log10(math.Max(regret, noRegret)) }

func newPanel(curves []Curve, function string) panel {
	p := panel{lowest: math.Inf(1)}
	highest := math.Inf(-1)
	for _, c := range curves {
		if c.Function != function {
			continue
		}
		p.trials = math.Max(p.trials, float64(len(c.Quartiles)))
		for _, q := range c.Quartiles {
			p.lowest, highest = math.Min(p.lowest, decade(q[0])), math.Max(highest, decade(q[2]))
		}
	}
	p.lowest = math.Floor(p.lowest)
	p.decades = math.Max(math.Ceil(highest)-p.lowest, 1)
	return p
}

func (p panel) x(trial float64) float64 {
	return p.left + math.Log(trial)/math.Max(math.Log(p.trials), 1e-9)*panelWidth
}

func (p panel) y(regret float64) float64 {
	return p.top + (1-(decade(regret)-p.lowest)/p.decades)*panelHeight
}

func (p panel) axes(out *bytes.Buffer, function string) {
	fmt.Fprintf(out, `<text x="%.0f" y="%.0f" font-weight="bold">%s</text>`+"\n", p.left, p.top-10, function)
	for d := 0.0; d <= p.decades; d++ {
		regret := math.Pow(10, p.lowest+d)
		fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#e4e4e4"/>`, p.left, p.y(regret),
			p.left+panelWidth, p.y(regret))
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="end" fill="#555">%.3g</text>`+"\n", p.left-5,
			p.y(regret)+4, regret)
	}
	for n := 1.0; n <= p.trials; n *= 10 {
		fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#e4e4e4"/>`, p.x(n), p.top, p.x(n),
			p.top+panelHeight)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#555">%s</text>`+"\n", p.x(n),
			p.top+panelHeight+16, thousands(n))
	}
}

func (p panel) line(out *bytes.Buffer, c Curve, colour string) {
	fmt.Fprintf(out, `<polygon fill="%s" fill-opacity="0.12" points="`, colour)
	for i, q := range c.Quartiles {
		fmt.Fprintf(out, "%.1f,%.1f ", p.x(float64(i+1)), p.y(q[2]))
	}
	for i := len(c.Quartiles) - 1; i >= 0; i-- {
		fmt.Fprintf(out, "%.1f,%.1f ", p.x(float64(i+1)), p.y(c.Quartiles[i][0]))
	}
	fmt.Fprintf(out, "\"/>\n"+`<polyline fill="none" stroke="%s" stroke-width="1.8" points="`, colour)
	for i, q := range c.Quartiles {
		fmt.Fprintf(out, "%.1f,%.1f ", p.x(float64(i+1)), p.y(q[1]))
	}
	last := len(c.Quartiles)
	fmt.Fprintf(out, `"><title>%s on %s: %.2g after %d trials</title></polyline>`+"\n", c.Method, c.Function,
		c.Quartiles[last-1][1], last)
}
