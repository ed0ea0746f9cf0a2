package offers

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// maxColumns bounds the columns of a deck: every placement looks at each. 64 amounts of cpus are more than people use;
// expressions over parameters make more, which then share columns.
const maxColumns = 64

// maxProfiles bounds the amounts of a resource beyond cpus and memory that get decks of their own. More amounts are
// sorted into decks by powers of two.
const maxProfiles = 8

// deal sorts the shapes that wait into decks and columns.
func (f *filler) deal() {
	p := f.p
	cards := make([]card, 0, f.to-f.from)
	for s := f.from; s < f.to; s++ {
		if p.shapes[s].waiting > 0 {
			need := p.needs(s)
			cards = append(cards, card{cpus: need[cpus], mem: need[mem], shape: s})
		}
	}
	f.left = len(cards)
	below := make([]int32, len(cards))
	for _, pile := range f.piles(cards) {
		sortCards(pile)
		f.addDeck(p.shapes[pile[0].shape].group, pile, below[:len(pile)])
		below = below[len(pile):]
	}
}

// piles cuts the cards into those of one deck, each by rising shape.
func (f *filler) piles(cards []card) [][]card {
	if len(cards) == 0 {
		return nil
	}
	if len(f.p.groups) == 1 && f.p.dims.len() == 2 {
		return [][]card{cards}
	}
	profiles := f.profiles(cards)
	less := func(a, b card) int {
		if c := cmp.Compare(f.p.shapes[a.shape].group, f.p.shapes[b.shape].group); c != 0 {
			return c
		}
		return slices.Compare(profiles(a.shape), profiles(b.shape))
	}
	slices.SortStableFunc(cards, less)
	var list [][]card
	for from, i := 0, 1; i <= len(cards); i++ {
		if i == len(cards) || less(cards[from], cards[i]) != 0 {
			list = append(list, cards[from:i:i])
			from = i
		}
	}
	return list
}

// compareCards orders cards by memory; of equal ones the first to wait comes last, because columns are read from the end.
func compareCards(a, b card) int {
	if a.mem != b.mem {
		return compare(a.mem, b.mem)
	}
	return cmp.Compare(b.shape, a.shape)
}

// profiles answers with a shape's amounts beyond cpus and memory, rounded to powers of two where there are many.
func (f *filler) profiles(cards []card) func(shape int32) []resource.Milli {
	wide := f.p.dims.len() - 2
	first := cards[0].shape
	flat := make([]resource.Milli, wide*(int(cards[len(cards)-1].shape-first)+1))
	of := func(shape int32) []resource.Milli {
		i := int(shape - first)
		return flat[i*wide : (i+1)*wide]
	}
	for i := range cards {
		copy(of(cards[i].shape), f.p.needs(cards[i].shape)[2:])
	}
	for k := range wide {
		if few(cards, of, k) {
			continue
		}
		for i := range cards {
			m := &of(cards[i].shape)[k]
			*m = resource.Milli(bits.Len64(uint64(*m)))
		}
	}
	return of
}

// few says whether the cards have at most maxProfiles amounts of one dimension.
func few(cards []card, of func(int32) []resource.Milli, k int) bool {
	seen := make([]resource.Milli, 0, maxProfiles)
	for i := range cards {
		if m := of(cards[i].shape)[k]; !slices.Contains(seen, m) {
			if len(seen) == maxProfiles {
				return false
			}
			seen = append(seen, m)
		}
	}
	return true
}

// addDeck makes a deck of cards ordered by cpus, then memory.
func (f *filler) addDeck(group int32, cards []card, below []int32) {
	p := f.p
	f.simple = f.simple && !p.groups[group].counting
	d := deck{group: group, favor: 1, low: slices.Clone(p.needs(cards[0].shape))}
	amounts := 0
	for i := range cards {
		for k, m := range p.needs(cards[i].shape) {
			d.low[k] = min(d.low[k], m)
		}
		if i == 0 || cards[i-1].cpus != cards[i].cpus {
			amounts++
		}
	}
	for all := len(cards); len(cards) > 0; {
		n := columnEnd(cards, amounts, all)
		d.cols = append(d.cols, newColumn(cards[:n:n], below[:n:n]))
		cards, below = cards[n:], below[n:]
	}
	if f.low == nil {
		f.low = slices.Clone(d.low)
	}
	for k := range f.low {
		f.low[k] = min(f.low[k], d.low[k])
	}
	f.decks = append(f.decks, d)
}

// columnEnd is how many of the cards, ordered by cpus, make the next column: those of one amount, or an even part of
// the deck when there are more amounts than columns.
func columnEnd(cards []card, amounts, all int) int {
	n := 1
	if amounts > maxColumns {
		n = min(len(cards), (all+maxColumns-1)/maxColumns)
	}
	for n < len(cards) && cards[n].cpus == cards[n-1].cpus {
		n++
	}
	return n
}
