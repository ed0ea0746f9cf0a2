package scheduler

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// An attempt ends while its agent is out of reach. When the agent is back, the master tells the attempt's latest state
// before the agent repeats the updates that hold its points: the end must wait for them (law 2).
func TestMasterTellsTheEndBeforeTheAgentDoes(t *testing.T) {
	r := newRig(testSpec{Trials: 1, Objective: "loss"}, 1, 4*resource.Unit)
	r.world.script = func(task.Order) behaviour { return behaviour{points: 4} }
	r.world.subscribe()
	turn := func() {
		for len(r.world.events) > 0 {
			r.deliver()
			r.core.Pack(r.now)
			r.carryOut(-1)
		}
	}
	turn()
	r.world.offerAll()
	turn()
	agent := r.world.agents[0]
	r.world.part(agent)
	for _, task := range r.world.sorted() {
		for !task.ended {
			r.world.work(task)
		}
	}
	turn()
	r.world.meet(agent)
	turn()
	r.final()
	for _, fault := range r.faults {
		t.Error(fault)
	}
	if got := r.outcomes["0.1"]; got != "succeeded" {
		t.Errorf("the attempt %s, want succeeded", got)
	}
}
