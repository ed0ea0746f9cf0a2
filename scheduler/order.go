package scheduler

import "github.com/kaon-sweep/kaon/scheduler/task"

// taskOrder resolves what an attempt runs.
func (c *Core) taskOrder(run *run, trial, number int) (task.Order, error) {
	if trial == ThenTrial {
		return run.builder.Then(number, run.entry.Params, run.entry.Manifest)
	}
	p, err := run.point(trial)
	if err != nil {
		return task.Order{}, err
	}
	return run.builder.Order(trial, number, p)
}
