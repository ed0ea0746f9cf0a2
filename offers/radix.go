package offers

import (
	"cmp"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// radixFrom is the length from which sorting by bytes beats comparing.
const radixFrom = 256

// sortItems orders items by cpus, then memory; of equal ones the first to wait comes last, because columns
// are read from the end. Items must come by rising shape.
func sortItems(items []item) {
	if len(items) < radixFrom {
		slices.SortFunc(items, compareByCPUs)
		return
	}
	slices.Reverse(items)
	spare := make([]item, len(items))
	in, out := radix(items, spare, func(c *item) resource.Milli { return c.mem })
	in, _ = radix(in, out, func(c *item) resource.Milli { return c.cpus })
	if &in[0] != &items[0] {
		copy(items, in)
	}
}

// radix sorts by one key, stably, byte by byte from the lowest, skipping bytes that all items share. It
// returns the slice that holds the result, then the other.
func radix(in, out []item, key func(*item) resource.Milli) ([]item, []item) {
	var vary resource.Milli
	first := key(&in[0])
	for i := range in {
		vary |= key(&in[i]) ^ first
	}
	for shift := 0; vary>>shift != 0; shift += 8 {
		if vary>>shift&0xff == 0 {
			continue
		}
		var at [256]int
		for i := range in {
			at[key(&in[i])>>shift&0xff]++
		}
		sum := 0
		for b, n := range at {
			at[b], sum = sum, sum+n
		}
		for i := range in {
			b := key(&in[i]) >> shift & 0xff
			out[at[b]] = in[i]
			at[b]++
		}
		in, out = out, in
	}
	return in, out
}

// compareByCPUs orders items by cpus, then as compareItems does.
func compareByCPUs(a, b item) int {
	if a.cpus != b.cpus {
		return cmp.Compare(a.cpus, b.cpus)
	}
	return compareItems(a, b)
}
