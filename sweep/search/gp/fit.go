package gp

import "math"

// Bounds of the hyperparameters. Vectors are expected in the unit cube.
const (
	shortest, longest  = 0.005, 300
	quietest, noisiest = 1e-9, 10
)

// The priors. A length scale is log-normal around a median that grows with the root of the dimension, so
// that the process stays as simple in many dimensions as in few (Hvarfner, Hellsten, Nardi 2024, with less
// spread). The noise is log-normal around a hundredth of the signal's deviation. The signal's variance is
// inverse-gamma, the mean normal: both are integrated analytically, to their maximum.
const (
	lengthMedian, lengthSpread = 0.25, 1.0 // of one dimension; of its logarithm
	noiseMedian, noiseSpread   = 1e-4, 3.0
	signalWeight               = 1.0 // observations that the prior of the signal, around 1, counts as
	meanSpread                 = 1.0 // in units of the signal's deviation
)

// Prior is the hyperparameters that are likeliest before anything is known.
func Prior(g Groups) Hyper {
	h := Hyper{Noise: noiseMedian, Signal: 1}
	n := g.count()
	for range n {
		h.Lengths = append(h.Lengths, medianLength(n))
	}
	return h
}

func medianLength(dimensions int) float64 { return lengthMedian * math.Sqrt(float64(dimensions)) }

// Fit is the hyperparameters of largest posterior density for measurements y at x, found from several
// starts by quasi-Newton steps. y should be of mean 0 and variance 1.
func Fit(g Groups, x [][]float64, y []float64, starts []Hyper, evaluations int) Hyper {
	n := g.count()
	low, high := make([]float64, n+1), make([]float64, n+1)
	for k := range n {
		low[k], high[k] = math.Log(shortest), math.Log(longest)
	}
	low[n], high[n] = math.Log(quietest), math.Log(noisiest)
	e := newEvidence(g, x, y)
	best, least := Prior(g), math.Inf(1)
	for _, s := range starts {
		at, value := Minimize(e.value, toLogs(s), low, high, evaluations)
		if value < least {
			best, least = fromLogs(at), value
		}
	}
	return e.complete(best)
}

func toLogs(h Hyper) []float64 {
	var logs []float64
	for _, l := range h.Lengths {
		logs = append(logs, math.Log(l))
	}
	return append(logs, math.Log(h.Noise))
}

func fromLogs(logs []float64) Hyper {
	var h Hyper
	n := len(logs) - 1
	for _, l := range logs[:n] {
		h.Lengths = append(h.Lengths, math.Exp(l))
	}
	h.Noise = math.Exp(logs[n])
	return h
}

// Adjust is hyperparameters whose mean and signal are the best for other measurements.
func Adjust(g Groups, h Hyper, x [][]float64, y []float64) Hyper {
	return newEvidence(g, x, y).complete(h)
}

// evidence is the negative logarithm of the posterior density of hyperparameters, of which the signal's
// variance and the mean are at their best.
type evidence struct {
	groups Groups
	x      [][]float64
	y      []float64
	k      matrix
}

func newEvidence(g Groups, x [][]float64, y []float64) *evidence {
	return &evidence{groups: g, x: x, y: y, k: newMatrix(len(x), len(x))}
}

// factor is the Cholesky factor of the covariance at hyperparameters, the scaled vectors, and the squared
// distances between them.
func (e *evidence) factor(h Hyper) (scaled, distances matrix, ok bool) {
	scaled = e.groups.scaled(h, e.x)
	n := len(e.x)
	distances = newMatrix(n, n)
	for i := range n {
		a, row, k := scaled.row(i), distances.row(i), e.k.row(i)
		for j := range i {
			row[j] = square(a, scaled.row(j))
			k[j] = matern(row[j])
		}
		k[i] = 1 + h.Noise
	}
	return scaled, distances, factorize(e.k)
}

// settle chooses the mean and the signal's variance; weights is K⁻¹(y − mean).
func (e *evidence) settle() (mean, signal float64, weights []float64) {
	n := len(e.y)
	ones, ys := make([]float64, n), append([]float64(nil), e.y...)
	for i := range ones {
		ones[i] = 1
	}
	solve(e.k, ones)
	solve(e.k, ys)
	mean = dot(ones, ys) / (dot(ones, ones) + 1/(meanSpread*meanSpread))
	for i := range ys {
		ys[i] -= mean * ones[i]
	}
	square := dot(ys, ys) + mean*mean/(meanSpread*meanSpread)
	signal = (square + signalWeight) / (float64(n) + signalWeight)
	solveBack(e.k, ys)
	return mean, signal, ys
}

// complete adds the best mean and signal to hyperparameters.
func (e *evidence) complete(h Hyper) Hyper {
	h.Signal = 1
	if len(e.y) > 0 {
		if _, _, ok := e.factor(h); ok {
			h.Mean, h.Signal, _ = e.settle()
		}
	}
	return h
}

// value is the function that Fit minimizes, of the logarithms of lengths and noise.
func (e *evidence) value(logs, gradient []float64) float64 {
	h := fromLogs(logs)
	groups, n := len(h.Lengths), len(e.y)
	scaled, distances, ok := e.factor(h)
	if !ok {
		return math.Inf(1)
	}
	_, signal, weights := e.settle()
	value := (float64(n)+signalWeight)/2*math.Log(signal) + logDeterminant(e.k)/2
	inverted := inverse(e.k)
	for k := range gradient {
		gradient[k] = 0
	}
	byFeature := make([]float64, len(e.groups))
	for i := range n {
		a, row, inv := scaled.row(i), distances.row(i), inverted.row(i)
		for j := range i {
			c := (inv[j] - weights[i]*weights[j]/signal) * maternSlope(row[j])
			for f, v := range scaled.row(j) {
				d := a[f] - v
				byFeature[f] += c * d * d
			}
		}
		gradient[groups] += (inv[i] - weights[i]*weights[i]/signal) * h.Noise / 2
	}
	for f, k := range e.groups {
		gradient[k] += byFeature[f]
	}
	for k, l := range logs[:groups] {
		z := (l - math.Log(medianLength(groups))) / lengthSpread
		value += z * z / 2
		gradient[k] += z / lengthSpread
	}
	z := (logs[groups] - math.Log(noiseMedian)) / noiseSpread
	gradient[groups] += z / noiseSpread
	return value + z*z/2
}
