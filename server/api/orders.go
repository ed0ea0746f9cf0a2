package api

import (
	"slices"
	"sync"

	"github.com/kaon-sweep/kaon/sweep"
)

// keptOrders is how much memory the orders of trials take that are kept, in bytes: sixteen of a million trials.
const keptOrders = 64 << 20

// orderOf names the order of all trials of a sweep that has ended.
type orderOf struct {
	sweep    string
	finished string // sweep.json's
	attempts int    // that the board knows
	sort     string
	desc     bool
	states   string
}

// orders keeps orders of trials of sweeps that have ended, the ones used last: whoever goes through the pages of a long
// list has it sorted once.
type orders struct {
	mu   sync.Mutex
	list []keptOrder // the one used last at the end
	size int         // bytes
}

type keptOrder struct {
	of      orderOf
	indices []int32
}

func (o *orders) get(of orderOf) []int32 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, one := range o.list {
		if one.of == of {
			o.list = append(slices.Delete(o.list, i, i+1), one)
			return one.indices
		}
	}
	return nil
}

func (o *orders) put(of orderOf, indices []int32) {
	const each = 4
	size := each * cap(indices)
	o.mu.Lock()
	defer o.mu.Unlock()
	if size > keptOrders || slices.ContainsFunc(o.list, func(one keptOrder) bool { return one.of == of }) {
		return
	}
	for o.size+size > keptOrders {
		o.size -= each * cap(o.list[0].indices)
		o.list = slices.Delete(o.list, 0, 1)
	}
	o.list, o.size = append(o.list, keptOrder{of, indices}), o.size+size
}

// statesText is states in a name.
func statesText(states []sweep.State) (text string) {
	for _, s := range slices.Compact(slices.Sorted(slices.Values(states))) {
		text += s.String() + " "
	}
	return text
}
