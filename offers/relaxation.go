package offers

import "math"

// relaxation is the divisible knapsack: max Σ worth·x, Σ share·x <= 1 in every dimension, 0 <= x <= most. It
// is solved by the simplex method for bounded variables, whose basis is as small as there are dimensions.
type relaxation struct {
	wide    int
	items   []knapsackItem
	inverse []float64 // of the basis, by basic variable and dimension
	basic   []int     // items; -1-d: what is left of dimension d
	value   []float64 // of the basic variables
	price   []float64 // by dimension
	step    []float64 // buffer
	state   []byte    // by item
	bound   float64   // what the solution is worth
	weight  float64   // of the agent at the prices
}

// States of an item.
const (
	heldNone byte = iota
	heldMost
	heldSome // it is basic
)

// relax solves the problem and sets what is held and weighs.
func (k *relaxation) relax() {
	k.reset()
	for range 4 * (len(k.items) + k.wide) {
		k.setPrices()
		in := k.entering()
		if in == noVariable || !k.pivot(in) {
			break
		}
	}
	k.setPrices()
	for r, i := range k.basic {
		if i >= 0 {
			k.items[i].held = k.value[r]
		}
	}
	k.bound, k.weight = 0, 0
	for d := range k.price {
		k.price[d] = max(0, k.price[d])
		k.weight += k.price[d]
	}
	k.bound = k.weight
	for i := range k.items {
		item := &k.items[i]
		if k.state[i] == heldMost {
			item.held = float64(item.most)
		}
		item.weight = dot(k.price, item.share)
		k.bound += float64(item.most) * max(0, item.worth-item.weight)
	}
}

const noVariable = math.MinInt

func (k *relaxation) reset() {
	w := k.wide
	if len(k.inverse) != w*w {
		k.inverse, k.basic = make([]float64, w*w), make([]int, w)
		k.value, k.price, k.step = make([]float64, w), make([]float64, w), make([]float64, w)
	}
	clear(k.inverse)
	for d := range w {
		k.inverse[d*w+d], k.basic[d], k.value[d] = 1, -1-d, 1
	}
	k.state = append(k.state[:0], make([]byte, len(k.items))...)
	for i := range k.items {
		k.items[i].held = 0
	}
}

// setPrices sets what dimensions are worth in the basis.
func (k *relaxation) setPrices() {
	clear(k.price)
	for r, i := range k.basic {
		if i < 0 {
			continue
		}
		for d := range k.price {
			k.price[d] += k.items[i].worth * k.inverse[r*k.wide+d]
		}
	}
}

// entering is the variable whose change gains most for its size, noVariable at the optimum.
func (k *relaxation) entering() int {
	in, top := noVariable, 1e-9
	for i := range k.items {
		item := &k.items[i]
		if k.state[i] == heldSome {
			continue
		}
		gain := item.worth - dot(k.price, item.share)
		if k.state[i] == heldMost {
			gain = -gain
		}
		if gain > 0 {
			if gain /= item.worth; gain > top {
				in, top = i, gain
			}
		}
	}
	if in != noVariable {
		return in
	}
	for d, p := range k.price {
		if -p > top {
			in, top = -1-d, -p
		}
	}
	return in
}

// pivot changes a variable until it or another reaches its end.
func (k *relaxation) pivot(in int) bool {
	w := k.wide
	sign, limit := 1.0, math.Inf(1)
	if in >= 0 {
		limit = float64(k.items[in].most)
		if k.state[in] == heldMost {
			sign = -1
		}
	}
	out := -1
	full := false // the one that leaves is at its most
	for r := range k.step {
		line := k.inverse[r*w : (r+1)*w]
		if in >= 0 {
			k.step[r] = sign * dot(line, k.items[in].share)
		} else {
			k.step[r] = line[-1-in]
		}
		switch s := k.step[r]; {
		case s > 1e-9:
			if t := max(0, k.value[r]) / s; t < limit {
				out, limit, full = r, t, false
			}
		case s < -1e-9 && k.basic[r] >= 0:
			if t := max(0, float64(k.items[k.basic[r]].most)-k.value[r]) / -s; t < limit {
				out, limit, full = r, t, true
			}
		}
	}
	if math.IsInf(limit, 1) {
		return false
	}
	for r, s := range k.step {
		k.value[r] -= limit * s
	}
	if out < 0 {
		k.state[in] ^= heldMost
		return true
	}
	if left := k.basic[out]; left >= 0 {
		k.state[left] = heldNone
		if full {
			k.state[left] = heldMost
		}
	}
	k.value[out] = limit
	if in >= 0 {
		if k.state[in] == heldMost {
			k.value[out] = float64(k.items[in].most) - limit
		}
		k.state[in] = heldSome
	}
	k.basic[out] = in
	k.exchange(out, sign)
	return true
}

// exchange brings the inverse up to date after a variable entered in a line.
func (k *relaxation) exchange(out int, sign float64) {
	w := k.wide
	pivot := k.inverse[out*w : (out+1)*w]
	for d := range pivot {
		pivot[d] /= sign * k.step[out]
	}
	for r := range k.step {
		if r == out {
			continue
		}
		f := sign * k.step[r]
		for d, v := range pivot {
			k.inverse[r*w+d] -= f * v
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
