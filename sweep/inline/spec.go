package inline

import (
	"strconv"
	"strings"
)

// Spec is a sweep as it was typed.
type Spec struct {
	Comment    string // how it was made; empty: nothing is said
	Name       string // empty: the program's
	Method     string // empty: chosen by parameters, trials and metric
	Trials     int    // at most; 0: all of a grid, else as many as the method has without a cap
	Metric     *Metric
	Parameters []Parameter
	Command    Command
}

// Setting is a further key of the spec by its path, with its value as YAML.
type Setting struct{ Path, Value string }

// Add puts a parameter to the others, or its values to those of the one with its name.
func (s *Spec) Add(p Parameter) error {
	for i := range s.Parameters {
		if s.Parameters[i].Name == p.Name {
			return s.Parameters[i].merge(p)
		}
	}
	s.Parameters = append(s.Parameters, p)
	return nil
}

// gridLimit is up to how many combinations all are run when nobody says how many trials there are to be.
const gridLimit = 10_000

// method is the one that is named; else a grid where all combinations are to run, else a search that learns where there
// is a metric to learn from.
func (s Spec) method() string {
	switch size := s.size(); {
	case s.Method != "":
		return s.Method
	case size > 0 && (s.Trials == 0 && size <= gridLimit || uint64(s.Trials) >= size):
		return "grid"
	case s.Metric != nil:
		return "auto"
	}
	return "random"
}

// size is how many combinations there are; 0: without number, or more than are ever run.
func (s Spec) size() uint64 {
	const most = 10_000_000
	size := uint64(1)
	for _, p := range s.Parameters {
		if p.count == 0 || p.count > most || size*p.count > most {
			return 0
		}
		size *= p.count
	}
	return size
}

// YAML is the text of the spec. Not ok: a setting leads into what is no mapping.
func (s Spec) YAML(settings ...Setting) (text string, bad *Setting) {
	root := &node{}
	name := s.Name
	if name == "" {
		name = s.Command.title()
	}
	method := s.method()
	root.kids = append(root.kids, leaf("name", scalarText(name)), leaf("method", scalarText(method)))
	if method == "random" && s.size() > 0 {
		root.kids = append(root.kids, leaf("unique", "true")) // who asks for 50 of 60 combinations wants 50
	}
	if s.Trials > 0 {
		root.kids = append(root.kids, leaf("run_cap", strconv.Itoa(s.Trials)))
	}
	if s.Metric != nil {
		root.kids = append(root.kids, s.Metric.node())
	}
	params := &node{key: "parameters"}
	for _, p := range s.Parameters {
		params.kids = append(params.kids, p.node())
	}
	root.kids = append(root.kids, params, s.Command.node())
	for i, set := range settings {
		if !root.put(strings.Split(set.Path, "."), set.Value) {
			return "", &settings[i]
		}
	}
	var b strings.Builder
	if s.Comment != "" {
		b.WriteString("# " + s.Comment + "\n")
	}
	root.block(&b, "")
	return b.String(), nil
}
