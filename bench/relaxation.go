package bench

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize/convex/lp"
)

// machineType is machines of one size.
type machineType struct {
	size  amounts
	count int
}

// maxTypes bounds the sizes of machines in a bound. More are merged, each with the larger of two in every resource, which
// keeps a lower bound one.
const maxTypes = 24

// typesOf counts machines by size.
func typesOf(machines []Machine) []machineType {
	at := make(map[amounts]int)
	var list []machineType
	for i := range machines {
		size := machines[i].amounts()
		n, known := at[size]
		if !known {
			n = len(list)
			at[size] = n
			list = append(list, machineType{size: size})
		}
		list[n].count++
	}
	slices.SortFunc(list, func(a, b machineType) int { return slices.Compare(a.size[:], b.size[:]) })
	for len(list) > maxTypes {
		merged := list[:0]
		for i := 0; i < len(list); i += 2 {
			t := list[i]
			if i+1 < len(list) {
				t.count += list[i+1].count
				for k := range t.size {
					t.size[k] = max(t.size[k], list[i+1].size[k])
				}
			}
			merged = append(merged, t)
		}
		list = merged
	}
	return list
}

// divisibleBound is the fewest machines that have together what the trials need of every resource, were both divisible:
// min Σ y over types, Σ y·size >= need, 0 <= y <= count. With machines of one size it is the volume bound.
func divisibleBound(types []machineType, trials []Trial) int {
	var need amounts
	for i := range trials {
		for k, m := range trials[i].amounts() {
			need[k] += m
		}
	}
	// Rows: one per resource with a surplus, one per type with a slack. Columns: types, surpluses, slacks.
	rows, wide := dimensions+len(types), 2*len(types)+dimensions
	a := newDense(rows, wide)
	b, c := make([]float64, rows), make([]float64, wide)
	for k := range need {
		scale := max(1, float64(need[k]))
		for t := range types {
			a.Set(k, t, float64(types[t].size[k])/scale)
		}
		a.Set(k, len(types)+k, -1)
		b[k] = float64(need[k]) / scale
	}
	for t := range types {
		a.Set(dimensions+t, t, 1)
		a.Set(dimensions+t, len(types)+dimensions+t, 1)
		b[dimensions+t], c[t] = float64(types[t].count), 1
	}
	n, _, err := lp.Simplex(c, a, b, 0, nil)
	if err != nil {
		return 0 // it cannot be had, or the solver gave up: other bounds hold
	}
	return atLeast(n)
}

// atLeast is the whole number of machines that a real bound means, rounding errors forgiven.
func atLeast(bound float64) int { return int(math.Ceil(bound - 1e-6*max(1, bound/1000))) }
