package gp

import "math"

// Posterior is the process given measurements. A Posterior does not change; Believe makes another.
type Posterior struct {
	groups  Groups
	hyper   Hyper
	x       matrix // in units of the length scales
	l       matrix // Cholesky factor of the covariance, by Signal
	half    []float64
	weights []float64 // of the kernel around each measurement in the mean
}

// NewPosterior takes in measurements y at x.
func NewPosterior(g Groups, h Hyper, x [][]float64, y []float64) *Posterior {
	p := &Posterior{groups: g, hyper: h, x: g.scaled(h, x), l: newMatrix(len(x), len(x))}
	for i := range x {
		row, a := p.l.row(i), p.x.row(i)
		for j := range i {
			row[j] = matern(square(a, p.x.row(j)))
		}
		row[i] = 1 + h.Noise
	}
	if len(x) > 0 {
		factorize(p.l)
	}
	for _, v := range y {
		p.half = append(p.half, v-h.Mean)
	}
	if len(x) > 0 {
		solve(p.l, p.half)
	}
	p.weigh()
	return p
}

func (p *Posterior) weigh() {
	p.weights = append([]float64(nil), p.half...)
	if len(p.weights) > 0 {
		solveBack(p.l, p.weights)
	}
}

// Believe takes in the mean as if it had been measured at each x, one after the other: the mean stays, and
// the variance there shrinks to the noise (the kriging believer of Ginsbourger, Le Riche, Carraro 2010).
func (p *Posterior) Believe(x [][]float64) *Posterior {
	n, m := p.l.Rows, len(x)
	if m == 0 {
		return p
	}
	out := &Posterior{groups: p.groups, hyper: p.hyper, x: newMatrix(n+m, len(p.groups)), l: newMatrix(n+m, n+m)}
	copy(out.x.Data, p.x.Data[:n*p.x.Stride])
	more := p.groups.scaled(p.hyper, x)
	copy(out.x.Data[n*out.x.Stride:], more.Data)
	for i := range n {
		copy(out.l.row(i), p.l.row(i))
	}
	// The factor of a matrix with m more rows: theirs are B = K_mn L⁻ᵀ and the factor of K_mm − BBᵀ.
	cross := p.cross(more)
	if n > 0 {
		solveAll(p.l, cross)
	}
	for i := range m {
		row := out.l.row(n + i)
		for j := range n {
			row[j] = cross.Data[j*cross.Stride+i]
		}
	}
	for i := range m {
		row := out.l.row(n + i)
		for j := range i + 1 {
			other := out.l.row(n + j)
			k := 1 + p.hyper.Noise
			if j < i {
				k = matern(square(more.row(i), more.row(j)))
			}
			k -= dot(row[:n+j], other[:n+j])
			if j < i {
				row[n+j] = k / other[n+j]
			} else {
				row[n+i] = math.Sqrt(math.Max(k, p.hyper.Noise+1e-10))
			}
		}
	}
	// A measurement that equals its expectation adds nothing to L⁻¹(y − mean).
	out.half = append(append([]float64(nil), p.half...), make([]float64, m)...)
	out.weights = append(append([]float64(nil), p.weights...), make([]float64, m)...)
	return out
}

// cross is the kernel between the measurements, in rows, and scaled vectors, in columns.
func (p *Posterior) cross(scaled matrix) matrix {
	k := squares(p.x, scaled)
	for i, v := range k.Data {
		k.Data[i] = matern(v)
	}
	return k
}

// Len is how many measurements it has, believed ones included.
func (p *Posterior) Len() int { return p.l.Rows }

// Means is the expected value at each x.
func (p *Posterior) Means(x [][]float64) []float64 {
	scaled := p.groups.scaled(p.hyper, x)
	out := make([]float64, len(x))
	for j := range x {
		out[j] = p.hyper.Mean
		b := scaled.row(j)
		for i, w := range p.weights {
			if w != 0 { // a believed measurement weighs nothing
				out[j] += w * matern(square(b, p.x.row(i)))
			}
		}
	}
	return out
}

// Predict is the expected value at each x, and its standard deviation without noise.
func (p *Posterior) Predict(x [][]float64) (means, deviations []float64) {
	scaled := p.groups.scaled(p.hyper, x)
	cross := p.cross(scaled)
	means, deviations = make([]float64, len(x)), make([]float64, len(x))
	for j := range x {
		means[j], deviations[j] = p.hyper.Mean, 1
	}
	for i, w := range p.weights {
		for j, k := range cross.row(i) {
			means[j] += w * k
		}
	}
	if p.l.Rows > 0 {
		solveAll(p.l, cross)
	}
	for i := range cross.Rows {
		for j, v := range cross.row(i) {
			deviations[j] -= v * v
		}
	}
	for j, v := range deviations {
		deviations[j] = p.deviation(v)
	}
	return means, deviations
}

// deviation is the standard deviation of a variance that is relative to the signal's.
func (p *Posterior) deviation(relative float64) float64 {
	return math.Sqrt(p.hyper.Signal * math.Max(relative, leastVariance))
}

// leastVariance is the smallest that rounding lets be told from none.
const leastVariance = 1e-12

// PredictSlope is Predict at one x, with the gradients of both.
func (p *Posterior) PredictSlope(x []float64) (mean, deviation float64, meanSlope, deviationSlope []float64) {
	scaled := p.groups.scaled(p.hyper, [][]float64{x}).row(0)
	n, d := p.l.Rows, len(x)
	k, slopes := make([]float64, n), make([]float64, n)
	for i := range n {
		distance := square(scaled, p.x.row(i))
		k[i], slopes[i] = matern(distance), maternSlope(distance)
	}
	mean = p.hyper.Mean + dot(k, p.weights)
	variance := 1.0
	if n > 0 {
		solve(p.l, k)
		variance -= dot(k, k)
		solveBack(p.l, k)
	}
	deviation = p.deviation(variance)
	meanSlope, deviationSlope = make([]float64, d), make([]float64, d)
	for i := range n {
		m, v := p.weights[i]*slopes[i], k[i]*slopes[i]
		for f, at := range p.x.row(i) {
			c := scaled[f] - at
			meanSlope[f] -= m * c
			deviationSlope[f] += v * c
		}
	}
	for f, group := range p.groups {
		meanSlope[f] /= p.hyper.Lengths[group]
		deviationSlope[f] *= p.hyper.Signal / deviation / p.hyper.Lengths[group]
		if variance <= leastVariance {
			deviationSlope[f] = 0
		}
	}
	return mean, deviation, meanSlope, deviationSlope
}
