package bench

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// The picture's sizes in pixels, and the colours of its series in order of appearance (blue, orange and grey stay
// apart for the colour-blind and in print).
const (
	width, height            = 860, 520
	left, right, top, bottom = 90, 50, 70, 60
	legend                   = 430
)

var colours = []string{"#1f6fb4", "#e07b00", "#777777", "#2a9d5b"}

// Picture writes cost against size as an SVG: both axes logarithmic, one line per series.
func Picture(w io.Writer, points []Point) error {
	if len(points) == 0 {
		return fmt.Errorf("draw the picture: no points")
	}
	var out bytes.Buffer
	p := newPlot(points)
	fmt.Fprintf(&out,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&out,
		`<text x="%d" y="28" font-size="17" font-weight="bold">Cost of one packing pass against its size</text>`+"\n",
		left)
	fmt.Fprintf(&out,
		`<text x="%d" y="48" fill="#555">one core; one agent of 32 cpus for every 6 trials; less is better</text>`+"\n",
		left)
	p.axes(&out)
	p.lines(&out, points)
	out.WriteString("</svg>\n")
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// plot maps decades to pixels.
type plot struct{ x0, x1, y0, y1 float64 } // decades of trials and seconds

func newPlot(points []Point) plot {
	p := plot{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, pt := range points {
		p.x0, p.x1 = min(p.x0, math.Log10(float64(pt.Trials))), max(p.x1, math.Log10(float64(pt.Trials)))
		p.y0, p.y1 = min(p.y0, math.Log10(pt.Seconds)), max(p.y1, math.Log10(pt.Seconds))
	}
	p.y0, p.y1 = math.Floor(p.y0), math.Ceil(p.y1)
	p.x1 = max(p.x1, p.x0+1)
	p.y1 = max(p.y1, p.y0+1)
	return p
}

func (p plot) x(trials float64) float64 {
	return left + (math.Log10(trials)-p.x0)/(p.x1-p.x0)*(width-left-right)
}

func (p plot) y(seconds float64) float64 {
	return height - bottom - (math.Log10(seconds)-p.y0)/(p.y1-p.y0)*(height-top-bottom)
}

// axes draws a line per decade with its value.
func (p plot) axes(out *bytes.Buffer) {
	for d := math.Ceil(p.x0); d <= p.x1+1e-9; d++ {
		x := p.x(math.Pow(10, d))
		fmt.Fprintf(out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#e4e4e4"/>`+"\n", x, top, x, height-bottom)
		fmt.Fprintf(out, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, height-bottom+20,
			thousands(math.Pow(10, d)))
	}
	for d := p.y0; d <= p.y1+1e-9; d++ {
		y := p.y(math.Pow(10, d))
		fmt.Fprintf(out, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#e4e4e4"/>`+"\n", left, y, width-right, y)
		fmt.Fprintf(out, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left-8,
			y+4, duration(math.Pow(10, d)))
	}
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle" fill="#555">trials waiting</text>`+"\n",
		(left+width-right)/2, height-16)
}

// lines draws the series and their legend.
func (p plot) lines(out *bytes.Buffer, points []Point) {
	for i, name := range seriesOf(points) {
		colour := colours[i%len(colours)]
		fmt.Fprintf(out, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
		var last Point
		for _, pt := range points {
			if pt.Series == name {
				fmt.Fprintf(out, "%.1f,%.1f ", p.x(float64(pt.Trials)), p.y(pt.Seconds))
				last = pt
			}
		}
		out.WriteString("\"/>\n")
		for _, pt := range points {
			if pt.Series == name {
				fmt.Fprintf(out,
					`<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s: %s trials on %s agents, %s</title></circle>`+"\n",
					p.x(float64(pt.Trials)), p.y(pt.Seconds), colour, name, thousands(float64(pt.Trials)),
					thousands(float64(pt.Agents)), duration(pt.Seconds))
			}
		}
		y := height - bottom - 74 + 20*i // in the corner that growing costs leave empty
		fmt.Fprintf(out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", legend, y-4,
			legend+30, y-4, colour)
		fmt.Fprintf(out, `<text x="%d" y="%d">%s: %s for %s</text>`+"\n", legend+38, y, name, duration(last.Seconds),
			thousands(float64(last.Trials)))
	}
}

func seriesOf(points []Point) []string {
	var names []string
	seen := make(map[string]bool)
	for _, pt := range points {
		if !seen[pt.Series] {
			seen[pt.Series] = true
			names = append(names, pt.Series)
		}
	}
	return names
}

func thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func duration(seconds float64) string {
	switch {
	case seconds >= 1:
		return fmt.Sprintf("%.3g s", seconds)
	case seconds >= 1e-3:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	default:
		return fmt.Sprintf("%.3g µs", seconds*1e6)
	}
}
