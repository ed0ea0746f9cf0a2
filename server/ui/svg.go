package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// svg is a picture as it is written.
type svg struct{ strings.Builder }

func (s *svg) add(format string, args ...any) { fmt.Fprintf(&s.Builder, format+"\n", args...) }

func (s *svg) text(x, y, size float64, colour, anchor, text string) {
	s.add(`<text x="%.1f" y="%.1f" font-size="%.1f" fill="%s" text-anchor="%s">%s</text>`, x, y, size, colour, anchor,
		xmlText(text))
}

func (s *svg) dot(x, y, size float64, colour string) {
	if !math.IsNaN(x) && !math.IsNaN(y) {
		s.add(`<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x, y, size, colour)
	}
}

// panel is a part of the picture with a plot in it.
type panel struct {
	*svg
	left, top, right, bottom float64  // of the plot
	names                    []string // of the values of its lower axis, where they are no numbers
}

// panel begins one.
func (s *svg) panel(x, y, width, height float64, title string) *panel {
	s.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8" fill="%s" stroke="%s"/>`, x, y, width, height,
		svgCard, svgLine)
	s.text(x+16, y+26, 14, svgText, "start", sweep.Clip(title, 60))
	return &panel{svg: s, left: x + 60, top: y + 44, right: x + width - 18, bottom: y + height - 44}
}

// nothing says that there is nothing to draw.
func (p *panel) nothing() {
	p.text((p.left+p.right)/2, (p.top+p.bottom)/2, 12, svgQuiet, "middle", "nothing to draw")
}

// axis maps values to pixels.
type axis struct {
	low, high, from, to float64
	log                 bool
}

// at is the pixel of a value; NaN where it is not in view.
func (a axis) at(v float64) float64 {
	if v < a.low || v > a.high {
		return math.NaN()
	}
	return a.clamp(v)
}

// clamp is the pixel of a value, or of the end of the axis that it lies behind.
func (a axis) clamp(v float64) float64 {
	low, high := a.low, a.high
	v = math.Max(low, math.Min(high, v))
	if a.log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	if high <= low {
		return (a.from + a.to) / 2
	}
	if math.IsInf(high-low, 0) { // farther apart than the largest number
		v, low, high = v/2, low/2, high/2
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// ticks are some round values of an axis.
func (a axis) ticks(about int) (list []float64) {
	if a.log {
		first, last := math.Ceil(math.Log10(a.low)-1e-9), math.Floor(math.Log10(a.high)+1e-9)
		every := math.Max(1, math.Ceil((last-first+1)/float64(about)))
		for e := first; e <= last; e += every {
			list = append(list, math.Pow(10, e))
		}
		return list
	}
	raw := (a.high - a.low) / float64(about)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return []float64{a.low}
	}
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*step >= raw*0.99 {
			step *= m
			break
		}
	}
	for i := math.Ceil(a.low/step - 1e-9); i*step <= a.high+step*1e-9 && len(list) < 4*about; i++ {
		list = append(list, i*step)
	}
	return list
}

// axes draws both.
func (p *panel) axes(x, y axis, xLabel string) {
	for _, v := range y.ticks(5) {
		at := y.clamp(v)
		p.add(`<path d="M%.1f %.1fH%.1f" stroke="%s"/>`, p.left, at, p.right, svgLine)
		p.text(p.left-6, at+4, 11, svgQuiet, "end", tickText(v))
	}
	if len(p.names) > 0 {
		every := (len(p.names) + 7) / 8
		for i, name := range p.names {
			if i%every == 0 {
				p.text(x.clamp(float64(i)), p.bottom+16, 11, svgQuiet, "middle", sweep.Clip(name, 10))
			}
		}
	} else {
		for _, v := range x.ticks(6) {
			p.text(x.clamp(v), p.bottom+16, 11, svgQuiet, "middle", tickText(v))
		}
	}
	p.text((p.left+p.right)/2, p.bottom+34, 12, svgText, "middle", sweep.Clip(xLabel, 50))
}

func tickText(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
