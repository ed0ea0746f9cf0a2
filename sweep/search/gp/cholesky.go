package gp

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// factorize replaces the lower triangle of a covariance matrix by its Cholesky factor. Where rounding has
// left the matrix not positive definite, its diagonal is raised until it is.
func factorize(k matrix) (ok bool) {
	n := k.Cols
	kept := append([]float64(nil), k.Data...)
	for jitter := 0.0; jitter < 1; jitter = math.Max(jitter*10, 1e-10) {
		for i := range n {
			k.Data[i*k.Stride+i] += jitter
		}
		t := blas64.Symmetric{Uplo: blas.Lower, N: n, Data: k.Data, Stride: k.Stride}
		if _, ok := lapack64.Potrf(t); ok {
			return true
		}
		copy(k.Data, kept)
	}
	return false
}

// solve replaces v by L⁻¹v.
func solve(l matrix, v []float64) {
	blas64.Trsv(blas.NoTrans, l.lower(), vector(v))
}

// solveBack replaces v by L⁻ᵀv.
func solveBack(l matrix, v []float64) {
	blas64.Trsv(blas.Trans, l.lower(), vector(v))
}

// solveAll replaces every column of b by L⁻¹ times it.
func solveAll(l, b matrix) {
	blas64.Trsm(blas.Left, blas.NoTrans, 1, l.lower(), b.General)
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Data: v, Inc: 1} }

// logDeterminant is that of LLᵀ.
func logDeterminant(l matrix) float64 {
	sum := 0.0
	for i := range l.Cols {
		sum += 2 * math.Log(l.Data[i*l.Stride+i])
	}
	return sum
}

// inverse is (LLᵀ)⁻¹, both triangles.
func inverse(l matrix) matrix {
	n := l.Cols
	out := newMatrix(n, n)
	copy(out.Data, l.Data)
	lapack64.Potri(out.lower())
	for i := range n {
		for j := range i {
			out.Data[j*out.Stride+i] = out.Data[i*out.Stride+j]
		}
	}
	return out
}

// dot is the scalar product.
func dot(a, b []float64) float64 { return floats.Dot(a, b) }
