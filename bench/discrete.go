package bench

import (
	"math"

	"github.com/kaon-sweep/kaon/sweep"
)

// integerParameters are sizes, which only take whole numbers.
const integerParameters = `{width: {min: 1, max: 64}, depth: {min: 1, max: 32}, heads: {values: [1, 2, 4, 8, 16]},
	warmup: {min: 0, max: 100}}`

// integers is a valley that runs askew, width times depth 256, with its minimum, 0, at 32, 8, 4 and 50.
func integers(p sweep.Point) float64 {
	at := func(name string) float64 {
		v, _ := p.Lookup(name)
		return float64(v.(int64))
	}
	size := math.Log2(at("width")) + math.Log2(at("depth")) - 8
	return sq(size) + sq(math.Log2(at("width"))-5)/10 + sq(math.Log2(at("heads"))-2)/5 + sq((at("warmup")-50)/50)
}

// choiceParameters are choices without an order.
const choiceParameters = `{a: {values: [p, q, r, s, t]}, b: {values: [p, q, r, s, t]}, c: {values: [p, q, r, s, t]},
	d: {values: [p, q, r, s, t]}, e: {values: [p, q, r, s, t]}, f: {values: [p, q, r, s, t]}}`

// choices counts what is wrong: each of six choices by itself, and pairs that do not go together. All q is right.
func choices(p sweep.Point) float64 {
	cost := map[string]float64{"p": 1, "q": 0, "r": 0.6, "s": 0.3, "t": 0.8}
	sum, before := 0.0, ""
	for i, param := range p {
		v := param.Value.(string)
		sum += cost[v]
		if i%2 == 1 && v != before {
			sum += 0.5
		}
		before = v
	}
	return sum
}
