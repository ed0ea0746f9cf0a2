package ui

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/sweep"
)

// Size of the picture, in pixels.
const (
	PictureWidth  = 1120
	PictureHeight = 760
)

// svgMost is how many dots a plot has at most.
const svgMost = 3000

// The colours of a picture are those of tokens.css, in light.
const svgText, svgQuiet, svgLine, svgDot, svgMain, svgCard = "#1c2128", "#57606a", "#d9dee4", "#a9b1ba",
	"#0b5c8f", "#ffffff"

// WriteSVG writes the main pictures of a report as one SVG: the best so far, what matters, the objective over what
// matters most, and the trade-off of two goals where there are two. It has no script, names no other file, and what
// trials say is text in it.
func (r Report) WriteSVG(w io.Writer) error {
	f, err := r.facts()
	if err != nil {
		return err
	}
	s := &svg{}
	s.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" font-size="12">`, PictureWidth, PictureHeight, PictureWidth, PictureHeight)
	s.add(`<title>%s</title><rect width="100%%" height="100%%" fill="#f5f6f8"/>`, xmlText(f.ID))
	s.text(24, 38, 20, svgText, "start", f.ID)
	head := fmt.Sprintf("%s · %d of %d trials succeeded, %d failed · %s search", f.State,
		f.Trials.Succeeded+f.Trials.Cached, f.Trials.Total, f.Trials.Failed, f.Method)
	if f.Best != nil {
		head += fmt.Sprintf(" · best %s %s in trial %d", f.Metric, short(f.Best.Value), f.Best.Trial)
	}
	s.text(24, 60, 13, svgQuiet, "start", head)
	r.bestSoFar(s.panel(24, 80, 712, 310, "Best so far"), f)
	r.shares(s.panel(752, 80, 344, 310, "What matters"))
	params := r.varying()
	places := []float64{24, 388, 752}
	if x, y, goals := r.twoGoals(); goals {
		r.scatter(s.panel(places[2], 406, 344, 330, "Trade-off: "+x.Name+", "+y.Name), f, x, y, r.frontRows())
		places = places[:2]
	}
	value := export.Column{Name: f.Metric, Values: r.Columns.Value}
	for i, x := range places {
		if i < len(params) && f.Metric != "" {
			r.scatter(s.panel(x, 406, 344, 330, f.Metric+" over "+params[i].Name), f, params[i], value, nil)
		}
	}
	s.add(`</svg>`)
	_, err = io.WriteString(w, s.String())
	return err
}

// twoGoals are the columns of the first two goals.
func (r Report) twoGoals() (x, y export.Column, ok bool) {
	if len(r.Board.Goals) < 2 {
		return x, y, false
	}
	of := func(name string) (export.Column, bool) {
		if o := r.Board.Objective; o != nil && o.Name == name {
			return export.Column{Name: name, Values: r.Columns.Value}, true
		}
		i := slices.IndexFunc(r.Columns.Metrics, func(c export.Column) bool { return c.Name == name })
		if i < 0 {
			return export.Column{}, false
		}
		return r.Columns.Metrics[i], true
	}
	x, first := of(r.Board.Goals[0])
	y, second := of(r.Board.Goals[1])
	return x, y, first && second
}

func (r Report) frontRows() map[int]bool {
	trials := map[int]bool{}
	for _, p := range r.Board.Pareto {
		trials[p.Trial] = true
	}
	rows := map[int]bool{}
	for i, t := range r.Columns.Trial {
		if trials[t] {
			rows[i] = true
		}
	}
	return rows
}

// bestSoFar draws each trial's value in the order they ended, and the best until then.
func (r Report) bestSoFar(p *panel, f facts) {
	type ended struct {
		at, value float64
		wins      bool
	}
	var all []ended
	for i := range r.Columns.Trial {
		v, ok := number(r.Columns.Value[i])
		at, known := number(r.Columns.Ended[i])
		if ok && known {
			all = append(all, ended{at, v, r.Columns.State[i] == sweep.Succeeded.String() ||
				r.Columns.State[i] == sweep.Cached.String()})
		}
	}
	slices.SortStableFunc(all, func(a, b ended) int { return cmp.Compare(a.at, b.at) })
	if len(all) == 0 {
		p.nothing()
		return
	}
	var values []float64
	for _, e := range all {
		values = append(values, e.value)
	}
	low, high := inView(values, f)
	y := axis{low, high, p.bottom, p.top, false}
	x := axis{1, float64(max(len(all), 2)), p.left, p.right, false}
	p.axes(x, y, "trials ended")
	every := (len(all) + svgMost - 1) / svgMost
	var line strings.Builder
	best, known := 0.0, false
	for n, e := range all {
		if n%every == 0 {
			p.dot(x.at(float64(n+1)), y.at(e.value), 2, svgDot)
		}
		if e.wins && (!known || f.better(e.value, best)) {
			if known {
				fmt.Fprintf(&line, "H%.1f", x.at(float64(n+1)))
				fmt.Fprintf(&line, "V%.1f", y.clamp(e.value))
			} else {
				fmt.Fprintf(&line, "M%.1f %.1f", x.at(float64(n+1)), y.clamp(e.value))
			}
			best, known = e.value, true
		}
	}
	if known {
		p.add(`<path d="%sH%.1f" fill="none" stroke="%s" stroke-width="2.2"/>`, line.String(), p.right, svgMain)
	}
}

// shares draws what the parameters matter.
func (r Report) shares(p *panel) {
	if r.Importance == nil || len(r.Importance.Importance) == 0 {
		p.nothing()
		return
	}
	list := r.Importance.Importance
	for i, s := range list[:min(len(list), 9)] {
		y := p.top + 14 + float64(i)*26
		p.text(p.left+64, y, 12, svgText, "end", sweep.Clip(s.Parameter, 15))
		p.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="12" rx="3" fill="%s"/>`, p.left+74, y-10,
			math.Max(s.Share*(p.right-p.left-120), 1), svgMain)
		p.text(p.right, y, 12, svgQuiet, "end", fmt.Sprintf("%.0f %%", 100*s.Share))
	}
}

// scatter draws a column over another. Marked rows stand out; without any the worst values are left out of view.
func (r Report) scatter(p *panel, f facts, xs, ys export.Column, marked map[int]bool) {
	// Of a column with a word in it every value is a name.
	words := slices.ContainsFunc(xs.Values, func(v any) bool { return v != nil && !numeric(v) })
	var names []string
	places := map[string]int{}
	if words {
		names = namesOf(xs)
		for i, name := range names {
			places[name] = i
		}
	}
	place := func(v any) (float64, bool) {
		if v == nil {
			return 0, false
		}
		if !words {
			return number(v)
		}
		return float64(places[short(v)]), true
	}
	type dot struct {
		x, y float64
		row  int
	}
	var dots []dot
	var all []float64
	x := axis{math.Inf(1), math.Inf(-1), p.left, p.right, false}
	for i := range r.Columns.Trial {
		v, known := place(xs.Values[i])
		y, ok := number(ys.Values[i])
		if known && ok {
			dots, all = append(dots, dot{v, y, i}), append(all, y)
			x.low, x.high = math.Min(x.low, v), math.Max(x.high, v)
		}
	}
	if len(dots) == 0 {
		p.nothing()
		return
	}
	y := axis{slices.Min(all), slices.Max(all), p.bottom, p.top, false}
	if marked == nil {
		y.low, y.high = inView(all, f)
	}
	x.log = len(names) == 0 && x.low > 0 && x.high/x.low > 100
	if len(names) > 0 {
		x.low, x.high = -0.5, float64(len(names))-0.5
	}
	label := xs.Name
	if x.log {
		label += " (log)"
	}
	p.names = names
	p.axes(x, y, label)
	every := (len(dots) + svgMost - 1) / svgMost
	for n, d := range dots {
		spread := 0.0
		if len(names) > 0 {
			spread = (float64((r.Columns.Trial[d.row]*7919)%1000)/1000 - 0.5) * 0.6
		}
		if n%every == 0 && !marked[d.row] {
			p.dot(x.at(d.x+spread), y.at(d.y), 2.2, svgDot)
		}
	}
	for _, d := range dots {
		if marked[d.row] {
			p.dot(x.at(d.x), y.at(d.y), 4, svgMain)
		}
	}
}

// namesOf are the values of a column as they are called, in the order of the spec's list; behind what is in it numbers
// by their values, and the others by their letters. dims.js has the same order.
func namesOf(c export.Column) (names []string) {
	seen := map[string]bool{}
	for _, v := range c.Values {
		if name := short(v); v != nil && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	places := map[string]int{}
	for i, v := range c.Order {
		places[short(v)] = i + 1
	}
	key := func(name string) (place int, number float64) {
		number, err := strconv.ParseFloat(name, 64)
		if err != nil || math.IsNaN(number) {
			number = math.Inf(1)
		}
		return cmp.Or(places[name], math.MaxInt), number
	}
	slices.SortFunc(names, func(a, b string) int {
		ap, an := key(a)
		bp, bn := key(b)
		return cmp.Or(cmp.Compare(ap, bp), cmp.Compare(an, bn), cmp.Compare(a, b))
	})
	return names
}

// inView is the range of values without the worst fifth where that lies far off.
func inView(values []float64, f facts) (low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	low, high = sorted[0], sorted[n-1]
	if n <= 20 {
		return low, high
	}
	a, b := low, sorted[8*(n-1)/10]
	if f.Goal == string(sweep.Maximize) {
		a, b = sorted[2*(n-1)/10], high
	}
	if b > a && (high-low)/(b-a) > 1.5 {
		return a, b
	}
	return low, high
}

// xmlText is a text as XML has it, without what XML cannot have.
func xmlText(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}
