package draw

import (
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// eachLabel is what a for-each or a loop goes through; "": the node is neither.
func eachLabel(n *workflow.Node) string {
	switch {
	case n.Each != nil:
		var lists []string
		for _, b := range n.Each.Over {
			lists = append(lists, b.Name+" in "+b.List)
		}
		between := " × "
		if n.Each.Zipped {
			between = ", at once "
		}
		text := "for each " + strings.Join(lists, between)
		var notes []string
		if n.Each.Ordered {
			notes = append(notes, "in order")
		}
		if n.Each.Parallel > 0 {
			notes = append(notes, "at most "+strconv.Itoa(n.Each.Parallel)+" at once")
		}
		if n.Each.Tolerate > 0 {
			notes = append(notes, strconv.Itoa(n.Each.Tolerate)+" may fail")
		}
		if len(notes) > 0 {
			text += " (" + strings.Join(notes, ", ") + ")"
		}
		return text
	case n.Loop != nil:
		return "until " + n.Loop.Until + ", at most " + strconv.Itoa(n.Loop.Times) + " times"
	}
	return ""
}

// label is a node's name for people.
func label(n *workflow.Node) string {
	if text := eachLabel(n); text != "" {
		return text
	}
	return n.Name
}

// joinLabel is how a node joins, when that is not by all.
func joinLabel(n *workflow.Node) string {
	switch k := n.Join.AtLeast; k {
	case 0:
		return ""
	case 1:
		return "any of them"
	default:
		return "at least " + strconv.Itoa(k)
	}
}

// conditions are those on the edges to a node, each once.
func conditions(n *workflow.Node) (all []string) {
	seen := map[string]bool{}
	for _, e := range n.After {
		if e.When != "" && !seen[e.When] {
			seen[e.When] = true
			all = append(all, e.When)
		}
	}
	return all
}
