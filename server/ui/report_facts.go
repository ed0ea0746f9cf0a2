package ui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
)

// facts is what reports that are no page say of a sweep; its fields are the API's.
type facts struct {
	ID       string       `json:"sweep"`
	State    string       `json:"state"`
	Sentence string       `json:"sentence"`
	Method   string       `json:"method"`
	Metric   string       `json:"metric"`
	Goal     string       `json:"goal"`
	Owner    string       `json:"owner"`
	Cluster  string       `json:"cluster"`
	Created  string       `json:"created"`
	Finished string       `json:"finished"`
	Trials   sweep.Counts `json:"trials"`
	Best     *struct {
		Trial int            `json:"trial"`
		Value results.Number `json:"value"`
	} `json:"best"`
}

func (r Report) facts() (f facts, err error) {
	text, err := json.Marshal(r.Sweep)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		return f, fmt.Errorf("write the report: %w", err)
	}
	return f, nil
}

// better says whether a value is better than another by the sweep's goal.
func (f facts) better(a, b float64) bool {
	if f.Goal == string(sweep.Maximize) {
		return a > b
	}
	return a < b
}

// ranked is rows of the report's columns by their value, the best first; those without one are left out.
func (r Report) ranked(f facts) (rows []int) {
	for i := range r.Columns.Trial {
		if _, ok := number(r.Columns.Value[i]); ok {
			rows = append(rows, i)
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int {
		x, _ := number(r.Columns.Value[a])
		y, _ := number(r.Columns.Value[b])
		if f.Goal == string(sweep.Maximize) {
			x, y = y, x
		}
		return cmp.Compare(x, y)
	})
	return rows
}

// number is a cell of columns, where it is a finite number.
func number(cell any) (float64, bool) {
	switch v := cell.(type) {
	case results.Number:
		return float64(v), sweep.IsFinite(float64(v))
	case float64:
		return v, sweep.IsFinite(v)
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// numeric says whether a cell is a number, also one that is not finite.
func numeric(cell any) bool {
	switch v := cell.(type) {
	case results.Number, float64, int64, int:
		return true
	case string:
		return v == "NaN" || v == "Infinity" || v == "-Infinity"
	}
	return false
}

// short is a cell as people read it.
func short(cell any) string {
	if v, ok := number(cell); ok {
		return format.Value(v)
	}
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(cell)
	if err != nil {
		return fmt.Sprint(cell)
	}
	return strings.Trim(string(text), `"`)
}

// varying are the parameters that are not the same in all trials, what matters most first.
func (r Report) varying() (list []export.Column) {
	share := map[string]float64{}
	if r.Importance != nil {
		for _, s := range r.Importance.Importance {
			share[s.Parameter] = s.Share
		}
	}
	for _, c := range r.Columns.Params {
		if slices.ContainsFunc(c.Values, func(v any) bool { return v != nil && short(v) != short(c.Values[0]) }) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b export.Column) int { return cmp.Compare(share[b.Name], share[a.Name]) })
	return list
}
