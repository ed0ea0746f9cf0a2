package gp

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Hyper are the hyperparameters of a process: the covariance of its values at x and y is
//
//	Signal · (k(r) + Noise · [x is y]),  r² = Σ ((x_f − y_f) / Lengths[group of f])²
//
// with k the Matérn kernel of smoothness 5/2, and its expectation is Mean everywhere.
type Hyper struct {
	Lengths []float64 // by group of features
	Noise   float64   // variance, relative to the signal's
	Signal  float64   // variance
	Mean    float64
}

// Groups says of each feature of a vector which length scale it has.
type Groups []int

// count is the number of groups.
func (g Groups) count() int {
	n := 0
	for _, k := range g {
		n = max(n, k+1)
	}
	return n
}

// scaled is the vectors in units of their length scales.
func (g Groups) scaled(h Hyper, x [][]float64) matrix {
	out := newMatrix(len(x), len(g))
	for i, row := range x {
		for f, v := range row {
			out.row(i)[f] = v / h.Lengths[g[f]]
		}
	}
	return out
}

const root5 = 2.23606797749978969640917366873127623544

// matern is the Matérn kernel of smoothness 5/2 at a squared distance.
func matern(square float64) float64 {
	r := root5 * math.Sqrt(math.Max(square, 0))
	return (1 + r + r*r/3) * math.Exp(-r)
}

// maternSlope is −2 times the derivative of matern by the squared distance: the slope along an axis is this times the
// distance on it, with the sign turned.
func maternSlope(square float64) float64 {
	r := root5 * math.Sqrt(math.Max(square, 0))
	return 5. / 3 * (1 + r) * math.Exp(-r)
}

// matrix is a dense matrix, by rows.
type matrix struct{ blas64.General }

func newMatrix(rows, columns int) matrix {
	stride := max(columns, 1)
	return matrix{blas64.General{Rows: rows, Cols: columns, Stride: stride, Data: make([]float64, rows*stride)}}
}

func (m matrix) row(i int) []float64 { return m.Data[i*m.Stride : i*m.Stride+m.Cols] }

// lower is the triangle of a square matrix below its diagonal.
func (m matrix) lower() blas64.Triangular {
	return blas64.Triangular{Uplo: blas.Lower, Diag: blas.NonUnit, N: m.Cols, Data: m.Data, Stride: m.Stride}
}

// square is the squared distance between two vectors.
func square(a, b []float64) float64 {
	sum := 0.0
	for f, v := range b {
		d := a[f] - v
		sum += d * d
	}
	return sum
}

// squares are the squared distances between the rows of a and those of b.
func squares(a, b matrix) matrix {
	out := newMatrix(a.Rows, b.Rows)
	for i := range a.Rows {
		row, x := out.row(i), a.row(i)
		for j := range row {
			row[j] = square(x, b.row(j))
		}
	}
	return out
}
