package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// searching are the keys, besides those that identify it, that decide which points a search has. What of them
// changes in a sweep that has begun makes another search of it, from the first trial on that has not begun.
var searching = append(slices.Clone(identifying), "constraints", "exclude", "zip")

// growing are the keys that may change in a sweep that has begun, those of `task` and `metric` by their path.
var growing = append([]string{
	"description", "run_cap", "limits", "packing", "queue", "priority",
	"task.resources", "task.retries", "task.timeout", "task.grace", "metric.target",
}, searching[1:]...) // not the name

// Extend is the spec of a sweep that has begun by s and goes on by next, whose trials below from have begun: they keep
// their points. When next searches otherwise, the other trials have points of next, but none of its `try`; a grid then
// has those that no trial has had. It fails when something changes that may not, or when fewer trials would be left
// than have begun.
func (s *Spec) Extend(next *Spec, from int) (*Spec, error) {
	if err := s.mayBecome(next); err != nil {
		return nil, err
	}
	out := *next
	out.Seed, out.OwnSeed, out.Extensions, out.Prior = s.Seed, s.OwnSeed, s.Extensions+1, s.Prior
	same := s.searchesAs(next)
	if same {
		out.Former, out.Method, out.Chosen = s.Former, s.Method, s.Chosen // what `auto` chose stays chosen
		out.Try = s.Try
	}
	switch {
	case !same:
		out.Former, out.Try = &Former{s, from}, nil // what is tried first is of the search that a sweep begins with
	case s.Method == "lhs" && out.Trials != s.Trials: // a hypercube is of so many trials
		out.Former = &Former{s, min(s.Trials, max(out.Trials, from))}
	}
	if out.Former != nil && same && s.Repeat.Trials > 1 {
		return nil, &Error{File: s.File, Field: "run_cap", Problem: fmt.Sprintf(
			"a Latin hypercube with `repeat` has the %d trials that it began with", s.Trials),
			Remedy: "leave `run_cap` as it is, or submit another sweep"}
	}
	if out.Former != nil && s.Repeat.Trials > 1 { // a point may have begun of which repeats have not
		return nil, &Error{File: s.File, Field: "repeat",
			Problem: "a sweep with `repeat` goes on with the search that it has",
			Remedy:  "change `run_cap` alone, or submit another sweep"}
	}
	// it can be told neither space nor results anew
	if out.Former != nil && (s.Method == ByCommand || out.Method == ByCommand) {
		return nil, &Error{File: s.File, Field: "method",
			Problem: "a program that chooses points keeps the space and the method " +
				"that it began with, and takes over no other sweep",
			Remedy: "change only `run_cap`, limits and the like, or run a new sweep"}
	}
	if f := out.Former; f != nil && out.Method == "grid" {
		out.Trials = f.From + out.rest(f)
		if out.RunCap > 0 {
			out.Trials = min(out.Trials, out.RunCap)
		}
	}
	if out.Trials < from {
		return nil, &Error{File: s.File, Field: "run_cap", Problem: fmt.Sprintf(
			"%d trials have begun already, more than the %d that there would be", from, out.Trials),
			Remedy: fmt.Sprintf("give at least `run_cap=%d`", max(from, 1))}
	}
	if out.Trials > MaxTrials {
		return nil, &Error{File: s.File, Field: "run_cap", Problem: fmt.Sprintf(
			"there would be %d trials; a sweep runs at most %d", out.Trials, MaxTrials),
			Remedy: "give a smaller `run_cap`"}
	}
	return &out, nil
}

// searchesAs reports whether next has the points of s.
func (s *Spec) searchesAs(next *Spec) bool {
	a, b := s.keysOf(), next.keysOf()
	for _, key := range searching {
		if !reflect.DeepEqual(a[key], b[key]) {
			return false
		}
	}
	return true
}

// rest is how many points of a grid no trial of the former search has had.
func (s *Spec) rest(f *Former) int {
	size, _ := s.Space.Size()
	left := new(big.Int).Sub(size, big.NewInt(int64(f.covered(s.Space))))
	if !left.IsInt64() || left.Int64() > MaxTrials {
		return MaxTrials + 1
	}
	return int(left.Int64())
}

// covered is how many points of a grid over space the trials of a former search have had.
func (f *Former) covered(space *Space) (n int) {
	had := map[string]bool{}
	f.Grid(func(p Point) {
		key := p.key()
		if _, ok := space.Rank(p); ok && !had[key] {
			had[key] = true
			n++
		}
	})
	return n
}

// Grid calls yield with the point of each trial of a former search that was a grid, and of those before it.
func (f *Former) Grid(yield func(Point)) {
	from := 0
	if before := f.Spec.Former; before != nil && f.Spec.Method == "grid" {
		before.Grid(yield)
		from = before.From
		rest := NewRest(f.Spec)
		for i := from; i < f.From; i++ {
			if p, ok := rest.At(i - from); ok {
				yield(p)
			}
		}
		return
	}
	if f.Spec.Method != "grid" {
		return // drawn points are hardly those of a grid
	}
	tried, n := map[string]bool{}, 0
	for ; n < min(len(f.Spec.Try), f.From); n++ {
		tried[f.Spec.Try[n].key()] = true
		yield(f.Spec.Try[n])
	}
	for i := 0; n < f.From; i++ {
		p := f.Spec.gridAt(i)
		if len(tried) == 0 || !tried[p.key()] {
			yield(p)
			n++
		}
	}
}

func (s *Spec) gridAt(i int) Point {
	if s.Shuffled {
		return s.Space.ShuffledAt(s.Seed, i)
	}
	return s.Space.At(big.NewInt(int64(i)))
}

// Rest is the points of a grid that no trial of a former search has had. It finds them as they are asked for,
// and remembers where they are: 4 bytes for each.
type Rest struct {
	spec  *Spec
	had   map[string]bool
	found []int32
	next  int
	size  int
}

// NewRest is the rest of a grid that goes on from another.
func NewRest(s *Spec) *Rest {
	r := &Rest{spec: s, had: map[string]bool{}}
	s.Former.Grid(func(p Point) { r.had[p.key()] = true })
	size, _ := s.Space.Size()
	if r.size = MaxTrials; size.IsInt64() && size.Int64() < MaxTrials {
		r.size = int(size.Int64())
	}
	return r
}

// At is point i of the rest, from 0; not ok when there are not so many.
func (r *Rest) At(i int) (Point, bool) {
	for len(r.found) <= i && r.next < r.size {
		if !r.had[r.spec.gridAt(r.next).key()] {
			r.found = append(r.found, int32(r.next))
		}
		r.next++
	}
	if i < 0 || i >= len(r.found) {
		return nil, false
	}
	return r.spec.gridAt(int(r.found[i])), true
}

// key tells points apart, whatever the order of their parameters.
func (p Point) key() string {
	flat := p.Flat()
	slices.SortFunc(flat, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, param := range flat {
		fmt.Fprintf(&b, "%q:%s,", param.Name, identity(param.Value))
	}
	return b.String()
}

// triedAlready says what to do with points to try in a sweep that has begun.
func (s *Spec) triedAlready() error {
	from := ""
	if s.learns() {
		from = " --set 'from=[SWEEP]'"
	}
	return &Error{File: s.File, Field: "try",
		Problem: "`try` has the points of a sweep's first trials, and this sweep has begun",
		Remedy: fmt.Sprintf("try them in a new sweep: `kaon run %s%s --set 'try=[…]'`; or leave `parameters` only "+
			"the values to try, as with `kaon extend SWEEP --set parameters.NAME='{value: …}' --set run_cap=N`",
			s.File, from)}
}

// keysOf is the effective spec by key, those of `task` and `metric` by their path too.
func (s *Spec) keysOf() map[string]any {
	all := map[string]any{}
	numbers := json.NewDecoder(bytes.NewReader(s.Effective))
	numbers.UseNumber() // 1 is another value than 1.0
	if numbers.Decode(&all) != nil {
		return map[string]any{}
	}
	for _, section := range []string{"task", "metric"} {
		inner, ok := all[section].(map[string]any)
		if !ok {
			continue
		}
		delete(all, section)
		for key, v := range inner {
			all[section+"."+key] = v
		}
	}
	for key, v := range all {
		if v == nil {
			delete(all, key)
		}
	}
	if word, ok := all["method"].(string); ok {
		if same := otherSpellings[strings.ToLower(word)]; same != "" {
			all["method"] = same
		}
	}
	return all
}

// mayBecome refuses changes that would make trials of one sweep incomparable.
func (s *Spec) mayBecome(next *Spec) error {
	if s.Effective == nil || next.Effective == nil {
		return &Error{File: s.File, Problem: fmt.Sprintf("the spec is beyond %d bytes with its aliases followed, and "+
			"cannot be compared", maxEffective), Remedy: "run a new sweep"}
	}
	a, b := s.keysOf(), next.keysOf()
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	var refused []string
	for key := range keys {
		if !slices.Contains(growing, key) && key != "seed" && !reflect.DeepEqual(a[key], b[key]) {
			refused = append(refused, key)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	slices.Sort(refused)
	if refused[0] == "try" && len(refused) == 1 {
		return s.triedAlready()
	}
	return &Error{File: s.File, Field: refused[0],
		Problem: fmt.Sprintf("`%s` cannot change in a sweep that has begun: "+
			"its trials are to be comparable", strings.Join(refused, "`, `")),
		Remedy: "leave it as it is; what may change: " + strings.Join(growing, ", ") + "; or run a new sweep"}
}
