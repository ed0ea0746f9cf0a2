package gp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// data is measurements of some function of three features, of which the last two share a length scale.
func data(n int, seed uint64) (g Groups, x [][]float64, y []float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		v := []float64{r.Float64(), r.Float64(), r.Float64()}
		x = append(x, v)
		y = append(y, math.Sin(6*v[0])+v[1]*v[2])
	}
	return Groups{0, 1, 1}, x, y
}

// slopeOf is the numeric derivative of f by coordinate k.
func slopeOf(f func([]float64) float64, x []float64, k int) float64 {
	const step = 1e-5
	up, down := append([]float64(nil), x...), append([]float64(nil), x...)
	up[k] += step
	down[k] -= step
	return (f(up) - f(down)) / (2 * step)
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*(1+math.Abs(b)) }

func TestEvidenceHasTheSlopeItSays(t *testing.T) {
	g, x, y := data(25, 1)
	e := newEvidence(g, x, y)
	r := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		logs := []float64{r.NormFloat64(), r.NormFloat64(), -4 + r.NormFloat64()}
		gradient := make([]float64, 3)
		e.value(logs, gradient)
		for k := range logs {
			want := slopeOf(func(at []float64) float64 { return e.value(at, make([]float64, 3)) }, logs, k)
			if !near(gradient[k], want, 1e-4) {
				t.Fatalf("slope %d at %v is %v, says %v", k, logs, want, gradient[k])
			}
		}
	}
}

func TestPosteriorHasTheSlopeItSays(t *testing.T) {
	g, x, y := data(20, 3)
	h := Hyper{Lengths: []float64{0.3, 0.8}, Noise: 1e-3, Signal: 2, Mean: 0.3}
	p := NewPosterior(g, h, x, y)
	at := []float64{0.21, 0.43, 0.77}
	mean, deviation, meanSlope, deviationSlope := p.PredictSlope(at)
	means, deviations := p.Predict([][]float64{at})
	if !near(mean, means[0], 1e-9) || !near(deviation, deviations[0], 1e-9) || !near(p.Means([][]float64{at})[0], mean, 1e-9) {
		t.Errorf("%v %v, and %v %v", mean, deviation, means, deviations)
	}
	for k := range at {
		m := slopeOf(func(v []float64) float64 { a, _, _, _ := p.PredictSlope(v); return a }, at, k)
		d := slopeOf(func(v []float64) float64 { _, a, _, _ := p.PredictSlope(v); return a }, at, k)
		if !near(meanSlope[k], m, 1e-5) || !near(deviationSlope[k], d, 1e-5) {
			t.Errorf("slope %d: mean %v, says %v; deviation %v, says %v", k, m, meanSlope[k], d, deviationSlope[k])
		}
	}
}

// To believe in points is to measure the mean there.
func TestBelievedMeasurements(t *testing.T) {
	g, x, y := data(15, 4)
	_, more, _ := data(6, 5)
	h := Hyper{Lengths: []float64{0.3, 0.8}, Noise: 1e-3, Signal: 2, Mean: 0.3}
	p := NewPosterior(g, h, x, y)
	believed := p.Believe(more[:2]).Believe(more[2:])
	whole := NewPosterior(g, h, append(append([][]float64(nil), x...), more...), append(append([]float64(nil), y...), p.Means(more)...))
	_, at, _ := data(9, 6)
	m, d := believed.Predict(at)
	wantM, wantD := whole.Predict(at)
	for i := range at {
		if !near(m[i], wantM[i], 1e-8) || !near(d[i], wantD[i], 1e-6) {
			t.Errorf("%v ± %v, should be %v ± %v", m[i], d[i], wantM[i], wantD[i])
		}
	}
	if d, _ := NewPosterior(g, h, nil, nil).Believe(more).Predict(at); math.Abs(d[0]-h.Mean) > 1e-12 {
		t.Errorf("a process without measurements expects %v", d[0])
	}
}

func TestLogEIFarAndNear(t *testing.T) {
	for _, z := range []float64{-1e6, -300, -25.1, -24.9, -5, -1.001, -0.999, 0, 3} {
		value, byMean, byDeviation := LogEI(z*0.7, 0, 0.7)
		const step = 1e-6
		up, _, _ := LogEI(z*0.7, step, 0.7)
		down, _, _ := LogEI(z*0.7, -step, 0.7)
		wide, _, _ := LogEI(z*0.7, 0, 0.7+step)
		tight, _, _ := LogEI(z*0.7, 0, 0.7-step)
		if !near(byMean, (up-down)/2/step, 1e-3) || !near(byDeviation, (wide-tight)/2/step, 1e-3) {
			t.Errorf("at z %v the slopes are %v and %v, says %v and %v", z, (up-down)/2/step, (wide-tight)/2/step, byMean, byDeviation)
		}
		if z > -5.1 && !near(math.Exp(value), 0.7*(math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)+z*math.Erfc(-z/math.Sqrt2)/2), 1e-9) {
			t.Errorf("at z %v the improvement is e^%v", z, value)
		}
	}
	a, _ := logImprovement(-25 - 1e-9)
	b, _ := logImprovement(-25 + 1e-9)
	if math.Abs(a-b) > 1e-4 {
		t.Errorf("%v and %v where the formula changes", a, b)
	}
}

// The length scales of what matters come out short, the noise as it is.
func TestFitFindsWhatMatters(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var x [][]float64
	var y []float64
	for range 80 {
		v := []float64{r.Float64(), r.Float64()}
		x = append(x, v)
		y = append(y, 1.4*math.Sin(8*v[0])+0.1*r.NormFloat64())
	}
	g := Groups{0, 1}
	h := Fit(g, x, y, []Hyper{Prior(g)}, 60)
	if deviation := math.Sqrt(h.Noise * h.Signal); h.Lengths[0] > h.Lengths[1]/2 || deviation < 0.06 || deviation > 0.15 {
		t.Errorf("%+v: the noise is %v", h, deviation)
	}
}

// Functions drawn from the posterior have its mean and deviation.
func TestSamplesAreOfThePosterior(t *testing.T) {
	g, x, y := data(30, 8)
	h := Hyper{Lengths: []float64{0.3, 0.8}, Noise: 1e-2, Signal: 2, Mean: 0.3}
	p := NewPosterior(g, h, x, y)
	_, at, _ := data(12, 9)
	at[0] = []float64{-3, 4, 4} // far from all measurements
	means, deviations := p.Predict(at)
	r := rand.New(rand.NewPCG(10, 1))
	sums, squares, n := make([]float64, len(at)), make([]float64, len(at)), 0.0
	for range 10 {
		for i, values := range p.Samples(at, 200, r) {
			for _, v := range values {
				sums[i] += v
				squares[i] += v * v
			}
		}
		n += 200
	}
	for i := range at {
		mean := sums[i] / n
		deviation := math.Sqrt(squares[i]/n - mean*mean)
		if math.Abs(mean-means[i]) > 0.15*deviations[i] || deviation < deviations[i]*0.8 || deviation > deviations[i]*1.25 {
			t.Errorf("at %v functions have %v ± %v, the posterior %v ± %v", at[i], mean, deviation, means[i], deviations[i])
		}
	}
}

func TestMinimizeStaysWithinBounds(t *testing.T) {
	f := func(x, g []float64) float64 {
		a, b := x[1]-x[0]*x[0], 1-x[0]
		g[0], g[1] = -400*a*x[0]-2*b, 200*a
		return 100*a*a + b*b
	}
	if x, v := Minimize(f, []float64{-1, 1}, []float64{-2, -2}, []float64{2, 2}, 300); v > 1e-9 {
		t.Errorf("%v at %v", v, x)
	}
	x, _ := Minimize(f, []float64{-1, 1}, []float64{-2, -2}, []float64{0.5, 2}, 300)
	if math.Abs(x[0]-0.5) > 1e-6 || math.Abs(x[1]-0.25) > 1e-4 {
		t.Errorf("within bounds %v", x)
	}
}
