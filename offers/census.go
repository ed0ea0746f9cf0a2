package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// census counts the tasks of one sweep by the values of one field.
type census struct {
	field string
	sweep string
	tasks map[string]int // by value
	total int
}

// add books n tasks on the agent.
func (c *census) add(a *Agent, n int) {
	at, _ := a.attribute(c.field)
	c.tasks[at.text()] += n
	c.total += n
}

// room is how many more tasks may go where the field has this value.
func (c *census) room(r *rule, value string, groups map[string]bool) int {
	switch r.Operator {
	case sweep.Unique, sweep.MaxPer:
		return max(0, r.limit-c.tasks[value])
	case sweep.Cluster:
		if c.total == 0 || c.tasks[value] > 0 {
			return math.MaxInt
		}
		return 0
	case sweep.GroupBy:
		least := 0
		if len(groups) >= r.limit {
			least = math.MaxInt
			for g := range groups {
				least = min(least, c.tasks[g])
			}
		}
		return max(0, least+1-c.tasks[value])
	}
	return math.MaxInt
}
