package sweep

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// multiples are the steps of q that a rounded dimension takes: the first, and how many; 0: they have no bounds.
func (d *Dimension) multiples() (first, count float64) {
	low, high, bounded := d.support()
	if d.Q <= 0 || !bounded {
		return 0, 0
	}
	first = math.Ceil(low/d.Q - slack)
	return first, math.Floor(high/d.Q+slack) - first + 1
}

// distinct is how many values a random draw of the dimension can have; nil: without number.
func (d *Dimension) distinct() *big.Int {
	switch d.Distribution {
	case Constant:
		return big.NewInt(1)
	case Categorical, CategoricalProbs:
		seen := map[string]bool{}
		for i, v := range d.Values {
			if d.Distribution == Categorical || d.Probabilities[i] > 0 {
				seen[fmt.Sprintf("%T%s", v, appendRepr(nil, v))] = true
			}
		}
		return big.NewInt(int64(len(seen)))
	case IntUniform:
		n, _ := d.Choices()
		return n
	}
	if _, count := d.multiples(); count > 0 {
		n, _ := big.NewFloat(count).Int(nil)
		return n
	}
	return nil
}

// choice is value i of those that the leaf can take: on a grid, or of a search that repeats no point.
func (l *leaf) choice(i *big.Int) Value {
	if !l.unique || l.Q <= 0 {
		return l.At(i)
	}
	first, _ := l.multiples()
	k, _ := new(big.Float).SetInt(i).Float64()
	return l.number(snap((first+k)*l.Q, l.Q, 0))
}

// spread makes the leaf one of a search that repeats no point: every value that a draw can have, each once.
func (l *leaf) spread() {
	l.unique, l.choices = true, l.distinct()
	if l.Distribution != Categorical && l.Distribution != CategoricalProbs {
		return
	}
	seen := map[string]bool{}
	var kept []Value
	for i, v := range l.Values {
		text := fmt.Sprintf("%T%s", v, appendRepr(nil, v))
		if !seen[text] && (l.Distribution == Categorical || l.Probabilities[i] > 0) {
			seen[text] = true
			kept = append(kept, v)
		}
	}
	l.Distribution, l.Values, l.Probabilities = Categorical, kept, nil
}

// shuffled is element i of a permutation of 0…n-1 that the seed chooses: a Feistel network over the next even
// number of bits, walked until it falls below n (Black and Rogaway 2002). Of more than 2^62 elements, it is an
// injection of the first 2^62.
func shuffled(i int, n *big.Int, seed uint64) *big.Int {
	const most = 62
	if n.BitLen() > most {
		y := new(big.Int).SetUint64(feistel(uint64(i), most, seed))
		return y.Rsh(y.Mul(y, n), most)
	}
	size := n.Uint64()
	width := max(bits.Len64(size-1), 2)
	width += width & 1
	x := feistel(uint64(i), width, seed)
	for x >= size {
		x = feistel(x, width, seed)
	}
	return new(big.Int).SetUint64(x)
}

// feistel is a permutation of the numbers of an even width of bits.
func feistel(x uint64, width int, seed uint64) uint64 {
	const rounds = 8
	half := width / 2
	mask := uint64(1)<<half - 1
	left, right := x>>half, x&mask
	for round := range uint64(rounds) {
		left, right = right, left^mix(mix(seed^round)^right)&mask
	}
	return left<<half | right
}

// repeats is how many of n uniform draws out of so many points are expected to be one that was drawn before.
func repeats(n int, points *big.Int) float64 {
	size, _ := new(big.Float).SetInt(points).Float64()
	if size > 1e15 { // the formula below has no digits left, and there are none to speak of
		return 0
	}
	return float64(n) + size*math.Expm1(float64(n)*math.Log1p(-1/size))
}

// points is how many points a random search can draw, conditions aside; nil: without number.
func (s *Space) points() *big.Int {
	n := big.NewInt(1)
	for _, l := range s.leaves {
		d := l.distinct()
		if d == nil {
			return nil
		}
		n.Mul(n, d)
	}
	return n
}

// unique reads `unique`, which is random search without repeats.
func (d *decoder) unique(n *node) {
	if n == nil || n.null {
		return
	}
	v, ok := d.scalar(n, "unique", "true or false")
	on, isBool := v.(bool)
	switch {
	case ok && !isBool:
		d.fail(n, "unique", "want true or false, not "+n.what(), "true draws every point at most once")
	case !on || d.spec.Method != "random" || len(d.problems) > 0:
		return
	}
	s := d.spec.Space
	if s.points() == nil {
		for _, l := range s.leaves {
			if len(l.when) > 0 {
				d.fail(n, "unique", "points are told apart only where every parameter is discrete, or none has a `when`",
					"give the continuous parameters `values` or a `q`, or remove `unique`")
				return
			}
		}
		return // draws of a continuous parameter do not repeat
	}
	s.unique = true
	for _, l := range s.leaves {
		l.spread()
	}
	s.size, _ = s.product()
}

// uniqueTrials is how many trials a search without repeats runs.
func (d *decoder) uniqueTrials(root *node, limit int) {
	s := d.spec
	if s.Space.conditional() {
		w := s.Space.explore(maxWalk + 1)
		s.Space.walk = w
		switch {
		case !w.whole:
			d.fail(root.get("unique"), "unique", fmt.Sprintf("the space has more than %d combinations, and under conditions they are counted one by one", maxWalk), "remove it: repeats are rare in a space so large")
			return
		case w.count == 0:
			d.fail(root.get("parameters"), "parameters", "no point of the space holds the conditions", "loosen them")
			return
		}
	}
	size, _ := s.Space.Size()
	wanted := limit
	if limit == 0 {
		wanted = endless
	}
	if s.Trials = wanted; size.IsInt64() && size.Int64() <= int64(wanted) {
		s.Trials = int(size.Int64())
		if limit > s.Trials {
			d.warn(root.get("run_cap"), "run_cap", fmt.Sprintf("the space has %d points: so many trials run, not %d", s.Trials, limit), "")
		}
	}
	s.Capped = limit == 0 && s.Trials == endless && size.Cmp(big.NewInt(endless)) > 0
}

// small warns of a random search that will run points again.
func (d *decoder) small(root *node) {
	s := d.spec
	points := s.Space.points()
	if points == nil {
		return
	}
	again := repeats(s.Trials, points)
	if again < 1 {
		return
	}
	about := ""
	if s.Space.conditional() {
		about = "at most "
	}
	at := root.get("run_cap")
	if at == nil {
		at = root.get("method")
	}
	d.warn(at, "run_cap", fmt.Sprintf("the space has %s%s points: about %.0f of %d random trials repeat one", about, points, again, s.Trials),
		"add `unique: true` to draw each point once, or use `method: grid`")
}
