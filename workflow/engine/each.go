package engine

import (
	"fmt"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/expression"
)

// MaxIterations bounds one for-each.
const MaxIterations = 100_000

// startEach begins the iterations of a for-each.
func (e *Engine) startEach(x *instance) {
	each := x.node.Each
	lists := make([][]any, len(each.Over))
	for i, b := range each.Over {
		list, err := e.list(b, x)
		if err != nil {
			e.end(x, Failed, fmt.Sprintf("the list of `%s`: %v", b.Name, err))
			return
		}
		lists[i] = list
	}
	total, item, err := combine(each, lists)
	if err != nil {
		e.end(x, Failed, err.Error())
		return
	}
	if len(x.body.nodes) == 0 {
		total = 0
	}
	x.each = &iterations{total: total, item: item, scopes: make([]*scope, total)}
	e.fill(x)
}

// list evaluates what a for-each goes through.
func (e *Engine) list(b workflow.Binding, x *instance) ([]any, error) {
	v, err := expression.Eval(b.List, e.names(x))
	if err != nil {
		return nil, err
	}
	switch list := v.(type) {
	case []any:
		return list, nil
	case []int: // of a range
		all := make([]any, len(list))
		for i, n := range list {
			all[i] = int64(n)
		}
		return all, nil
	}
	return nil, fmt.Errorf("`%s` is no list, but %.100s", b.List, expression.Short(v))
}

// combine counts the iterations over lists, and says what each binds.
func combine(each *workflow.Each, lists [][]any) (total int, item func(int) map[string]any, err error) {
	total = 1
	for i, list := range lists {
		switch {
		case each.Zipped && i > 0 && len(list) != len(lists[0]):
			return 0, nil, fmt.Errorf("lists that are gone through together have one length: `%s` has "+
				"%d items, `%s` %d",
				each.Over[0].Name, len(lists[0]), each.Over[i].Name, len(list))
		case each.Zipped:
			total = len(list)
		default:
			total *= len(list)
		}
		if total > MaxIterations {
			return 0, nil, fmt.Errorf("it would have more than %d iterations", MaxIterations)
		}
		if total == 0 && !each.Zipped {
			break
		}
	}
	return total, func(n int) map[string]any {
		vars := make(map[string]any, len(lists))
		for i := len(lists) - 1; i >= 0; i-- {
			at := n
			if !each.Zipped {
				at, n = n%len(lists[i]), n/len(lists[i])
			}
			vars[each.Over[i].Name] = lists[i][at]
		}
		return vars
	}, nil
}

// fill begins iterations as long as more may run, and ends the for-each when nothing is left of it.
func (e *Engine) fill(x *instance) {
	if x.in.held() {
		return
	}
	i, each := x.each, x.node.Each
	bound := i.total
	if each.Parallel > 0 {
		bound = each.Parallel
	}
	if each.Ordered {
		bound = 1
	}
	stopped := func() bool { return e.cancelling || i.failed > each.Tolerate || x.in.broken() != "" }
	for ; i.next < i.total && i.live < bound && !stopped(); i.next++ {
		if s := i.scopes[i.next]; s != nil {
			if s.pending {
				i.live++
				e.goOn(s)
			}
			continue // or it has ended, before a restart
		}
		i.live++
		index := append(append([]int{}, x.in.index...), i.next)
		i.scopes[i.next] = e.newScope(x.body, x.in, x, index, i.item(i.next))
	}
	if i.live > 0 || i.next < i.total && !stopped() || x.state != Running {
		return
	}
	if e.cancelling {
		e.giveUp(x, Canceled, "the run was canceled")
	} else {
		e.giveUp(x, Skipped, "others of its for-each failed")
	}
	x.outputs = map[string]any{"count": i.total, "succeeded": i.done - i.failed, "failed": i.failed}
	switch {
	case e.cancelling:
		e.end(x, Canceled, "the run was canceled")
	case i.failed <= each.Tolerate && i.next < i.total:
		x.blocked = true
		e.end(x, Skipped, "after "+x.in.broken()+" failed")
	case i.failed > each.Tolerate:
		e.end(x, Failed, fmt.Sprintf("%d of %d iterations failed, %d may", i.failed, i.total, each.Tolerate))
	default:
		e.end(x, Succeeded, "")
	}
}

// iterationEnded counts an iteration, and lets the next begin.
func (e *Engine) iterationEnded(s *scope) {
	x := s.owner
	if s.pending { // all that was to be run again was skipped by hand
		s.pending = false
	} else {
		x.each.live--
	}
	x.each.done++
	if s.failed() {
		x.each.failed++
	}
	e.fill(x)
}

func (s *scope) failed() bool {
	for _, x := range s.nodes {
		if x.state == Failed && !x.policy.Optional {
			return true
		}
	}
	return false
}
