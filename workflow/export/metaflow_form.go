package export

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// flowFile writes a flow of Metaflow: a @step for each node, one that joins behind each split and each for-each. What a
// step has written to $KAON_OUTPUT is in self.out, by the step's name.
type flowFile struct {
	leaving
	w     *workflow.Workflow
	steps []string          // in the order of the file
	ids   map[string]string // by node
	taken map[string]bool   // of those
}

// chain is pieces one after the other; a piece is a node or branches that join.
type chain []piece

type piece struct {
	node     *workflow.Node
	branches []chain
	id       string   // of a node that is none of the workflow
	code     []string // of that
}

// first is the id of the first step of a piece.
func (f *flowFile) first(p piece) string {
	switch {
	case p.id != "":
		return p.id
	case p.node == nil:
		return "split_" + f.first(p.branches[0][0])
	case p.node.Each != nil:
		return f.id("each_", p.node)
	}
	return f.id("s_", p.node)
}

// id is the name of a node's step: lower case, as Metaflow wants it, and of no other.
func (f *flowFile) id(prefix string, n *workflow.Node) string {
	name, known := f.ids[n.Name]
	if !known {
		base := strings.ToLower(identifier(n.Name))
		name = base
		for i := 2; f.taken[name]; i++ {
			name = fmt.Sprintf("%s_%d", base, i)
		}
		f.ids[n.Name], f.taken[name] = name, true
	}
	return prefix + name
}

// add writes a step.
func (f *flowFile) add(id string, join bool, decorators, code []string, next string) {
	var b strings.Builder
	for _, d := range decorators {
		fmt.Fprintf(&b, "\n    @%s", d)
	}
	arguments := "self"
	if join {
		arguments = "self, inputs"
	}
	fmt.Fprintf(&b, "\n    @step\n    def %s(%s):\n", id, arguments)
	for _, line := range code {
		b.WriteString("        " + line + "\n")
	}
	if next != "" {
		fmt.Fprintf(&b, "        self.next(%s)\n", next)
	}
	f.steps = append(f.steps, b.String())
}
