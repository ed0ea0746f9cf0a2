package master

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// counts are what a master has done since it began.
type counts struct {
	launched         int // tasks
	ended            map[mesos.TaskState]int
	updates          int // of agents
	acknowledgements int // passed on to them
	toExecutors      int // messages
	toFrameworks     int
}

// endNames are Mesos's names of the states in which tasks end.
var endNames = map[mesos.TaskState]string{
	mesos.TASK_FINISHED: "finished", mesos.TASK_FAILED: "failed", mesos.TASK_KILLED: "killed",
	mesos.TASK_ERROR: "error",
	mesos.TASK_LOST:  "lost", mesos.TASK_DROPPED: "dropped", mesos.TASK_GONE: "gone",
}

// end counts the end of a task, once.
func (c *counts) end(state mesos.TaskState) {
	if c.ended == nil {
		c.ended = map[mesos.TaskState]int{}
	}
	c.ended[state]++
}

// metrics are these by Mesos's own names, and one more: of launched tasks.
func (c *counts) metrics() map[string]float64 {
	out := map[string]float64{
		"master/valid_status_updates":                 float64(c.updates),
		"master/valid_status_update_acknowledgements": float64(c.acknowledgements),
		"master/valid_framework_to_executor_messages": float64(c.toExecutors),
		"master/valid_executor_to_framework_messages": float64(c.toFrameworks),
		"master/tasks_launched":                       float64(c.launched),
	}
	for state, name := range endNames {
		out["master/tasks_"+name] = float64(c.ended[state])
	}
	return out
}
