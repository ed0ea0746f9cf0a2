package main

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// simulatedTasks says what kaon's tasks do where nothing is run.
type simulatedTasks struct {
	takes  time.Duration // each attempt
	points int           // of a metric named loss that each reports
}

// pointsAtOnce is how many points one update of a simulated task carries.
const pointsAtOnce = 25

// behave is what is done with every task: it reports its points at once, and ends in time. A bundle
// takes as long as its attempts do one after the other, and tells of them at its end.
func (c simulatedTasks) behave(info *mesos.TaskInfo, _ protocol.AgentID) embedded.Script {
	s := embedded.Script{Duration: c.takes}
	// else it is another framework's
	if order, err := task.Decode[task.Order](info.Data); err == nil && order.Bundle != nil {
		all := order.All()
		s.Duration *= time.Duration(len(all))
		s.Data = task.Encode(c.bundleReport(all))
		return s
	}
	if c.points == 0 {
		return s
	}
	report := task.Report{End: &task.End{}}
	for i := range c.points {
		if len(report.Points) == pointsAtOnce {
			s.Updates = append(s.Updates,
				embedded.SimUpdate{Data: task.Encode(task.Report{First: report.First, Points: report.Points})})
			report.First, report.Points = uint64(i), nil
		}
		report.Points = append(report.Points,
			results.Point{Step: int64(i), Metrics: map[string]float64{"loss": 1 / float64(i+1)}})
	}
	s.Data = task.Encode(report)
	return s
}

// bundleReport is what a bundle tells at its end.
func (c simulatedTasks) bundleReport(all []task.Order) (r task.Report) {
	for i := range all {
		o := &all[i]
		part := task.AttemptReport{Attempt: string(cluster.NewTaskID(o.Sweep, o.Trial, o.Attempt)),
			State: string(cluster.Finished), End: &task.End{}}
		for step := range c.points {
			part.Points = append(part.Points,
				results.Point{Step: int64(step), Metrics: map[string]float64{"loss": 1 / float64(step+1)}})
		}
		r.Attempts = append(r.Attempts, part)
	}
	return r
}
