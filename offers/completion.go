package offers

import "github.com/kaon-sweep/kaon/sweep/resource"

// complete begins with what the divisible problem holds, but for the last few tasks, and tries what to add to
// it.
func (k *knapsack) complete(c *agentClass) {
	free := k.free[:k.wide]
	room, weight, worth := c.room, k.weight, 0.0
	for i := range k.items {
		item := &k.items[i]
		n := int(item.held + 1e-9)
		if k.limit == quickNodes {
			n = max(0, n-1)
		} else {
			n = max(0, n-2)
		}
		n = min(n, room)
		for d, need := range item.need {
			if need > 0 {
				n = min(n, int(free[d]/need))
			}
		}
		for d, need := range item.need {
			free[d] -= resource.Milli(n) * need
		}
		k.counts[i] = int32(n)
		room -= n
		weight -= float64(n) * item.weight
		worth += float64(n) * item.worth
	}
	k.add(0, 0, room, k.limit, weight, worth)
}

// A completion that is worth so much less than the bound counts as the best, and holds so many tasks at most.
const (
	completeGap   = 2e-4
	completeDepth = 8
)

// add adds one task after another, large ones first; a quarter of the nodes left go to each.
func (k *knapsack) add(depth, at, room, limit int, weight, worth float64) {
	free := k.free[depth*k.wide : (depth+1)*k.wide]
	if worth > k.found {
		if over := k.excess(free); worth-over > k.found {
			k.found, k.over = worth-over, over
			copy(k.best, k.counts)
		}
	}
	if room == 0 || depth == min(completeDepth, len(k.items)) {
		return
	}
	next := k.free[(depth+1)*k.wide : (depth+2)*k.wide]
items:
	for i := at; i < len(k.items); i++ {
		item := &k.items[i]
		if worth+max(0, weight, item.weight)+k.extra[i] <= k.found*(1+completeGap) {
			return
		}
		if int(k.counts[i]) >= item.most {
			continue
		}
		for d, need := range item.need {
			if next[d] = free[d] - need; next[d] < 0 {
				continue items
			}
		}
		if worth+item.worth+max(0, weight-item.weight)+k.extra[i] <= k.found*(1+completeGap) {
			continue
		}
		k.nodes++
		k.counts[i]++
		k.add(depth+1, i, room-1, k.nodes+(limit-k.nodes)/4, weight-item.weight, worth+item.worth)
		k.counts[i]--
		if k.nodes > limit {
			return
		}
	}
}
