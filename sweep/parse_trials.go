package sweep

import (
	"fmt"
	"math"
	"math/big"
)

// countRemedy is the remedy for a grid whose points are too rare to be counted.
func countRemedy(found int) string {
	if found == 0 {
		return "use fewer values, loosen the conditions, or use `method: random`"
	}
	return fmt.Sprintf("write `run_cap: %d` to run those, or use fewer values, or `method: random`", found)
}

// countGrid counts the points of a grid with conditions.
func (d *decoder) countGrid(root *node, limit int) {
	s := d.spec
	stop := limit
	if stop == 0 || s.Shuffled { // its first points may be any
		stop = maxCounted + 1
	}
	w := s.Space.countPoints(stop, d.options.mostEvaluated())
	s.Space.index = w
	at, field := root.get("constraints"), "constraints"
	if at == nil {
		at, field = root.get("exclude"), "exclude"
	}
	if at == nil {
		at, field = root.get("parameters"), "parameters"
	}
	switch {
	case w.count == 0 && w.whole:
		d.fail(at, field, "no point of the grid holds the conditions", "loosen them")
	case !w.whole && s.Shuffled:
		d.fail(root.get("order"), "order",
			fmt.Sprintf("the grid has more than %d combinations, and to shuffle those that hold "+
				"the conditions they are counted first", w.looked), "remove it, or use `method: random`")
	case !w.whole && w.count < stop:
		d.fail(at, field, fmt.Sprintf("only %d of the grid's first %d combinations hold the conditions, "+
			"and counting stops there", w.count, w.looked),
			countRemedy(w.count))
	}
	s.Trials = w.count
	if limit > 0 {
		s.Trials = min(limit, w.count)
	}
}

// endless caps a search that would never end.
const endless = 100

// trials decides how many trials the sweep runs; a limit of 0 is none.
func (d *decoder) trials(root *node, limit int) {
	s := d.spec
	if s.Space.unique {
		d.uniqueTrials(root, limit)
		return
	}
	if s.Method != "grid" {
		s.Trials = limit
		if limit == 0 {
			s.Trials, s.Capped = endless, true
		}
		d.warnRepeats(root)
		return
	}
	if s.Space.Conditional() {
		d.countGrid(root, limit)
		return
	}
	size, _ := s.Space.Size()
	switch {
	case limit > 0 && (!size.IsInt64() || size.Int64() > int64(limit)):
		s.Trials = limit
	case !size.IsInt64() || size.Int64() > MaxTrials:
		d.fail(root.get("parameters"), "parameters",
			fmt.Sprintf("the grid has %s points; a sweep runs at most %d", size, MaxTrials),
			"add `run_cap: 1000` to run its first 1000 points, or use `method: random`")
	default:
		s.Trials = int(size.Int64())
	}
}

// repeats is how many of n uniform draws out of so many points are expected to be one that was drawn before.
func repeats(n int, points *big.Int) float64 {
	size, _ := new(big.Float).SetInt(points).Float64()
	if size > 1e15 { // the formula below has no digits left, and there are none to speak of
		return 0
	}
	return float64(n) + size*math.Expm1(float64(n)*math.Log1p(-1/size))
}

// unique reads `unique`, which is random search without repeats.
func (d *decoder) unique(n *node) {
	if n == nil || n.null {
		return
	}
	on := d.boolean(n, "unique", "true draws every point at most once")
	switch {
	case on && d.spec.Method != "random" && d.spec.Method != "grid" && d.spec.Method != "":
		d.fail(n, "unique", "only random search can be told to draw no point twice",
			"remove it, or use `method: random`")
		return
	case !on || d.spec.Method != "random" || len(d.problems) > 0:
		return
	}
	s := d.spec.Space
	if s.points() == nil {
		for _, l := range s.leaves {
			if len(l.when) > 0 {
				d.fail(n, "unique", "points are told apart only where every parameter is discrete, or none "+
					"has a `when`",
					"give the continuous parameters `values` or a `q`, or remove `unique`")
				return
			}
		}
		return // draws of a continuous parameter do not repeat
	}
	s.unique = true
	for _, l := range s.leaves {
		l.withoutRepeats()
	}
	s.size, _ = s.product()
}

// uniqueTrials is how many trials a search without repeats runs.
func (d *decoder) uniqueTrials(root *node, limit int) {
	s := d.spec
	if s.Space.Conditional() {
		w := s.Space.countPoints(maxCounted+1, d.options.mostEvaluated())
		s.Space.index = w
		switch {
		case !w.whole:
			d.fail(root.get("unique"), "unique",
				fmt.Sprintf("the space has more than %d combinations, and under conditions they are "+
					"counted one by one", w.looked), "remove it: repeats are rare in a space so large")
			return
		case w.count == 0:
			d.fail(root.get("parameters"), "parameters", "no point of the space holds the conditions",
				"loosen them")
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
			d.warn(root.get("run_cap"), "run_cap",
				fmt.Sprintf("the space has %d points: so many trials run, not %d", s.Trials, limit), "")
		}
	}
	s.Capped = limit == 0 && s.Trials == endless && size.Cmp(big.NewInt(endless)) > 0
}

// warnRepeats warns of a random search that will run points again.
func (d *decoder) warnRepeats(root *node) {
	s := d.spec
	points := s.Space.points()
	if points == nil {
		return
	}
	again := repeats(s.Trials, points)
	if s.learns() { // they avoid repeats while they can
		size, _ := new(big.Float).SetInt(points).Float64()
		again = float64(s.Trials) - size
	}
	if again < 1 {
		return
	}
	about := ""
	if s.Space.Conditional() {
		about = "at most "
	}
	at := root.get("run_cap")
	if at == nil {
		at = root.get("method")
	}
	remedy := "add `unique: true` to draw each point once, or use `method: grid`"
	trials := "random trials"
	if s.Method != "random" {
		trials = "trials"
		remedy = "use `method: grid`, or `method: random` with `unique: true`"
	}
	d.warn(at, "run_cap",
		fmt.Sprintf("the space has %s%s points: about %.0f of %d %s repeat one", about, points,
			again, s.Trials, trials),
		remedy)
}
