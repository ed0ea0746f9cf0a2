package offers

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func TestSkylineAnswersAsAScanWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bins []binState
		for range rapid.IntRange(0, 8).Draw(t, "bins") {
			q := resource.Resources{CPUs: resource.Milli(rapid.IntRange(0, 6).Draw(t, "cpus")), Mem: resource.Milli(rapid.IntRange(0, 6).Draw(t, "mem"))}
			bins = append(bins, binState{row: &bin{free: q}})
		}
		slices.SortFunc(bins, func(a, b binState) int {
			x, y := a.row.free, b.row.free
			return cmp.Or(cmp.Compare(x.CPUs, y.CPUs), cmp.Compare(x.Mem, y.Mem))
		})
		line := newSkyline(bins)
		for cpus := range resource.Milli(8) {
			for mem := range resource.Milli(8) {
				want := slices.ContainsFunc(bins, func(b binState) bool { return b.row.free.CPUs >= cpus && b.row.free.Mem >= mem })
				if got := line.holds(cpus, mem); got != want {
					t.Fatalf("holds(%d, %d) is %v with %+v", cpus, mem, got, line)
				}
			}
		}
	})
}

func TestRadixSortsAsComparingDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int64{1, 3, 300, 1 << 40}).Draw(t, "most")
		items := make([]item, rapid.IntRange(radixFrom, radixFrom+50).Draw(t, "items"))
		for i := range items {
			items[i] = item{
				cpus:  resource.Milli(rapid.Int64Range(0, most).Draw(t, "cpus")),
				mem:   resource.Milli(rapid.Int64Range(0, most).Draw(t, "mem")),
				shape: int32(i),
			}
		}
		want := slices.Clone(items)
		slices.SortFunc(want, compareByCPUs)
		sortItems(items)
		if !slices.Equal(items, want) {
			t.Fatalf("got %v\nwant %v", items, want)
		}
	})
}
