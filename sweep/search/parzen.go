package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// parzen is a density over the unit cube: a kernel around each of some trials, and the prior, as wide as the
// cube.
// A kernel is a product over the axes: a normal distribution cut off at 0 and 1 where values have an order,
// and elsewhere the trial's own value with most of the weight. An axis that the trial's point lacks is
// uniform, so that parameters which are there in some points only are learnt from those that have them.
// Densities are relative to the prior.
type parzen struct {
	axes    []axis
	trials  []*asked
	weight  float64   // of a kernel if all weighed the same, the prior too
	shares  []float64 // by trial: its kernel's weight, summed up
	weights []float64 // by trial: logarithm of its kernel's weight
	prior   float64   // logarithm of the prior's weight
	width   []float64 // standard deviation, by axis
	sharp   []float64 // by axis: what makes half the square of a distance in widths a square
	norm    []float64 // by trial and axis: logarithm of what the kernel is divided by
	whole   []float64 // by trial: of the product of its kernels' divisors, with the sign turned
	at      []float64 // by trial and axis: where the kernels are
	logs    []float64 // scratch
	plain   bool      // all axes are numeric
	tables  [][]float64
	rows    []int     // by trial and axis: of the tables, and of an axis without order the value
	columns []int     // by axis: of the point asked for
	own     []float64 // by axis without order: logarithm of a kernel at its value, which is that of the point asked for
	other   []float64 // and elsewhere
}

// smoothing is how wide kernels are.
type smoothing struct {
	factor      float64 // of Scott's rule
	least, most float64
}

// newParzen is the density of trials, each with a weight; the prior weighs 1, and so do all without weights.
func newParzen(e *encoder, trials []*asked, weights []float64, s smoothing) *parzen {
	p := &parzen{axes: e.axes, trials: trials, weight: 1 / float64(len(trials)+1)}
	p.weigh(weights)
	p.widths(s)
	p.prepare()
	return p
}

// weigh scales the weights so that with the prior's they add up to 1.
func (p *parzen) weigh(weights []float64) {
	total := 1 + float64(len(p.trials))
	if weights != nil {
		total = 1 + floats.Sum(weights)
	}
	p.prior, p.shares = -math.Log(total), make([]float64, len(p.trials))
	p.weights = make([]float64, len(p.trials))
	sum := 0.0
	for i := range p.trials {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		sum += w / total
		p.shares[i], p.weights[i] = sum, math.Log(w/total)
	}
}

// widths is Scott's rule (1992) by axis, from the spread of the trials that have it.
func (p *parzen) widths(s smoothing) {
	d := float64(len(p.axes))
	p.width = make([]float64, len(p.axes))
	for k := range p.axes {
		sum, squares, n := 0.0, 0.0, 0.0
		for _, t := range p.trials {
			if t.has(k) {
				sum, squares, n = sum+t.u[k], squares+t.u[k]*t.u[k], n+1
			}
		}
		sd := 0.29 // of the uniform distribution
		if n > 1 {
			sd = math.Sqrt(math.Max(squares/n-sum/n*sum/n, 0))
		}
		shrunk := s.factor * sd * math.Pow(math.Max(n, 1), -1/(d+4))
		p.width[k] = math.Min(math.Max(shrunk, s.least), s.most)
		if a := &p.axes[k]; a.kind == ordered && a.levels > 0 {
			p.width[k] = math.Max(p.width[k], 0.5/float64(a.levels))
		}
	}
}

// prepare computes what does not depend on where the density is asked for.
func (p *parzen) prepare() {
	d := len(p.axes)
	p.norm = make([]float64, len(p.trials)*d)
	p.tables = make([][]float64, d)
	p.rows, p.columns = make([]int, len(p.trials)*d), make([]int, d)
	p.own, p.other = make([]float64, d), make([]float64, d)
	p.sharp, p.plain = make([]float64, d), true
	p.whole, p.logs = make([]float64, len(p.trials)), make([]float64, len(p.trials))
	for _, t := range p.trials {
		p.at = append(p.at, t.u...)
	}
	for k := range p.axes {
		a := &p.axes[k]
		p.sharp[k] = 1 / (p.width[k] * math.Sqrt2)
		if !a.numeric() {
			wide := 1
			if p.plain = false; a.tabled {
				p.tables[k], wide = p.table(a, p.width[k]), a.levels
			} else {
				p.other[k] = math.Log(p.elsewhere(a) / (1 + p.elsewhere(a)))
			}
			for i, t := range p.trials {
				p.rows[i*d+k] = a.category(t.u[k]) * wide
			}
			continue
		}
		for i, t := range p.trials {
			p.norm[i*d+k] = math.Log(p.width[k] * math.Sqrt(2*math.Pi) * massWithin(t.u[k], p.width[k], 0, 1))
			p.whole[i] -= p.norm[i*d+k]
		}
	}
}

// massWithin is the share of a normal distribution between two bounds.
func massWithin(mean, sd, low, high float64) float64 {
	scale := 1 / (sd * math.Sqrt2)
	return 0.5 * (math.Erf((high-mean)*scale) - math.Erf((low-mean)*scale))
}

// elsewhere is the weight of all values in the kernel on one value of an axis without order, beside 1 of that one.
func (p *parzen) elsewhere(a *axis) float64 { return p.weight * float64(a.levels) }

// table is the logarithm of the density at each value of an ordered axis, relative to the prior, of a kernel on each
// value.
func (p *parzen) table(a *axis, width float64) []float64 {
	n := a.levels
	table := make([]float64, n*n)
	for from := range n {
		mean := (a.edges[from] + a.edges[from+1]) / 2
		whole := massWithin(mean, width, 0, 1)
		for to := range n {
			low, high := a.edges[to], a.edges[to+1]
			if high <= low { // a value that is never drawn
				continue
			}
			table[from*n+to] = math.Log(math.Max(massWithin(mean, width, low, high)/whole/(high-low), 1e-12))
		}
	}
	return table
}

// logDensity is the logarithm of the density at a point, over the axes that it has.
func (p *parzen) logDensity(x *candidate) float64 {
	d := len(p.axes)
	for k := range p.axes {
		a := &p.axes[k]
		if a.numeric() {
			continue
		}
		p.columns[k] = a.category(x.u[k])
		if a.kind == unordered {
			share := p.elsewhere(a)
			p.own[k] = math.Log((1/(a.edges[p.columns[k]+1]-a.edges[p.columns[k]]) + share) / (1 + share))
		}
	}
	most := p.prior // whose density is 1
	for i, t := range p.trials {
		if x.active == nil && t.active == nil && p.plain {
			p.logs[i] = p.near(i, x.u, most) + p.weights[i]
		} else {
			p.logs[i] = p.mixed(i*d, t, x) + p.weights[i]
		}
		most = math.Max(most, p.logs[i])
	}
	total := math.Exp(p.prior - most)
	for _, l := range p.logs {
		if l-most > -40 {
			total += math.Exp(l - most)
		}
	}
	return most + math.Log(total)
}

// near is the logarithm of a kernel where every axis is there and continuous. It stops when the kernel adds
// nothing.
func (p *parzen) near(i int, u []float64, most float64) float64 {
	d := len(u)
	at, sum := p.at[i*d:i*d+d], p.whole[i]
	for k, x := range u {
		z := (x - at[k]) * p.sharp[k]
		if sum -= z * z; sum < most-40 && k&3 == 3 {
			break
		}
	}
	return sum
}

// mixed is the logarithm of a kernel, over the axes that both points have.
func (p *parzen) mixed(from int, t *asked, x *candidate) float64 {
	sum := 0.0
	for k := range p.axes {
		if !x.has(k) || !t.has(k) {
			continue
		}
		if a := &p.axes[k]; a.kind == unordered {
			if p.rows[from+k] == p.columns[k] {
				sum += p.own[k]
			} else {
				sum += p.other[k]
			}
			continue
		} else if a.tabled {
			sum += p.tables[k][p.rows[from+k]+p.columns[k]]
			continue
		}
		z := (x.u[k] - t.u[k]) * p.sharp[k]
		sum -= z*z + p.norm[from+k]
	}
	return sum
}

// sample draws coordinates from the density.
func (p *parzen) sample(r *rand.Rand) []float64 {
	u := make([]float64, len(p.axes))
	i, _ := slices.BinarySearch(p.shares, r.Float64())
	for k := range p.axes {
		if i == len(p.trials) || !p.trials[i].has(k) {
			u[k] = r.Float64()
			continue
		}
		mean, a := p.trials[i].u[k], &p.axes[k]
		if a.kind == unordered {
			share := p.elsewhere(a)
			if u[k] = mean; r.Float64()*(1+share) < share {
				u[k] = r.Float64()
			}
			continue
		}
		u[k] = normalWithin(r, mean, p.width[k])
	}
	return u
}

// normalWithin is a normal number in (0,1): rejected until it is, as the mean is inside.
func normalWithin(r *rand.Rand, mean, sd float64) float64 {
	for range 100 {
		if x := mean + sd*r.NormFloat64(); x > 0 && x < 1 {
			return x
		}
	}
	return mean
}
