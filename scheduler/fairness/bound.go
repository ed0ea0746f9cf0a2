package fairness

import (
	"fmt"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// bound is a limit of a queue, or of each user there, and what is used of it.
type bound struct {
	queue string
	user  string // empty: of all
	each  bool   // of a user, who may have no name
	most  vector
	used  vector
}

// room is how many tasks it leaves room for, n at most.
func (b *bound) room(need vector, n int) int {
	for d, most := range b.most {
		if most == none || need[d] <= 0 {
			continue
		}
		n = min(n, int(max(most-b.used[d], 0)/need[d]))
	}
	return n
}

// why says what of it is used up for a task.
func (b *bound) why(need vector, dims dimensions) string {
	for d, most := range b.most {
		if most == none || need[d] <= 0 || b.used[d]+need[d] <= most {
			continue
		}
		amount := AmountText(dims[d], float64(most)/float64(resource.Unit))
		if !b.each {
			return fmt.Sprintf("queue %s is at its limit of %s", b.queue, amount)
		}
		who := "their submitter"
		if b.user != "" {
			who = b.user
		}
		return fmt.Sprintf("%s is at the limit of %s for each user of queue %s", who, amount, b.queue)
	}
	return ""
}
