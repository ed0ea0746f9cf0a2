package offers

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// maxColumns bounds the columns of a deck: every placement looks at each. 64 amounts of cpus are more than people use;
// expressions over parameters make more, which then share columns.
const maxColumns = 64

// maxProfiles bounds the amounts of a resource beyond cpus and memory that get decks of their own. More amounts are
// sorted into decks by powers of two.
const maxProfiles = 8

// dealt is a shape on its way into a column.
type dealt struct {
	card
	group   int32
	profile []sweep.Milli // the dimensions beyond cpus and memory, exact or rounded
}

// deal sorts the shapes that wait into decks and columns.
func (f *filler) deal(from, to int32) {
	p := f.p
	list := make([]dealt, 0, to-from)
	for s := from; s < to; s++ {
		if p.shapes[s].waiting > 0 {
			need := p.needs(s)
			list = append(list, dealt{card: card{need[cpus], need[mem], s}, group: p.shapes[s].group})
		}
	}
	f.left = len(list)
	if p.dims.len() > 2 {
		f.profile(list)
	}
	slices.SortFunc(list, func(a, b dealt) int {
		if c := compareDecks(&a, &b); c != 0 {
			return c
		}
		if a.cpus != b.cpus {
			return cmp.Compare(a.cpus, b.cpus)
		}
		return compareCards(a.card, b.card)
	})
	cards := make([]card, len(list))
	below := make([]int32, len(list))
	for at := 0; at < len(list); {
		end := at
		for end < len(list) && compareDecks(&list[at], &list[end]) == 0 {
			cards[end] = list[end].card
			end++
		}
		f.addDeck(list[at].group, cards[at:end], below[at:end])
		at = end
	}
}

// compareCards orders cards by memory; of equal ones the first to wait comes last, because columns are read from the end.
func compareCards(a, b card) int {
	if a.mem != b.mem {
		return cmp.Compare(a.mem, b.mem)
	}
	return cmp.Compare(b.shape, a.shape)
}

func compareDecks(a, b *dealt) int {
	if a.group != b.group {
		return cmp.Compare(a.group, b.group)
	}
	return slices.Compare(a.profile, b.profile)
}

// profile gives the shapes their dimensions beyond cpus and memory, rounded where there are many amounts.
func (f *filler) profile(list []dealt) {
	wide := f.p.dims.len() - 2
	flat := make([]sweep.Milli, wide*len(list))
	for i := range list {
		list[i].profile = flat[i*wide : (i+1)*wide]
		copy(list[i].profile, f.p.needs(list[i].shape)[2:])
	}
	for k := range wide {
		if !few(list, k) {
			for i := range list {
				list[i].profile[k] = sweep.Milli(bits.Len64(uint64(list[i].profile[k])))
			}
		}
	}
}

// few says whether the shapes have at most maxProfiles amounts of one dimension.
func few(list []dealt, k int) bool {
	seen := make([]sweep.Milli, 0, maxProfiles)
	for i := range list {
		if m := list[i].profile[k]; !slices.Contains(seen, m) {
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
	d := deck{group: group, low: slices.Clone(p.needs(cards[0].shape))}
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
