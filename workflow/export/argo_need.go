package export

import "github.com/kaon-sweep/kaon/workflow"

// stepsIn are the names of the steps that a node is or has within.
func stepsIn(n *workflow.Node) (all []string) {
	inner := n.Body()
	if inner == nil {
		return []string{n.Name}
	}
	for _, b := range inner.Nodes {
		all = append(all, stepsIn(b)...)
	}
	return all
}

// needsIn are what the steps of a node refer to, and the lists of its for-eaches.
func (m *manifest) needsIn(n *workflow.Node) (all []need) {
	var paths [][]string
	switch {
	case n.Step != nil:
		paths = pathsOfStep(n.Step)
	case n.Each != nil:
		for _, b := range n.Each.Over {
			if e, err := workflow.Compile(b.List); err == nil {
				paths = append(paths, e.Paths()...)
			}
		}
		for _, inner := range n.Each.Body.Nodes {
			all = append(all, m.needsIn(inner)...)
		}
	}
	for _, path := range paths {
		if step, output, ok := outputOf(path); ok {
			all = append(all, need{step: step, output: output})
		} else if len(path) == 1 && parameterOf(m.w, path) == "" {
			all = append(all, need{variable: path[0]})
		}
	}
	return all
}

func pathsOfStep(s *workflow.Step) [][]string {
	all, _ := workflow.PathsOf(s.Keys) // what cannot be compiled was refused when the file was read
	for _, in := range s.Inputs {
		more, _ := workflow.PathsOf(in.Value)
		all = append(all, more...)
	}
	for _, v := range s.Env {
		more, _ := workflow.PathsIn(v)
		all = append(all, more...)
	}
	return all
}

func (m *manifest) conditionNeeds(g *workflow.Graph, n *workflow.Node) (all []need) {
	for _, e := range n.After {
		if e.When == "" {
			continue
		}
		if x, err := workflow.Compile(e.When); err == nil {
			for _, path := range x.Paths() {
				if step, output, ok := outputOf(path); ok {
					all = append(all, need{step: step, output: output})
				}
			}
		}
	}
	return all
}
