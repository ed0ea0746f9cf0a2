package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/results/board"
)

// curvesCmd draws how the objective went in some trials.
type curvesCmd struct {
	Sweep  string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	Trials []int  `placeholder:"N,…" help:"Only these trials."`
	Top    int    `default:"5" placeholder:"N" help:"Of the best so many (${default})."`
	Log    bool   `help:"With a logarithmic axis for values; others than those above zero are left out."`
	Height int    `default:"16" placeholder:"ROWS" help:"So many rows (${default})."`
	JSON   bool   `help:"Print one JSON object a line: trial, state, curve."`
	liveFlags
}

// Help implements kong's help provider.
func (c *curvesCmd) Help() string {
	return "Each curve is the sweep's objective over the steps of a trial, thinned to what the board keeps, with " +
		"the trial's number at its end."
}

// trialCurve is a line of --json.
type trialCurve struct {
	Trial int                `json:"trial"`
	State string             `json:"state"`
	Curve []board.CurvePoint `json:"curve"`
}

// Run implements the command.
func (c *curvesCmd) Run(ctx context.Context, out *output) error {
	if c.Height < 3 || c.Height > 200 {
		return usage(fmt.Errorf("--height %d: want 3 to 200 rows", c.Height))
	}
	if c.Top < 1 {
		return usage(fmt.Errorf("--top %d: want at least 1", c.Top))
	}
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	known, err := src.board(ctx, out)
	if err != nil {
		return err
	}
	trials, err := c.chosen(src, known)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		for _, t := range trials {
			if err := enc.Encode(trialCurve{t.Trial, t.State.String(),
				append([]board.CurvePoint{}, t.Curve...)}); err != nil {
				return err
			}
		}
		return nil
	}
	return c.draw(out, known.known.Objective.Name, trials)
}

// chosen are the trials to be drawn.
func (c *curvesCmd) chosen(src source, b liveBoard) (all []board.Trial, err error) {
	for _, n := range c.Trials {
		t, ok := b.Trial(n)
		if !ok {
			if err := src.has(b, n); err != nil {
				return nil, err
			}
			continue // nothing was heard of it yet
		}
		all = append(all, t)
	}
	if len(c.Trials) > 0 {
		return all, nil
	}
	for t := range b.Trials(board.Query{Sort: "value"}) {
		if len(all) == c.Top {
			break
		}
		if len(t.Curve) > 0 {
			all = append(all, t)
		}
	}
	return all, nil
}

// draw plots curves, the best or first drawn last and so on top.
func (c *curvesCmd) draw(out *output, metric string, trials []board.Trial) error {
	width := widthOf(out.stdout)
	if width <= 0 {
		width = usualWidth
	}
	p := plot{height: c.Height, log: c.Log, lines: curvesOf(trials, c.Log)}
	longest := 0
	for _, l := range p.lines {
		longest = max(longest, len(l.label))
	}
	if len(p.lines) == 0 {
		_, err := fmt.Fprintln(out.stdout, "no trial to draw has reported a finite value of the objective yet")
		return err
	}
	low, high := p.bounds()
	p.width = max(20, min(width, 200)-p.margin(low[1], high[1])-3-3*(longest+1))
	paint := painterFor(out.stdout)
	if _, err := fmt.Fprintf(paint.w, "%s by step\n", clean(metric)); err != nil {
		return err
	}
	p.print(paint.w, paint.on)
	return nil
}

// curvesOf are the curves of trials, the first last. With a logarithmic axis values have to be above zero.
func curvesOf(trials []board.Trial, log bool) (lines []plotLine) {
	for _, t := range slices.Backward(trials) {
		l := plotLine{label: fmt.Sprint(t.Trial)}
		for _, point := range t.Curve {
			x, y := float64(point.Step), float64(point.Value)
			if !math.IsNaN(y) && !math.IsInf(y, 0) && (!log || y > 0) {
				l.x, l.y = append(l.x, x), append(l.y, y)
			}
		}
		if len(l.x) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}
