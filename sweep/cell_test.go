package sweep

import (
	"testing"

	"pgregory.net/rapid"
)

// A quantile's value has a cell, and the quantile lies in it: of every distribution.
func TestCellHoldsTheQuantile(t *testing.T) {
	spec, err := Parse("", []byte(`{method: random, program: x, parameters: {
		a: {value: 3}, b: {values: [x, 1, 1.0, "1"]}, c: {values: [1, 2, 3], probabilities: [0.5, 0, 0.5]}, d: {min: -3, max: 9},
		e: {min: -2.5, max: 7.5}, f: {distribution: q_uniform, min: 0.1, max: 1.3, q: 0.25}, g: {distribution: log_uniform, min: -3, max: 2},
		h: {distribution: log_uniform_values, min: 1e-5, max: 10}, i: {distribution: q_log_uniform_values, min: 3, max: 900, q: 2},
		j: {distribution: inv_log_uniform, min: 1, max: 4}, k: {distribution: inv_log_uniform_values, min: 1e-3, max: 4},
		l: {distribution: normal, mu: 2, sigma: 3}, m: {distribution: q_normal, mu: 2, sigma: 3, q: 0.5}, n: {distribution: log_normal},
		o: {distribution: beta, a: 2, b: 5}, p: {distribution: q_beta, a: 2, b: 5, q: 0.05}, q: {min: -9000000000000000000, max: 9000000000000000000},
		r: {distribution: q_log_uniform, min: 0, max: 5}, s: {min: 2.0, max: 2.0}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range spec.Space.Dimensions() {
		t.Run(d.Name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				u := rapid.Float64Range(1e-9, 1-1e-9).Draw(r, "u")
				v := d.Quantile(u)
				low, high, ok := d.Cell(v)
				const close = 1e-6
				if !ok || d.Min != d.Max && (u < low-close || u > high+close) {
					r.Fatalf("%v at %v has the cell %v to %v, %v", v, u, low, high, ok)
				}
			})
			if d.Distribution == Constant {
				return
			}
			if _, _, ok := d.Cell("no such value"); ok {
				t.Error("text has a cell")
			}
		})
	}
}
