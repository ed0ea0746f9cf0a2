package board

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// ParamPrefix stands before a parameter's name in Query.Sort. Nested parameters have dots between their names.
const ParamPrefix = "params."

// Order sorts a board's trials piece by piece, so that the board can be folded into between pieces.
type Order struct {
	query Query
	list  []keyed
	texts []string             // of parameters that are no numbers
	next  int                  // index of the first trial that was not looked at
	keep  int                  // how many of the first are wanted; 0: all
	first func(x, y keyed) int // before, of the board
	full  bool                 // list begins with keep of them in their order, and what comes behind them is left out
}

// keyed is a trial with what it is sorted by.
type keyed struct {
	index int32
	text  int32 // place in texts; -1: the key is a number
	has   bool
	last  bool // infeasible, where the best come first
	key   float64
}

// NewOrder begins with the first trial. Offset and Limit of the query mean nothing to it.
func NewOrder(q Query) *Order { return &Order{query: q} }

// Keep has it keep the first n alone, in memory for some times as many: of a million trials a page costs no sorting of
// all.
func (o *Order) Keep(n int) { o.keep = n }

// Add looks at the next trials of a board, n at most, and says whether there are more.
func (o *Order) Add(b *Board, n int) (more bool) {
	key, name := b.key(o.query.Sort), strings.TrimPrefix(o.query.Sort, ParamPrefix)
	param := name != o.query.Sort
	end := min(o.next+n, b.trials)
	for ; o.next < end; o.next++ {
		t := b.known(o.next)
		if t == nil || !o.query.wants(b.stateOf(t)) {
			continue
		}
		one := keyed{index: int32(o.next), text: -1}
		if param {
			o.setParam(&one, b.param(t, name))
		} else {
			one.key, one.has = key(o.next, t)
		}
		one.has = one.has && one.key == one.key
		if o.query.Sort == "value" { // what is infinite ranks nowhere
			one.has = one.has && sweep.IsFinite(one.key)
		}
		one.last = one.has && o.query.Sort == "value" && b.Bounded() && b.violation(o.next/b.Repeats()) > 0
		o.take(b, one)
	}
	return o.next < b.trials
}

// take adds a trial to the list, unless it comes behind all that are wanted.
func (o *Order) take(b *Board, one keyed) {
	if o.full && o.first(one, o.list[o.keep-1]) > 0 {
		if one.text >= 0 {
			o.texts = o.texts[:one.text] // it was the last
		}
		return
	}
	const room = 4096
	if o.list = append(o.list, one); o.keep > 0 && len(o.list) >= 2*o.keep+room {
		if o.first == nil {
			o.first = o.before(b)
		}
		slices.SortFunc(o.list, o.first)
		o.list, o.full = o.list[:o.keep], true
	}
}

// setParam has a trial sorted by a parameter's value: numbers before words, those without it last.
func (o *Order) setParam(one *keyed, value any) {
	switch v := value.(type) {
	case nil:
		return
	case float64:
		one.key = v
	case int64:
		one.key = float64(v)
	case string:
		one.text, o.texts = int32(len(o.texts)), append(o.texts, v)
	default: // false and true, lists
		text, _ := json.Marshal(v) // it came from JSON
		one.text, o.texts = int32(len(o.texts)), append(o.texts, string(text))
	}
	one.has = true
}

// before is how two trials stand to each other: those without the key come last, and ties go to the lower index. No two
// are equal.
func (o *Order) before(b *Board) func(x, y keyed) int {
	descending := o.query.Desc
	if o.query.Sort == "value" {
		descending = b.cfg.Objective.Better(1, 0) != o.query.Desc
	}
	return func(x, y keyed) int {
		switch {
		case x.has != y.has:
			return sign(x.has)
		case x.last != y.last:
			return sign(y.last != o.query.Desc)
		case !x.has:
		case (x.text < 0) != (y.text < 0):
			return sign((x.text < 0) != descending)
		case x.text >= 0 && o.texts[x.text] != o.texts[y.text]:
			return sign((o.texts[x.text] < o.texts[y.text]) != descending)
		case x.text < 0 && x.key != y.key:
			return sign(x.key < y.key != descending)
		}
		return cmp.Compare(x.index, y.index)
	}
}

// Indices is the trials that were heard of, in their order: the first that are kept, or all.
func (o *Order) Indices(b *Board) []int32 {
	slices.SortFunc(o.list, o.before(b)) // a million in less than a second: no two are equal, so it need not be stable
	if o.keep > 0 {
		o.list = o.list[:min(len(o.list), o.keep)]
	}
	out := make([]int32, len(o.list))
	for i := range o.list {
		out[i] = o.list[i].index
	}
	return out
}

// All is the same with those that no record names, if the query is for them: sorted by index they stand among the
// others, else behind them. It is the first so many; 0: all.
func (o *Order) All(b *Board, most int) []int32 {
	known := o.Indices(b)
	if most == 0 {
		most = len(known)
		if o.query.All {
			most = b.size()
		}
	}
	if !o.query.All {
		return known[:min(most, len(known))]
	}
	all := make([]int32, 0, min(most, b.size()))
	b.listed(o.query, known, func(index int) bool {
		all = append(all, int32(index))
		return len(all) < most
	})
	return all
}

func sign(before bool) int {
	if before {
		return -1
	}
	return 1
}

// ordered is the indices that a query yields of the trials that were heard of.
func (b *Board) ordered(q Query) []int32 {
	o := NewOrder(q)
	if q.Limit > 0 {
		o.Keep(q.Offset + q.Limit)
	}
	o.Add(b, b.trials)
	return o.Indices(b)
}

// param is the value of a parameter of a trial whose records say it; nil: none does.
func (b *Board) param(t *trial, name string) any {
	for i := len(t.attempts) - 1; i >= 0; i-- {
		a := &t.attempts[i]
		if !a.ended {
			continue
		}
		end := b.ends.part(a.end)
		if end.Params == nil {
			continue
		}
		if v, sure := sweep.PointValue(end.Params, name); sure {
			return v
		}
		var point sweep.Point
		if json.Unmarshal(end.Params, &point) != nil {
			return nil
		}
		for _, p := range point.Flat() {
			if p.Name == name {
				return p.Value
			}
		}
	}
	return nil
}
