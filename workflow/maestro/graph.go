package maestro

import (
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// graph is the order of steps.
func (r *reader) graph(list []any, outer *scope) *workflow.Graph {
	nodes := map[string]*workflow.Node{}
	before := map[string]map[string]string{} // by step, those before it, with conditions
	var ids []string
	for _, item := range list {
		_, step := unwrap(item)
		id := text(step["id"])
		if r.names[id] == "" || nodes[id] != nil {
			r.fail("steps."+id, "the id is missing, or there twice")
			continue
		}
		r.scopes[id] = &scope{params: mapping(step["params"]), outer: outer}
		if kind := strings.ToLower(text(step["type"])); slices.Contains([]string{"kubernetes", "titus", "notebook",
			"shell", "http"}, kind) {
			r.scopes[id].puts = r.names[id]
		}
		nodes[id] = &workflow.Node{Name: r.names[id]}
		before[id] = map[string]string{}
		ids = append(ids, id)
	}
	for _, item := range list {
		kind, step := unwrap(item)
		if id := text(step["id"]); nodes[id] != nil {
			r.edges(id, step, nodes, before)
			r.node(nodes[id], kind, id, step)
		}
	}
	for _, item := range list {
		_, step := unwrap(item)
		id := text(step["id"])
		if nodes[id] == nil {
			continue
		}
		for _, wait := range r.signals("steps."+id, step) {
			key := wait.Name + "\x00" // no id has it
			nodes[key], before[key] = wait, before[id]
			before[id] = map[string]string{key: ""}
			ids = append(ids, key)
		}
	}
	return &workflow.Graph{Nodes: r.order(ids, nodes, before)}
}

// edges carries what follows a step.
func (r *reader) edges(
	id string, step map[string]any, nodes map[string]*workflow.Node, before map[string]map[string]string,
) {
	transition := mapping(step["transition"])
	r.ended[r.scopes[id]] = true
	defer delete(r.ended, r.scopes[id])
	for to, v := range mapping(transition["successors"]) {
		field := "steps." + id + ".transition." + to
		if nodes[to] == nil {
			r.fail(field, "there is no such step here")
			continue
		}
		when, err := r.sel(r.scopes[id], text(v))
		if err != nil {
			r.fail(field, "%v", err)
		}
		if when == "true" {
			when = ""
		}
		before[to][id] = when
	}
	from, _ := transition["predecessors"].([]any)
	for _, p := range from {
		if _, known := before[id][text(p)]; !known && nodes[text(p)] != nil {
			before[id][text(p)] = ""
		}
	}
}

// order are the nodes, each behind those that it waits for.
func (r *reader) order(
	ids []string, nodes map[string]*workflow.Node, before map[string]map[string]string,
) (all []*workflow.Node) {
	at := map[string]int{}
	for len(all) < len(ids) {
		had := len(all)
		for _, id := range ids {
			if _, done := at[id]; done {
				continue
			}
			ready := true
			for from := range before[id] {
				_, done := at[from]
				ready = ready && done
			}
			if !ready {
				continue
			}
			for _, from := range slices.Sorted(maps.Keys(before[id])) {
				nodes[id].After = append(nodes[id].After, workflow.Edge{From: at[from], When: before[id][from]})
			}
			at[id] = len(all)
			all = append(all, nodes[id])
		}
		if len(all) == had {
			r.fail("steps", "they wait for each other in a circle")
			return all
		}
	}
	return all
}
