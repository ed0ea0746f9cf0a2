package engine

import (
	"fmt"

	"github.com/kaon-sweep/kaon/workflow/expression"
)

// nextRound begins a round of a loop.
func (e *Engine) nextRound(x *instance) {
	i := x.each
	index := append(append([]int{}, x.in.index...), i.next)
	i.next++
	i.live = 1
	i.scopes = append(i.scopes, nil)
	i.scopes[i.next-1] = e.newScope(x.body, x.in, x, index, nil)
}

// roundEnded ends a loop whose check has passed, and has it go round again when not.
func (e *Engine) roundEnded(s *scope) {
	x := s.owner
	x.each.live = 0
	x.each.done++
	x.outputs = map[string]any{"rounds": x.each.done}
	until := x.node.Loop.Until
	if e.cancelling {
		e.end(x, Canceled, "the run was canceled")
		return
	}
	if s.failed() {
		e.end(x, Failed, fmt.Sprintf("round %d failed", x.each.done))
		return
	}
	done, err := expression.True(until, names{e, s, nil})
	switch {
	case err != nil:
		e.end(x, Failed, fmt.Sprintf("the check `%s`: %v", until, err))
	case done:
		e.end(x, Succeeded, "")
	case x.each.done >= x.each.total:
		e.end(x, Failed, fmt.Sprintf("`%s` does not hold after %d rounds", until, x.each.done))
	case x.in.broken() != "":
		x.blocked = true
		e.end(x, Skipped, "after "+x.in.broken()+" failed")
	default:
		e.nextRound(x)
	}
}
