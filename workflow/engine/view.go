package engine

import (
	"cmp"
	"strings"
)

// View is how a run stands.
type View struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Began  int64  `json:"began,omitempty"` // milliseconds since 1970
	Ended  int64  `json:"ended,omitempty"`
	// when it is to be done; 0: nothing is promised, or nobody knows yet
	Due        int64          `json:"due,omitempty"`
	Late       int64          `json:"late,omitempty"` // when it was noted that it was not done by then; 0: it was not
	Parameters map[string]any `json:"parameters,omitempty"`
	Steps      []StepView     `json:"steps"` // in the order of the graph
}

// Seconds is how long a run has taken, from its beginning to its end or to now, in milliseconds since 1970.
func (v View) Seconds(now int64) float64 {
	if v.Began == 0 {
		return 0
	}
	return float64(cmp.Or(v.Ended, now)-v.Began) / 1000
}

// StepView is how a node stands, or, in a for-each, all of its iterations together.
type StepView struct {
	Key       string         `json:"step"`
	Type      string         `json:"type,omitempty"` // of its step; of a for-each for-each, of a loop loop
	Depth     int            `json:"depth,omitempty"`
	State     State          `json:"state"`
	Reason    string         `json:"reason,omitempty"`
	Attempts  int            `json:"attempts,omitempty"`
	Began     int64          `json:"began,omitempty"`
	Ended     int64          `json:"ended,omitempty"`
	Outputs   map[string]any `json:"outputs,omitempty"`
	Winner    map[string]any `json:"winner,omitempty"`    // of a sweep
	Artifacts map[string]any `json:"artifacts,omitempty"` // where the files that it left lie in the results, by name
	// of the last attempt that ended, as kaon trial and logs take it
	ID     string `json:"id,omitempty"`
	Cached bool   `json:"cached,omitempty"` // earlier outputs stand for it
	// of iterations, by state; absent: it is not within a for-each
	Counts    map[State]int `json:"counts,omitempty"`
	Iteration int           `json:"iterations,omitempty"` // of a for-each: how many there are; of a loop: rounds
}

// View is how the run stands now. Iterations are rolled up unless all of them are asked for.
func (e *Engine) View(all bool) View {
	v := View{State: e.state, Reason: e.reason, Began: e.began, Ended: e.ended, Late: e.late, Parameters: e.parameters,
		Steps: []StepView{}}
	for i, p := range e.plans {
		if p == nil {
			continue
		}
		var scopes []*scope
		if i < len(e.phases) && e.phases[i].plan != nil {
			scopes = []*scope{e.phases[i]}
		}
		v.Steps = viewPlan(v.Steps, p, scopes, 0, false, all)
	}
	return v
}

// viewPlan shows the nodes of a plan, each over all the scopes given.
func viewPlan(to []StepView, p *plan, scopes []*scope, depth int, many, all bool) []StepView {
	for pos, n := range p.nodes {
		one := StepView{Key: n.node.Name, Depth: depth, State: Waiting, Type: typeOf(n.node)}
		var inner []*scope
		for _, s := range scopes {
			x := s.nodes[pos]
			if x.each != nil {
				one.Iteration += x.each.total
				for _, i := range x.each.scopes {
					if i != nil {
						inner = append(inner, i)
					}
				}
			}
		}
		if n.node.Loop != nil {
			one.Iteration = len(inner)
		}
		if many {
			rollUp(&one, pos, scopes)
		} else if len(scopes) == 1 {
			scopes[0].nodes[pos].show(&one)
		}
		to = append(to, one)
		if all && many {
			for _, s := range scopes {
				each := StepView{Key: s.nodes[pos].key, Depth: depth + 1, Type: one.Type}
				s.nodes[pos].show(&each)
				to = append(to, each)
			}
		}
		if n.body != nil {
			to = viewPlan(to, n.body, inner, depth+1, true, all)
		}
	}
	return to
}

func (x *instance) show(v *StepView) {
	v.State, v.Reason, v.Attempts, v.Began, v.Ended = x.state, x.reason, x.attempt, x.began, x.ended
	if x.state.Ended() {
		v.Outputs, v.Winner, v.Artifacts, v.ID, v.Cached = x.outputs, x.winner, x.artifacts, x.id, x.cached
	} else {
		v.Ended = 0
	}
}

// rollUp is a node over many scopes.
func rollUp(v *StepView, pos int, scopes []*scope) {
	v.Counts = map[State]int{}
	for _, s := range scopes {
		x := s.nodes[pos]
		v.Counts[x.state]++
		v.Attempts += x.attempt
		if x.began > 0 && (v.Began == 0 || x.began < v.Began) {
			v.Began = x.began
		}
		v.Ended = max(v.Ended, x.ended)
		if x.state == Failed && v.Reason == "" {
			v.Reason = x.key + ": " + x.reason
		}
	}
	switch c := v.Counts; {
	case c[Running] > 0 || c[Waiting] > 0 && len(scopes) > c[Waiting]:
		v.State, v.Ended = Running, 0
	case c[Waiting] > 0 || len(scopes) == 0:
		v.State = Waiting
	case c[Failed] > 0:
		v.State = Failed
	case c[Canceled] > 0:
		v.State = Canceled
	case c[Succeeded] > 0:
		v.State = Succeeded
	default:
		v.State = Skipped
	}
}

// Has tells whether there is such a step, and whether it runs; name is a key, or a name.
func (e *Engine) Has(name string) (known, running bool) {
	if x := e.instances[name]; x != nil {
		return true, x.state == Running && !x.resting()
	}
	base, _, _ := strings.Cut(name, "[")
	for _, p := range e.plans {
		if p != nil {
			if _, ok := p.found[base]; ok {
				return true, false
			}
		}
	}
	return false, false
}

// Began is when the run began, in milliseconds since 1970; 0: it has not.
func (e *Engine) Began() int64 { return e.began }

// Since is when the run began or was restarted last, in milliseconds since 1970, and whether it is being canceled or
// has been.
func (e *Engine) Since() (at int64, cancelling bool) { return e.since, e.cancelled != "" }

// Holds tells whether a step holds at a breakpoint, and whether it has not ended.
func (e *Engine) Holds(key string) (held, open bool) {
	x := e.instances[key]
	if x == nil {
		known, _ := e.Has(key)
		return false, known && !e.state.Ended()
	}
	return x.held && x.state == Waiting, !x.state.Ended()
}
