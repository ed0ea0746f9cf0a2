package search

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// rates are the strategy's constants for a dimension and a population, as in Hansen's tutorial.
type rates struct {
	weights                  []float64
	mass                     float64 // variance effective selection mass of the positive weights
	cSigma, dSigma           float64
	cPath, cOne, cMu, expect float64
}

func ratesOf(d, population int) rates {
	n, lambda := float64(d), float64(population)
	var r rates
	sumUp, squaresUp, sumDown, squaresDown := 0.0, 0.0, 0.0, 0.0
	for i := range population {
		w := math.Log((lambda+1)/2) - math.Log(float64(i+1))
		r.weights = append(r.weights, w)
		if w >= 0 {
			sumUp, squaresUp = sumUp+w, squaresUp+w*w
		} else {
			sumDown, squaresDown = sumDown-w, squaresDown+w*w
		}
	}
	r.mass = sumUp * sumUp / squaresUp
	massDown := sumDown * sumDown / math.Max(squaresDown, 1e-300)
	r.cSigma = (r.mass + 2) / (n + r.mass + 5)
	r.dSigma = 1 + 2*math.Max(0, math.Sqrt((r.mass-1)/(n+1))-1) + r.cSigma
	r.cPath = (4 + r.mass/n) / (n + 4 + 2*r.mass/n)
	r.cOne = 2 / ((n+1.3)*(n+1.3) + r.mass)
	r.cMu = math.Min(1-r.cOne, 2*(r.mass-2+1/r.mass)/((n+2)*(n+2)+r.mass))
	r.expect = math.Sqrt(n) * (1 - 1/(4*n) + 1/(21*n*n))
	down := math.Min(1+r.cOne/math.Max(r.cMu, 1e-300), 1+2*massDown/(r.mass+2))
	down = math.Min(down, (1-r.cOne-r.cMu)/(n*math.Max(r.cMu, 1e-300)))
	for i, w := range r.weights {
		if w >= 0 {
			r.weights[i] /= sumUp
		} else {
			r.weights[i] *= down / sumDown
		}
	}
	return r
}

// move learns from finished trials, the best first, and says whether the run has converged.
func (v *evolution) move(finished []told) (converged bool) {
	d := len(v.mean)
	n := float64(d)
	r := ratesOf(d, len(finished))
	steps, lengths := make([][]float64, len(finished)), make([]float64, len(finished))
	for i, t := range finished {
		y := make([]float64, d)
		for k := range y {
			y[k] = (t.x[k] - v.mean[k]) / (v.sigma * v.scale[k])
		}
		lengths[i] = floats.Norm(v.whiten(y), 2)
		if likely := math.Sqrt(n) + 2*n/(n+2); t.generation != v.generation && lengths[i] > likely {
			floats.Scale(likely/lengths[i], y)
			lengths[i] = likely
		}
		steps[i] = y
	}
	step := make([]float64, d)
	for i, w := range r.weights {
		if w > 0 {
			floats.AddScaled(step, w, steps[i])
		}
	}
	for k := range v.mean {
		v.mean[k] = inside(v.mean[k] + v.sigma*v.scale[k]*step[k])
	}
	v.generation++
	floats.Scale(1-r.cSigma, v.pathSigma)
	floats.AddScaled(v.pathSigma, math.Sqrt(r.cSigma*(2-r.cSigma)*r.mass), v.whiten(step))
	length := floats.Norm(v.pathSigma, 2)
	stalled := length/math.Sqrt(1-math.Pow(1-r.cSigma, 2*float64(v.generation))) >= (1.4+2/(n+1))*r.expect
	v.sigma *= math.Exp(math.Min(1, r.cSigma/r.dSigma*(length/r.expect-1)))
	v.sigma = math.Min(v.sigma, 1)
	v.adapt(r, steps, lengths, step, stalled)
	v.margin(len(finished))
	return v.converged(finished)
}

// adapt moves the covariance towards the steps that did well, and away from those that did badly.
func (v *evolution) adapt(r rates, steps [][]float64, lengths, step []float64, stalled bool) {
	d := len(v.mean)
	floats.Scale(1-r.cPath, v.pathC)
	missing := r.cOne * r.cPath * (2 - r.cPath)
	if !stalled {
		floats.AddScaled(v.pathC, math.Sqrt(r.cPath*(2-r.cPath)*r.mass), step)
		missing = 0
	}
	keep := 1 + missing - r.cOne - r.cMu*floats.Sum(r.weights)
	next := mat.NewSymDense(d, nil)
	next.ScaleSym(keep, v.covariance)
	next.SymRankOne(next, r.cOne, mat.NewVecDense(d, v.pathC))
	for i, w := range r.weights {
		if w < 0 {
			w *= float64(d) / math.Max(lengths[i]*lengths[i], 1e-12)
		}
		next.SymRankOne(next, r.cMu*w, mat.NewVecDense(d, steps[i]))
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(next, true) {
		return // the old covariance is still one
	}
	values := eigen.Values(nil)
	if floats.HasNaN(values) || values[d-1] <= 0 {
		return
	}
	for k := range values {
		values[k] = math.Sqrt(math.Max(values[k], values[d-1]*1e-14))
	}
	v.covariance, v.lengths = next, values
	eigen.VectorsTo(v.basis)
}

// margin keeps every ordered axis of few values able to leave its value: the chance to draw a lower one, or
// a higher one, stays above a bound.
func (v *evolution) margin(population int) {
	least := 1 / (float64(len(v.mean)) * float64(population))
	for k := range v.axes {
		a := &v.axes[k]
		if a.kind != ordered {
			continue
		}
		low, high := a.cell(v.mean[k])
		sd := v.sigma * v.scale[k] * math.Sqrt(math.Max(v.covariance.At(k, k), 1e-300))
		normal := distuv.Normal{Mu: v.mean[k], Sigma: sd}
		switch {
		case low <= 0 && high >= 1:
		case low <= 0: // the lowest value: only up
			if 1-normal.CDF(high) < least {
				v.mean[k] = inside(high - sd*distuv.UnitNormal.Quantile(1-least))
				v.mean[k] = math.Max(v.mean[k], closest)
			}
		case high >= 1:
			if normal.CDF(low) < least {
				v.mean[k] = inside(low + sd*distuv.UnitNormal.Quantile(1-least))
			}
		default:
			down, up := normal.CDF(low), 1-normal.CDF(high)
			if down >= least/2 && up >= least/2 {
				continue
			}
			below := distuv.UnitNormal.Quantile(1 - math.Min(math.Max(down, least/2), 0.49))
			above := distuv.UnitNormal.Quantile(1 - math.Min(math.Max(up, least/2), 0.49))
			v.mean[k] = (low*above + high*below) / (below + above)
			v.scale[k] *= (high - low) / (below + above) / sd
		}
	}
}

// converged says whether nothing more is to be found here: the distribution is tiny or thin, or all of a
// population are equally good.
func (v *evolution) converged(finished []told) bool {
	widest := v.sigma * v.lengths[len(v.lengths)-1]
	flat := finished[0].trial.loss == finished[len(finished)*7/10].trial.loss
	return widest < 1e-9 || flat && v.generation > 5 || v.lengths[0] < 1e-7*v.lengths[len(v.lengths)-1] ||
		math.IsNaN(v.sigma)
}
