package bench

import (
	"math"
	"slices"
)

// machineType is machines of one size.
type machineType struct {
	size  amounts
	count int
}

// maxTypes bounds the sizes of machines in a bound. More are merged, each with the larger of two in every resource,
// which keeps a lower bound one.
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
	var asked []int
	for k := range need {
		if need[k] > 0 {
			asked = append(asked, k)
		}
	}
	for _, k := range asked {
		have := 0.0
		for t := range types {
			have += float64(types[t].count) * float64(types[t].size[k])
		}
		if have < float64(need[k]) {
			return 0 // some trials must wait, so no number of machines is enough
		}
	}
	// The dual: prices u >= 0 of the resources that maximise Σ need·u - Σ count·max(0, size·u - 1). The greatest value
	// lies where as many of the planes size·u = 1 and u = 0 meet as there are resources: few enough to look at each.
	planes := make([][]float64, 0, len(types)+len(asked)) // coefficients, then the right side
	for t := range types {
		plane := make([]float64, len(asked)+1)
		for i, k := range asked {
			plane[i] = float64(types[t].size[k]) / float64(need[k]) // of a price for all that is needed
		}
		plane[len(asked)] = 1
		planes = append(planes, plane)
	}
	for i := range asked {
		plane := make([]float64, len(asked)+1)
		plane[i] = 1
		planes = append(planes, plane)
	}
	best := 0.0
	forMeetings(planes, len(asked), func(prices []float64) {
		value := 0.0
		for i, u := range prices {
			if u < -1e-12 {
				return
			}
			prices[i] = max(u, 0)
			value += prices[i]
		}
		for t := range types {
			worth := -1.0
			for i, u := range prices {
				worth += planes[t][i] * u
			}
			value -= float64(types[t].count) * max(0, worth)
		}
		best = max(best, value)
	})
	return atLeast(best)
}

// forMeetings calls do with every point in which n of the planes meet.
func forMeetings(planes [][]float64, n int, do func(point []float64)) {
	chosen := make([][]float64, 0, n)
	var choose func(from int)
	choose = func(from int) {
		if len(chosen) == n {
			if point := meet(chosen); point != nil {
				do(point)
			}
			return
		}
		for i := from; i < len(planes); i++ {
			chosen = append(chosen, planes[i])
			choose(i + 1)
			chosen = chosen[:len(chosen)-1]
		}
	}
	choose(0)
}

// meet is the point in which as many planes as there are unknowns meet, by Gaussian elimination; nil when there is not
// one.
func meet(planes [][]float64) []float64 {
	n := len(planes)
	m := make([][]float64, n)
	for i := range m {
		m[i] = slices.Clone(planes[i])
	}
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[pivot][k]) {
				pivot = i
			}
		}
		if math.Abs(m[pivot][k]) < 1e-12 {
			return nil
		}
		m[k], m[pivot] = m[pivot], m[k]
		for i := range n {
			if i == k {
				continue
			}
			f := m[i][k] / m[k][k]
			for j := k; j <= n; j++ {
				m[i][j] -= f * m[k][j]
			}
		}
	}
	point := make([]float64, n)
	for k := range point {
		point[k] = m[k][n] / m[k][k]
	}
	return point
}

// atLeast is the whole number of machines that a real bound means, rounding errors forgiven.
func atLeast(bound float64) int { return int(math.Ceil(bound - 1e-6*max(1, bound/1000))) }
