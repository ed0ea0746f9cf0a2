package registry

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// checkCycle refuses a workflow, as the one that is to run under a name, behind whose successes runs of others would
// begin, and behind theirs its own again: for ever. r.mu is held.
func (r *Registry) checkCycle(name string, wf *workflow.Workflow) error {
	way := r.wayBack(name, wf, []string{name}, map[string]bool{})
	if way == nil {
		return nil
	}
	if len(way) == 2 {
		return wrongf("triggers: %s would begin a run of itself behind each of its own", name)
	}
	return wrongf("triggers: %s: each run would begin another for ever: leave out one of these `after`",
		strings.Join(way, " after "))
}

// wayBack is the way to the first of some workflows over those behind which the last begins, as of the versions that
// run; nil: none. What cannot be read begins nothing.
func (r *Registry) wayBack(name string, wf *workflow.Workflow, before []string, seen map[string]bool) []string {
	for _, t := range wf.Triggers {
		if t.Kind != workflow.OnRun {
			continue
		}
		way := append(slices.Clip(before), t.Workflow)
		if t.Workflow == name {
			return way
		}
		e := r.all[t.Workflow]
		if e == nil || seen[t.Workflow] {
			continue
		}
		seen[t.Workflow] = true
		next, err := e.parsed()
		if err != nil {
			continue
		}
		if way := r.wayBack(name, next, way, seen); way != nil {
			return way
		}
	}
	return nil
}
