package offers

import (
	"cmp"
	"slices"
)

// favorScarce makes room for shapes that few bins suit: bins that the fewest groups may use are visited first, so that
// shapes with a choice leave the others alone; and where shapes compete, those with less choice count for more.
func (f *filler) favorScarce(order []int32) {
	p := f.p
	users := make([]int, len(p.bins)) // groups that may use the bin
	suiting := make([]int, len(p.groups))
	last := int32(-1)
	for i := range f.decks {
		if f.decks[i].group == last {
			continue
		}
		last = f.decks[i].group
		for j := range p.bins {
			if p.allowed(p.groups[last], &p.bins[j], false) > 0 {
				users[j]++
				suiting[last]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(users[a], users[b]) })
	for i := range f.decks {
		d := &f.decks[i]
		d.favor = 2 - float64(suiting[d.group])/float64(len(p.bins))
	}
	slices.SortStableFunc(f.decks, func(a, b deck) int { return cmp.Compare(b.favor, a.favor) })
}
