package compare

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// MostColumns is how many trials are compared at once: beyond, nobody reads it.
const MostColumns = 20

// mostRows bounds the rows of one kind.
const mostRows = 500

// Subject is one trial, or a sweep of which none is to be shown.
type Subject struct {
	Sweep  store.Sweep
	State  string       // of the sweep now
	Counts sweep.Counts // of its trials
	Trial  *board.Trial // nil: none
	Best   bool         // it was not named, but is the sweep's best
}

// Comparison is subjects side by side. Fields may be added, not renamed.
type Comparison struct {
	Columns []Column `json:"columns"`
	Leader  *int     `json:"leader"` // the column with the best value, where all have the same objective; null: none
	Params  []Row    `json:"params"` // that differ, by their paths
	Metrics []Values `json:"metrics"`
	// Settings are the keys of the effective specs that differ, by their paths.
	Settings     []Row    `json:"settings"`
	SameParams   int      `json:"same_params"`             // how many parameters are the same in all
	SameSettings int      `json:"same_settings"`           // likewise
	Unknown      []string `json:"settings_of,omitempty"`   // sweeps whose effective spec the results do not have
	Left         int      `json:"rows_left_out,omitempty"` // of the largest comparisons
}

// Column is what is compared.
type Column struct {
	Sweep      string          `json:"sweep"`
	Name       string          `json:"name,omitempty"`
	State      string          `json:"state"` // of the sweep
	Method     string          `json:"method,omitempty"`
	Trials     sweep.Counts    `json:"trials"`
	Trial      *int            `json:"trial"` // null: the sweep has none in front
	Best       bool            `json:"best"`  // it is there as the sweep's best
	TrialState string          `json:"trial_state,omitempty"`
	Metric     string          `json:"metric,omitempty"`
	Goal       sweep.Goal      `json:"goal,omitempty"`
	Value      *results.Number `json:"value,omitempty"`
}

// Row is one thing in all columns.
type Row struct {
	Name   string            `json:"name"`
	Values []json.RawMessage `json:"values"` // by column; null: it is not there
}

// Values is one metric in all columns.
type Values struct {
	Name   string            `json:"name"`
	Values []*results.Number `json:"values"` // by column, each by its reduce; null: it was not reported
}

// New compares subjects, in their order.
func New(subjects []Subject) Comparison {
	c := Comparison{Columns: []Column{}, Metrics: []Values{}}
	params, settings := make([]leaves, len(subjects)), make([]leaves, len(subjects))
	for i, s := range subjects {
		c.Columns = append(c.Columns, columnOf(s))
		if s.Trial != nil {
			params[i] = leavesOfPoint(s.Trial.Params)
		}
		settings[i] = leavesOfSpec(s.Sweep.Effective)
		if id := s.Sweep.ID; settings[i] == nil && !slices.Contains(c.Unknown, id) {
			c.Unknown = append(c.Unknown, id)
		}
	}
	c.Leader = leader(c.Columns)
	c.Params, c.SameParams = differing(params)
	c.Settings, c.SameSettings = differing(settings)
	c.Metrics = metricsOf(subjects)
	c.bound()
	return c
}

func columnOf(s Subject) Column {
	col := Column{
		Sweep: s.Sweep.ID, Name: s.Sweep.Name, State: s.State, Method: s.Sweep.Method, Trials: s.Counts, Best: s.Best,
		Metric: s.Sweep.Objective.Name, Goal: s.Sweep.Objective.Goal,
	}
	if t := s.Trial; t != nil {
		number := t.Trial
		col.Trial, col.TrialState, col.Value = &number, t.State.String(), t.Value
	}
	return col
}

// leader is the column with the best value, where one objective says what is best.
func leader(columns []Column) *int {
	best := -1
	for i, col := range columns {
		if col.Metric == "" || col.Metric != columns[0].Metric || col.Goal != columns[0].Goal {
			return nil
		}
		if col.Value == nil || !sweep.IsFinite(float64(*col.Value)) {
			continue
		}
		objective := sweep.Metric{Goal: col.Goal}
		if best < 0 || objective.Better(float64(*col.Value), float64(*columns[best].Value)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return &best
}

// metricsOf is all metrics of the trials, by name.
func metricsOf(subjects []Subject) []Values {
	at := map[string]int{}
	rows := []Values{}
	for i, s := range subjects {
		if s.Trial == nil {
			continue
		}
		for _, m := range s.Trial.Metrics {
			k, known := at[m.Name]
			if !known {
				k = len(rows)
				at[m.Name] = k
				rows = append(rows, Values{m.Name, make([]*results.Number, len(subjects))})
			}
			value := m.Value
			rows[k].Values[i] = &value
		}
	}
	slices.SortFunc(rows, func(a, b Values) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

func (c *Comparison) bound() {
	cut := func(n int) int {
		c.Left += max(n-mostRows, 0)
		return min(n, mostRows)
	}
	c.Params, c.Metrics, c.Settings = c.Params[:cut(len(c.Params))], c.Metrics[:cut(len(c.Metrics))],
		c.Settings[:cut(len(c.Settings))]
}
