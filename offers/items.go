package offers

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// itemClass is the waiting shapes of one group that are alike in every resource but cpus and memory, or
// nearly so.
type itemClass struct {
	group  int32
	low    []resource.Milli // least of every dimension over its shapes
	cols   []column
	weight float64 // of its shapes where they compete: 1, up to 2 for shapes that few bins suit
}

// column is shapes of one amount of cpus (or of a narrow range, when there are many amounts), by rising
// memory. So the best shape of a column is the highest that fits: no other is larger in what it uses of the
// agent.
type column struct {
	least, most resource.Milli // cpus
	items       []item
	next        []int32 // next[i]: an item at or below i that may still wait; path-compressed, -1: none
}

// item is one shape.
type item struct {
	cpus, mem resource.Milli
	shape     int32
}

// newColumn makes a column of items ordered by cpus, then memory.
func newColumn(items []item, next []int32) column {
	c := column{least: items[0].cpus, most: items[len(items)-1].cpus, items: items, next: next}
	if c.least != c.most {
		slices.SortFunc(c.items, compareItems)
	}
	for i := range c.next {
		c.next[i] = int32(i)
	}
	return c
}

// highestAlive is the highest item at or below i that still waits, -1 when there is none.
func (c *column) highestAlive(i int32) int32 {
	if i < 0 {
		return -1
	}
	top := i
	for top >= 0 && c.next[top] != top {
		top = c.next[top]
	}
	for i >= 0 && c.next[i] != i {
		i, c.next[i] = c.next[i], top
	}
	return top
}

// drop takes an item out.
func (c *column) drop(i int32) { c.next[i] = i - 1 }

// upTo is the highest item, alive or not, with at most that memory, at or below from.
func (c *column) upTo(mem resource.Milli, from int32) int32 {
	if c.items[from].mem <= mem {
		return from
	}
	return int32(sort.Search(int(from), func(i int) bool { return c.items[i].mem > mem })) - 1
}

// maxColumns bounds the columns of a class: every placement looks at each. 64 amounts of cpus are more than
// people use; expressions over parameters make more, which then share columns.
const maxColumns = 64

// maxProfiles bounds the amounts of a resource beyond cpus and memory that get classes of their own. More
// amounts are sorted into classes by powers of two.
const maxProfiles = 8

// classify sorts the shapes that wait into classes and columns.
func (f *filler) classify() {
	p := f.p
	items := make([]item, 0, f.to-f.from)
	for s := f.from; s < f.to; s++ {
		if p.shapes[s].waiting > 0 {
			need := p.needs(s)
			items = append(items, item{cpus: need[cpus], mem: need[mem], shape: s})
		}
	}
	f.left = len(items)
	next := make([]int32, len(items))
	for _, class := range f.partitionItems(items) {
		sortItems(class)
		f.addClass(p.shapes[class[0].shape].group, class, next[:len(class)])
		next = next[len(class):]
	}
}

// partitionItems cuts the items into those of one class, each by rising shape.
func (f *filler) partitionItems(items []item) [][]item {
	if len(items) == 0 {
		return nil
	}
	if len(f.p.groups) == 1 && f.p.dims.len() == leading {
		return [][]item{items}
	}
	profiles := f.profiles(items)
	less := func(a, b item) int {
		if c := cmp.Compare(f.p.shapes[a.shape].group, f.p.shapes[b.shape].group); c != 0 {
			return c
		}
		return slices.Compare(profiles(a.shape), profiles(b.shape))
	}
	slices.SortStableFunc(items, less)
	var list [][]item
	for from, i := 0, 1; i <= len(items); i++ {
		if i == len(items) || less(items[from], items[i]) != 0 {
			list = append(list, items[from:i:i])
			from = i
		}
	}
	return list
}

// compareItems orders items by memory; of equal ones the first to wait comes last, because columns are read
// from the end.
func compareItems(a, b item) int {
	if a.mem != b.mem {
		return cmp.Compare(a.mem, b.mem)
	}
	return cmp.Compare(b.shape, a.shape)
}

// profiles answers with a shape's amounts beyond cpus and memory, rounded to powers of two where there are
// many.
func (f *filler) profiles(items []item) func(shape int32) []resource.Milli {
	wide := f.p.dims.len() - leading
	first := items[0].shape
	flat := make([]resource.Milli, wide*(int(items[len(items)-1].shape-first)+1))
	of := func(shape int32) []resource.Milli {
		i := int(shape - first)
		return flat[i*wide : (i+1)*wide]
	}
	for i := range items {
		copy(of(items[i].shape), f.p.needs(items[i].shape)[leading:])
	}
	for k := range wide {
		if few(items, of, k) {
			continue
		}
		for i := range items {
			m := &of(items[i].shape)[k]
			*m = resource.Milli(bits.Len64(uint64(*m)))
		}
	}
	return of
}

// few says whether the items have at most maxProfiles amounts of one dimension.
func few(items []item, of func(int32) []resource.Milli, k int) bool {
	seen := make([]resource.Milli, 0, maxProfiles)
	for i := range items {
		if m := of(items[i].shape)[k]; !slices.Contains(seen, m) {
			if len(seen) == maxProfiles {
				return false
			}
			seen = append(seen, m)
		}
	}
	return true
}

// addClass makes a class of items ordered by cpus, then memory.
func (f *filler) addClass(group int32, items []item, next []int32) {
	p := f.p
	f.simple = f.simple && !p.groups[group].counting
	d := itemClass{group: group, weight: 1, low: slices.Clone(p.needs(items[0].shape))}
	amounts := 0
	for i := range items {
		for k, m := range p.needs(items[i].shape) {
			d.low[k] = min(d.low[k], m)
		}
		if i == 0 || items[i-1].cpus != items[i].cpus {
			amounts++
		}
	}
	for all := len(items); len(items) > 0; {
		n := columnEnd(items, amounts, all)
		d.cols = append(d.cols, newColumn(items[:n:n], next[:n:n]))
		items, next = items[n:], next[n:]
	}
	if f.low == nil {
		f.low = slices.Clone(d.low)
	}
	for k := range f.low {
		f.low[k] = min(f.low[k], d.low[k])
	}
	f.classes = append(f.classes, d)
}

// columnEnd is how many of the items, ordered by cpus, make the next column: those of one amount, or an even
// part of the class when there are more amounts than columns.
func columnEnd(items []item, amounts, all int) int {
	n := 1
	if amounts > maxColumns {
		n = min(len(items), (all+maxColumns-1)/maxColumns)
	}
	for n < len(items) && items[n].cpus == items[n-1].cpus {
		n++
	}
	return n
}
