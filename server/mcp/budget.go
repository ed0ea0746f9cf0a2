package mcp

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

// Budget is what one sweep may take. 0 stands for the usual bound in what an agent asks for, and for none in a Config.
type Budget struct {
	Trials   int     `json:"max_trials,omitempty" jsonschema:"at most so many trials"`
	Hours    float64 `json:"max_hours,omitempty" jsonschema:"at most so many hours from the first launch; a spec without limits.wall is given this one"`
	CPUHours float64 `json:"max_cpu_hours,omitempty" jsonschema:"at most so many hours of cpus that trials ask for, in the worst case"`
}

// within is the budget of a call: what the agent asks for, and never more than the user allows.
func (b Budget) within(most Budget) (Budget, error) {
	if b.Trials < 0 || b.Hours < 0 || b.CPUHours < 0 {
		return b, fmt.Errorf("a budget is not negative: max_trials %d, max_hours %v, max_cpu_hours %v", b.Trials,
			b.Hours, b.CPUHours)
	}
	const raise = "the user sets it with `kaon mcp %s`"
	wrong := func(name, flag string, asked, most any) error {
		return fmt.Errorf("budget: %s of %v is beyond the %v that the user allows; "+raise, name, asked, most, flag)
	}
	switch {
	case most.Trials > 0 && b.Trials > most.Trials:
		return b, wrong("max_trials", "--max-trials", b.Trials, most.Trials)
	case most.Hours > 0 && b.Hours > most.Hours:
		return b, wrong("max_hours", "--max-hours", b.Hours, most.Hours)
	case most.CPUHours > 0 && b.CPUHours > most.CPUHours:
		return b, wrong("max_cpu_hours", "--max-cpu-hours", b.CPUHours, most.CPUHours)
	}
	if b.Trials == 0 {
		b.Trials = most.Trials
	}
	if b.Hours == 0 {
		b.Hours = most.Hours
	}
	if b.CPUHours == 0 {
		b.CPUHours = most.CPUHours
	}
	return b, nil
}

// wall is the override that bounds how long a sweep runs; empty: the plan has such a bound, or none is wanted.
func (b Budget) wall(p api.Plan) string {
	if b.Hours <= 0 || p.Most.WallSeconds != nil {
		return ""
	}
	return fmt.Sprintf("limits.wall=%ds", max(int64(b.Hours*float64(time.Hour/time.Second)), 1))
}

// holds refuses a plan that may take more.
func (b Budget) holds(p api.Plan) error {
	switch m := p.Most; {
	case b.Trials > 0 && p.Trials > b.Trials:
		return fmt.Errorf("not submitted: it has %d trials, and the budget is %d: bound them by set, "+
			"as in run_cap=%d, or narrow the parameters",
			p.Trials, b.Trials, b.Trials)
	case b.Hours > 0 && m.WallSeconds != nil && *m.WallSeconds > b.Hours*3600:
		return fmt.Errorf("not submitted: limits.wall lets it run for %.3g hours, and the budget is %.3g: set "+
			"limits.wall lower",
			*m.WallSeconds/3600, b.Hours)
	case b.CPUHours > 0 && m.CPUHours == nil:
		return fmt.Errorf("not submitted: nothing bounds its cpu-hours, and the budget is %.3g: set task.timeout "+
			"or limits.wall", b.CPUHours)
	case b.CPUHours > 0 && *m.CPUHours > b.CPUHours:
		return fmt.Errorf("not submitted: it may take %.3g cpu-hours, and the budget is %.3g: set task.timeout, "+
			"limits.wall, limits.parallel, "+
			"run_cap or task.resources.cpus lower", *m.CPUHours, b.CPUHours)
	}
	return nil
}
