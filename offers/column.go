package offers

import (
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// deck is the waiting shapes of one group that are alike in every resource but cpus and memory, or nearly so.
type deck struct {
	group int32
	low   []resource.Milli // least of every dimension over its shapes
	cols  []column
	favor float64 // of its shapes where they compete: 1, up to 2 for shapes that few bins suit
}

// column is shapes of one amount of cpus (or of a narrow range, when there are many amounts), by rising memory. So the
// best shape of a column is the highest that fits: no other is larger in what it uses of the agent.
type column struct {
	least, most resource.Milli // cpus
	cards       []card
	below       []int32 // below[i]: a card at or below i that may still wait; path-compressed, -1: none
}

// card is one shape.
type card struct {
	cpus, mem resource.Milli
	shape     int32
}

// newColumn makes a column of cards ordered by cpus, then memory.
func newColumn(cards []card, below []int32) column {
	c := column{least: cards[0].cpus, most: cards[len(cards)-1].cpus, cards: cards, below: below}
	if c.least != c.most {
		slices.SortFunc(c.cards, compareCards)
	}
	for i := range c.below {
		c.below[i] = int32(i)
	}
	return c
}

// alive is the highest card at or below i that still waits, -1 when there is none.
func (c *column) alive(i int32) int32 {
	if i < 0 {
		return -1
	}
	top := i
	for top >= 0 && c.below[top] != top {
		top = c.below[top]
	}
	for i >= 0 && c.below[i] != i {
		i, c.below[i] = c.below[i], top
	}
	return top
}

// drop takes a card out.
func (c *column) drop(i int32) { c.below[i] = i - 1 }

// upTo is the highest card, alive or not, with at most that memory, at or below from.
func (c *column) upTo(mem resource.Milli, from int32) int32 {
	if c.cards[from].mem <= mem {
		return from
	}
	return int32(sort.Search(int(from), func(i int) bool { return c.cards[i].mem > mem })) - 1
}
