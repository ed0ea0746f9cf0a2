package offers

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// taskCounts counts the tasks of one job by the values of one field.
type taskCounts struct {
	field string
	job   string
	tasks map[string]int // by value
	total int
	moves int // changes so far
}

// add books n tasks on the agent.
func (c *taskCounts) add(a *Agent, n int) {
	at, _ := a.attribute(c.field)
	c.tasks[at.text()] += n
	c.total += n
	c.moves++
}

// room is how many more tasks may go where the field has this value.
func (c *taskCounts) room(r *constraint, value string, groups *spreadDomains) int {
	switch r.Operator {
	case resource.Unique, resource.MaxPer:
		return max(0, r.limit-c.tasks[value])
	case resource.Cluster:
		if c.total == 0 || c.tasks[value] > 0 {
			return math.MaxInt
		}
		return 0
	case resource.GroupBy:
		return max(0, min(groups.minimum(c, r.limit), math.MaxInt-1)+1-c.tasks[value])
	}
	return math.MaxInt
}

// spreadDomains is the groups that a GROUP_BY rule keeps even.
type spreadDomains struct {
	values []string
	low    int // fewest tasks in any group when the counts had moved so often
	moves  int // 0: low is not known
}

// minimum is the fewest tasks in any group; 0 while fewer groups exist than expected.
func (p *spreadDomains) minimum(c *taskCounts, expected int) int {
	if len(p.values) < expected {
		return 0
	}
	if p.moves != c.moves+1 {
		p.low, p.moves = math.MaxInt, c.moves+1
		for _, v := range p.values {
			p.low = min(p.low, c.tasks[v])
		}
	}
	return p.low
}
