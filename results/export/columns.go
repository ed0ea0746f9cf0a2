package export

import (
	"math"
	"slices"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Columns is trials as columns, for plots: every list has one entry for each trial, in the order they were added.
type Columns struct {
	Total    int      `json:"total" doc:"How many trials the sweep has; there may be fewer here."`
	Sampled  bool     `json:"sampled" doc:"Whether trials were left out to be fewer: the best are here, and an even part of the others."`
	Trial    []int    `json:"trial" doc:"Index."`
	State    []string `json:"state"`
	Value    []any    `json:"value" doc:"Of the objective; null: none."`
	Seconds  []any    `json:"seconds" doc:"That the attempt ran which counts; null: it has not ended."`
	Ended    []any    `json:"ended_ms" doc:"When that attempt ended, milliseconds since 1970; null: it has not."`
	Agent    []string `json:"agent" doc:"Host that it ran on; empty: it has not ended."`
	Attempts []int    `json:"attempts"`
	Params   []Column `json:"params" doc:"Nested ones with dots, in the order they are first met."`
	Metrics  []Column `json:"metrics" doc:"Each by its reduce."`

	params, metrics map[string]int // places in Params and Metrics
	digits          int            // numbers keep so many; 0: all
	lists           map[string][]sweep.Value
}

// Column is one parameter or metric.
type Column struct {
	Name   string `json:"name"`
	Values []any  `json:"values" doc:"null: the trial has none. Numbers that are not finite are strings."`
	Order  []any  `json:"order,omitempty" doc:"What the spec lists, in its order; absent: no list, or over 1,000."`
}

// mostListed is how many values of a parameter a column tells the order of: no picture names more.
const mostListed = 1000

// NewColumns is the columns of a board, with no trials yet.
func NewColumns(b *board.Board) *Columns {
	return &Columns{
		Total: b.Counts().Total, Trial: []int{}, State: []string{}, Value: []any{}, Seconds: []any{}, Ended: []any{},
		Agent: []string{}, Attempts: []int{},
		Params: []Column{}, Metrics: []Column{}, params: map[string]int{}, metrics: map[string]int{},
	}
}

// Round has numbers that are added from now on keep so many significant digits: for pictures in a file.
func (c *Columns) Round(digits int) { c.digits = digits }

// Order has columns of parameters that are added from now on tell in which order a spec lists their values.
func (c *Columns) Order(space *sweep.Space) { c.lists = space.Lists() }

// Add adds a trial.
func (c *Columns) Add(t board.Trial) {
	row := len(c.Trial)
	var value, seconds, ended any
	agent := ""
	if t.Value != nil {
		value = c.number(float64(*t.Value))
	}
	if a := t.Decisive(); a != nil && a.End != nil && a.End.EndMs > 0 {
		seconds, ended, agent = float64(a.End.EndMs-a.End.StartMs)/1000, a.End.EndMs, a.End.Agent
	}
	c.Trial, c.State, c.Attempts = append(c.Trial, t.Trial), append(c.State, t.State.String()),
		append(c.Attempts, len(t.Attempts))
	c.Value, c.Seconds, c.Ended = append(c.Value, value), append(c.Seconds, seconds), append(c.Ended, ended)
	c.Agent = append(c.Agent, agent)
	for _, p := range Params(t) {
		_, known := c.params[p.Name]
		c.Params = set(c.Params, c.params, p.Name, row, c.cell(p.Value))
		if list := c.lists[p.Name]; !known && len(list) <= mostListed {
			for _, v := range list {
				c.Params[len(c.Params)-1].Order = append(c.Params[len(c.Params)-1].Order, c.cell(v))
			}
		}
	}
	for _, m := range t.Metrics {
		c.Metrics = set(c.Metrics, c.metrics, m.Name, row, c.number(float64(m.Value)))
	}
	c.Params, c.Metrics = fill(c.Params, row+1), fill(c.Metrics, row+1)
}

// cell is the value of a parameter.
func (c *Columns) cell(v sweep.Value) any {
	switch n := v.(type) {
	case float64:
		return c.number(n)
	case nil, int64, bool, string:
		return v
	}
	return asDocument(v)
}

// set puts a cell into a column, which begins when it is first met.
func set(list []Column, places map[string]int, name string, row int, v any) []Column {
	i, known := places[name]
	if !known {
		i = len(list)
		places[name] = i
		list = append(list, Column{Name: name, Values: make([]any, row, row+1)})
	}
	if len(list[i].Values) == row {
		list[i].Values = append(list[i].Values, v)
	}
	return list
}

// fill gives columns that a row said nothing of an empty cell.
func fill(list []Column, rows int) []Column {
	for i := range list {
		for len(list[i].Values) < rows {
			list[i].Values = append(list[i].Values, nil)
		}
	}
	return list
}

// number is a number with the digits that are wanted, as JSON can say it.
func (c *Columns) number(v float64) any {
	if c.digits > 0 && v != 0 && v-v == 0 {
		scale := math.Pow(10, float64(c.digits-1)-math.Floor(math.Log10(math.Abs(v))))
		if r := math.Round(v*scale) / scale; r-r == 0 {
			v = r
		}
	}
	return results.Number(v)
}

// Sample is the indices of the trials that a plot of at most so many shows, in order: all, or of more the best tenth
// and of the others evenly many from the first to the last. Repeats of a point come together, as a point is ranked by
// all of its own: of points with more trials than may be shown it is one.
func Sample(b *board.Board, most int) []int {
	total := b.Counts().Total
	chosen := make([]int, 0, min(total, most))
	if total <= most {
		for i := range total {
			chosen = append(chosen, i)
		}
		return chosen
	}
	each := b.Repeats()
	points, shown := (total+each-1)/each, max(most/each, 1)
	best := max(shown/10, 1)
	var some []int
	for t := range b.Trials(board.Query{Sort: "value", Limit: best * each}) { // repeats of a point stand together there
		if point := t.Trial / each; len(some) == 0 || len(some) < best && some[len(some)-1] != point {
			some = append(some, point)
		}
	}
	rest := shown - len(some)
	for i := range rest {
		some = append(some, int(int64(i)*int64(points)/int64(rest)))
	}
	slices.Sort(some)
	for _, point := range slices.Compact(some) {
		for i := point * each; i < min(point*each+each, total); i++ {
			chosen = append(chosen, i)
		}
	}
	return chosen
}
