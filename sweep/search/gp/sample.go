package gp

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// features is how many random waves a function drawn from the prior is the sum of.
const features = 400

// Samples are the values at each x, in rows, of functions drawn from the posterior, in columns. Each is
// drawn from the prior, as a sum of random waves (Rahimi, Recht 2007), and then moved onto the measurements
// (Matheron's rule; Wilson et al. 2020): that costs as much for a hundred functions as for one.
func (p *Posterior) Samples(x [][]float64, functions int, r *rand.Rand) [][]float64 {
	d, n := len(p.groups), p.l.Rows
	waves, phases := newMatrix(features, d), make([]float64, features)
	for i := range features {
		// The spectrum of a Matérn kernel of smoothness 5/2 is Student's with 5 degrees of freedom.
		chi := 0.0
		for range 5 {
			z := r.NormFloat64()
			chi += z * z
		}
		stretch := math.Sqrt(5 / chi)
		for f := range d {
			waves.row(i)[f] = stretch * r.NormFloat64()
		}
		phases[i] = 2 * math.Pi * r.Float64()
	}
	amplitudes := newMatrix(features, functions)
	for i := range amplitudes.Data {
		amplitudes.Data[i] = math.Sqrt(2.0/features) * r.NormFloat64()
	}
	scaled := p.groups.scaled(p.hyper, x)
	prior := product(basis(scaled, waves, phases), amplitudes)
	if n > 0 {
		// What is missing between the measurements and the drawn functions, noise included.
		missing := product(basis(p.x, waves, phases), amplitudes)
		root := math.Sqrt(p.hyper.Signal)
		noise := math.Sqrt(p.hyper.Noise)
		for i := range missing.Data {
			missing.Data[i] = -missing.Data[i] - noise*r.NormFloat64()
		}
		solveAll(p.l, missing)
		for i := range n {
			for j := range functions {
				missing.Data[i*missing.Stride+j] += p.half[i] / root
			}
		}
		blas64.Trsm(blas.Left, blas.Trans, 1, p.l.lower(), missing.General)
		cross := p.cross(scaled)
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, cross.General, missing.General, 1, prior.General)
	}
	out := make([][]float64, len(x))
	root := math.Sqrt(p.hyper.Signal)
	for i := range out {
		out[i] = prior.row(i)
		for j := range out[i] {
			out[i][j] = p.hyper.Mean + root*out[i][j]
		}
	}
	return out
}

// basis is the waves at scaled vectors.
func basis(scaled, waves matrix, phases []float64) matrix {
	out := newMatrix(scaled.Rows, waves.Rows)
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, scaled.General, waves.General, 0, out.General)
	for i := range out.Rows {
		row := out.row(i)
		for j := range row {
			row[j] = math.Cos(row[j] + phases[j])
		}
	}
	return out
}

func product(a, b matrix) matrix {
	out := newMatrix(a.Rows, b.Cols)
	blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, a.General, b.General, 0, out.General)
	return out
}
