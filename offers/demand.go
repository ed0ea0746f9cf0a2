package offers

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Demand is tasks that are equal to the packer: one shape, and how many of it wait.
type Demand struct {
	Resources   resource.Resources
	Constraints []resource.Constraint
	Job         string // constraints such as UNIQUE count tasks of the same job
	Role        string // allocation role whose offers it may use; empty: any

	// Executor is the id of the executor that would run the tasks. An agent that has it costs no Overhead and
	// is preferred. An empty id means that every task brings an executor of its own, so each pays the
	// Overhead.
	Executor ExecutorID
	Overhead resource.Resources

	// Takes is how long a task has to be expected to run: agents that are planned to be away sooner get none. 0: any
	// time will do.
	Takes time.Duration

	Image    string // agents that ran it before are preferred
	Count    int
	Priority int // higher first
}
