package bench

// assignmentBound is a lower bound for machines of several types: trials are assigned to types, and divisible, but each
// keeps its proportions, so a type does not get just what it has most of. It is the dual of that linear program: with
// any prices of the resources of each type, a trial costs at least what it would on the type where it is cheapest, and
// a machine costs 1, or what it holds at its type's prices when that is more. Prices are improved by subgradients;
// every one of them is a bound.
func assignmentBound(types []machineType, trials []Trial) int {
	if len(types) < 2 {
		return 0
	}
	a := newAssignment(types, trials)
	best := 0.0
	for step := range assignmentSteps {
		bound := a.evaluate()
		best = max(best, bound)
		a.improve(assignmentStride / (1 + float64(step)/assignmentCooling))
	}
	return atLeast(best)
}

// The subgradient method: steps, the part of a price that the first may change, and the steps after which it is half.
const (
	assignmentSteps   = 1500
	assignmentStride  = 0.05
	assignmentCooling = 40
)

type assignment struct {
	types  []machineType
	shapes []class
	price  [][]float64 // by type and resource, of a whole machine
	used   [][]float64 // by type and resource: machines full of what is assigned there
}

func newAssignment(types []machineType, trials []Trial) *assignment {
	a := &assignment{types: types, shapes: countShapes(trials)}
	for range types {
		a.used = append(a.used, make([]float64, dimensions))
		a.price = append(a.price, []float64{0.5, 0.5, 0, 0})
	}
	return a
}

// evaluate assigns every trial to the type where it is cheapest and answers the bound.
func (a *assignment) evaluate() float64 {
	for t := range a.types {
		clear(a.used[t])
	}
	// Prices per unit; a resource that a type lacks keeps trials that need it away.
	unit := make([]amountPrices, len(a.types))
	for t := range a.types {
		for k, size := range a.types[t].size {
			if size > 0 {
				unit[t][k] = a.price[t][k] / float64(size)
			} else {
				unit[t][k] = 1
			}
		}
	}
	sum := 0.0
	for i := range a.shapes {
		s := &a.shapes[i]
		best, least := 0, 0.0
		for t := range unit {
			cost := 0.0
			for k, n := range s.need {
				cost += unit[t][k] * float64(n)
			}
			if t == 0 || cost < least {
				best, least = t, cost
			}
		}
		sum += least * float64(s.count)
		for k, n := range s.need {
			if size := a.types[best].size[k]; size > 0 {
				a.used[best][k] += float64(s.count) * float64(n) / float64(size)
			}
		}
	}
	// All prices may be scaled: the best scale is where some type's machine holds just 1.
	best := 0.0
	for _, prices := range a.price {
		whole := total(prices)
		if whole == 0 {
			continue
		}
		bound := sum / whole
		for t := range a.types {
			bound -= float64(a.types[t].count) * max(0, total(a.price[t])/whole-1)
		}
		best = max(best, bound)
	}
	return best
}

type amountPrices [dimensions]float64

// improve raises prices of what is wanted more than machines are bought for, and lowers the others.
func (a *assignment) improve(stride float64) {
	most := 0.0
	machines := make([]float64, len(a.types))
	for t := range a.types {
		if total(a.price[t]) > 1 {
			machines[t] = float64(a.types[t].count)
		}
		for _, used := range a.used[t] {
			most = max(most, used, machines[t])
		}
	}
	for t := range a.types {
		for k, used := range a.used[t] {
			a.price[t][k] = max(0, a.price[t][k]+stride*(used-machines[t])/most)
		}
	}
}

func total(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum
}
