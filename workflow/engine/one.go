package engine

import (
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// One is how one step stands, and its node; in a for-each a key with its iteration is of that one, and one without of
// all of them.
func (e *Engine) One(key string) (StepView, *workflow.Node, bool) {
	base, _, _ := strings.Cut(key, "[")
	var node *workflow.Node
	for _, p := range e.plans {
		if p != nil && node == nil {
			node = p.find(base)
		}
	}
	if node == nil {
		return StepView{}, nil, false
	}
	if x := e.instances[key]; x != nil && (base != key || len(x.in.index) == 0) {
		v := StepView{Key: key, Type: typeOf(node)}
		x.show(&v)
		return v, node, true
	}
	for _, v := range e.View(false).Steps {
		if v.Key == key {
			return v, node, true
		}
	}
	return StepView{}, nil, false
}

// find is the node of a name, also in bodies; nil: there is none.
func (p *plan) find(name string) *workflow.Node {
	at, known := p.found[name]
	switch {
	case !known:
		return nil
	case at.rest == "":
		return p.nodes[at.pos].node
	}
	return p.nodes[at.pos].body.find(at.rest)
}

// typeOf is the type of what a node does; empty: it does nothing.
func typeOf(n *workflow.Node) string {
	switch {
	case n.Each != nil:
		return "for-each"
	case n.Loop != nil:
		return "loop"
	case n.Step != nil:
		return n.Step.Type
	}
	return ""
}

// Iterations are how a step of a for-each stands in each iteration that has begun.
func (e *Engine) Iterations(name string) []StepView {
	list := []StepView{}
	for _, v := range e.View(true).Steps {
		if strings.HasPrefix(v.Key, name+"[") {
			list = append(list, v)
		}
	}
	return list
}
