package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// knapsack looks for a filling of one agent that is worth much at given worths of the items: a bounded
// knapsack with several resources. It solves the divisible problem first. A branch and bound begins at what
// that holds, and ends after a number of nodes.
type knapsack struct {
	relaxation
	free   []resource.Milli // by depth and dimension
	counts []int32          // by depth
	best   []int32
	extra  []float64 // by depth: what items from there on may be worth more than they weigh
	found  float64   // worth of the best filling, less what it is over
	over   float64   // of the best filling: the part of the agent by which it is too large
	slack  float64   // the most that a filling may be over
	size   []resource.Milli
	nodes  int
	limit  int // of nodes
}

// knapsackItem is one shape in the search.
type knapsackItem struct {
	row    int
	need   []resource.Milli
	share  []float64 // of the agent, by dimension
	most   int
	worth  float64 // of one
	weight float64 // of one: its shares at the prices of the divisible problem
	held   float64 // in the divisible problem
}

// knapsackGap is the part by which a subtree must be able to beat the best filling to be searched.
const knapsackGap = 1e-4

// search finds a filling of an agent of the class worth more than least; counts by row go to the column.
func (k *knapsack) search(c *agentClass, rows []itemGroup, worth []float64, least float64, column []int32) float64 {
	k.collect(c, rows, worth)
	if k.relax(); k.bound <= least {
		return least
	}
	k.order()
	k.found, k.nodes = least, 0
	k.size = c.free
	for d, free := range c.free {
		k.free[d] = free + resource.Milli(k.slack*float64(free))
	}
	k.over = 0
	if k.slack > 0 {
		k.complete(c)
	} else {
		k.branch(0, c.room, k.limit, k.weight, 0)
	}
	if k.found > least {
		clear(column)
		for at := range k.items {
			column[k.items[at].row] = k.best[at]
		}
	}
	return k.found
}

// collect takes what the class may hold.
func (k *knapsack) collect(c *agentClass, rows []itemGroup, worth []float64) {
	k.wide = len(c.free)
	k.items = k.items[:0]
	for i := range rows {
		if worth[i] <= 0 || !c.allowed[i] || rows[i].count == 0 {
			continue
		}
		item := knapsackItem{row: i, need: rows[i].need, most: min(rows[i].count, c.room), worth: worth[i]}
		for d, n := range item.need {
			if n > 0 {
				item.most = min(item.most, int(c.free[d]/n))
			}
		}
		if item.most > 0 {
			item.share = c.share[i*k.wide : (i+1)*k.wide]
			k.items = append(k.items, item)
		}
	}
}

// order puts large items first: small ones fill what is left.
func (k *knapsack) order() {
	slices.SortStableFunc(k.items, func(a, b knapsackItem) int { return cmp.Compare(b.weight, a.weight) })
	n := len(k.items)
	k.free = slices.Grow(k.free[:0], (n+1)*k.wide)[:(n+1)*k.wide]
	k.counts = slices.Grow(k.counts[:0], n)[:n]
	k.best = slices.Grow(k.best[:0], n)[:n]
	k.extra = slices.Grow(k.extra[:0], n+1)[:n+1]
	clear(k.counts)
	k.extra[n] = 0
	for i := n - 1; i >= 0; i-- {
		item := &k.items[i]
		k.extra[i] = k.extra[i+1] + float64(item.most)*max(0, item.worth-item.weight)
	}
}

// excess is by what part of the agent more is held than there is, with that free of the agent and the slack.
func (k *knapsack) excess(free []resource.Milli) float64 {
	if k.slack == 0 {
		return 0
	}
	over := 0.0
	for d, size := range k.size {
		if size > 0 {
			over = max(over, overPrice*(k.slack-float64(free[d])/float64(size)))
		}
	}
	return over
}

// branch decides how many of the item at a place of the order the agent holds: as many as in the divisible
// problem, or near that. Two thirds of the nodes left go to each choice, so that those at the root have their
// share.
func (k *knapsack) branch(at, room, limit int, weight, worth float64) {
	if worth > k.found {
		k.found, k.over = worth, 0
		copy(k.best, k.counts)
	}
	if at == len(k.items) || room == 0 || worth+max(0, weight)+k.extra[at] <= k.found*(1+knapsackGap) {
		return
	}
	k.nodes++
	item := &k.items[at]
	free, next := k.free[at*k.wide:(at+1)*k.wide], k.free[(at+1)*k.wide:(at+2)*k.wide]
	most := min(item.most, room)
	for d, need := range item.need {
		if need > 0 {
			most = min(most, int(free[d]/need))
		}
	}
	low := min(most, int(item.held+0.5))
	first, high := low, low+1
	for low >= 0 || high <= most {
		for _, n := range [2]int{low, high} {
			if n < 0 || n > most {
				continue
			}
			if n != first && k.nodes > limit {
				k.counts[at] = 0
				return
			}
			for d, need := range item.need {
				next[d] = free[d] - resource.Milli(n)*need
			}
			k.counts[at] = int32(n)
			k.branch(at+1, room-n, k.nodes+(limit-k.nodes)*7/8, weight-float64(n)*item.weight,
				worth+float64(n)*item.worth)
		}
		low, high = low-1, high+1
	}
	k.counts[at] = 0
}
