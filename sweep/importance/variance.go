package importance

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// The authors decompose each tree by itself and average the shares. A single tree's noise is mostly interaction,
// which makes parameters that come in waves too unimportant; so the trees' marginals are averaged first, and the
// mean of the forest is decomposed.

// variances are those of the forest's mean over the cube: in all, and what single axes make alone.
type variances struct {
	forest *forest
	mean   float64
	all    float64
	single []float64
}

// Marginals are computed at so many places of an axis, alone and in pairs; and the variance in all from so many
// points drawn at random.
const (
	places, pairPlaces = 64, 32
	points             = 8192
)

func decompose(f *forest) *variances {
	v := &variances{forest: f}
	for _, t := range f.trees {
		for _, l := range t.leaves {
			v.mean += l.size * l.value / float64(len(f.trees))
		}
	}
	for k := range f.axes {
		v.single = append(v.single, v.alone(k))
	}
	v.all = v.total()
	return v
}

// total is the variance of the forest's mean.
func (v *variances) total() float64 {
	r := rand.New(rand.NewPCG(3, 3))
	u := make([]float64, len(v.forest.axes))
	sum := 0.0
	for range points {
		for k := range u {
			if u[k] = r.Float64(); v.forest.axes[k].measure != nil {
				u[k] = float64(v.forest.axes[k].category(u[k]))
			}
		}
		d := v.forest.at(u) - v.mean
		sum += d * d
	}
	return sum / points
}

// cells are the places of an axis where marginals are computed: those of a choice are its values.
type cells struct {
	axis  *axis
	sizes []float64
}

func (f *forest) cells(k, places int) cells {
	c := cells{&f.axes[k], f.axes[k].measure}
	for len(c.sizes) < places && c.axis.measure == nil {
		c.sizes = append(c.sizes, 1/float64(places))
	}
	return c
}

// add adds a value to the places that a side covers.
func (c *cells) add(to []float64, s side, value float64) {
	if c.axis.measure != nil {
		for rest := s.set; rest != 0; rest &= rest - 1 {
			to[bits.TrailingZeros64(rest)] += value
		}
		return
	}
	from, end := c.covered(s)
	for i := from; i < end; i++ {
		to[i] += value
	}
}

// covered is the places whose middles lie in an interval.
func (c *cells) covered(s side) (from, end int) {
	n := float64(len(c.sizes))
	return int(math.Ceil(s.low*n - 0.5)), int(math.Ceil(s.high*n - 0.5))
}

// alone is what an axis makes of the variance alone.
func (v *variances) alone(k int) float64 {
	c := v.forest.cells(k, places)
	marginal := make([]float64, len(c.sizes))
	for _, t := range v.forest.trees {
		for _, l := range t.leaves {
			if s := l.sides[k]; s.size > 0 {
				c.add(marginal, s, l.value*l.size/s.size)
			}
		}
	}
	return v.variance(marginal, func(i int) float64 { return c.sizes[i] })
}

// together is what two axes make beyond what each makes alone.
func (v *variances) together(one, other int) float64 {
	a, b := v.forest.cells(one, pairPlaces), v.forest.cells(other, pairPlaces)
	wide := len(b.sizes)
	marginal := make([]float64, len(a.sizes)*wide)
	covers := make([]float64, len(a.sizes))
	for _, t := range v.forest.trees {
		for _, l := range t.leaves {
			s, o := l.sides[one], l.sides[other]
			if s.size <= 0 || o.size <= 0 {
				continue
			}
			clear(covers)
			a.add(covers, s, 1)
			for i, covered := range covers {
				if covered > 0 {
					b.add(marginal[i*wide:(i+1)*wide], o, l.value*l.size/s.size/o.size)
				}
			}
		}
	}
	both := v.variance(marginal, func(i int) float64 { return a.sizes[i/wide] * b.sizes[i%wide] })
	return math.Max(both-v.single[one]-v.single[other], 0)
}

// variance is that of sums over all trees, weighted by what their places take up.
func (v *variances) variance(sums []float64, size func(i int) float64) float64 {
	sum := 0.0
	for i, s := range sums {
		d := s/float64(len(v.forest.trees)) - v.mean
		sum += size(i) * d * d
	}
	return sum
}
