package workflow

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Option changes what Read does.
type Option func(*reading)

// WithTypes are the types that steps may have, by name. Without it, types and their keys are not checked.
func WithTypes(types map[string]StepType) Option {
	return func(r *reading) { r.types = types }
}

// WithEnvironment has each ${envvar:NAME} refused whose variable is not set.
func WithEnvironment(getenv func(string) (string, bool)) Option {
	return func(r *reading) { r.getenv = getenv }
}

// WithFiles has what is said of files that steps name held against their content. read reads one by its name in the
// workflow's folder; one that it cannot read is not looked at.
func WithFiles(read func(name string) ([]byte, error)) Option {
	return func(r *reading) { r.read = read }
}

// Accepted is for a text that is read back, as a run's: what types of steps and winners have refused of it is not
// looked for again, since the kaon that accepted it may have refused less. Requires is what the workflow's Requires was
// when it was first read.
func Accepted(requires bool) Option {
	return func(r *reading) { r.accepted, r.w.Requires = true, requires }
}

// reading is one file being read.
type reading struct {
	*sweep.TreeReader
	placer
	w      *Workflow
	root   *sweep.Tree
	types  map[string]StepType
	getenv func(string) (string, bool)
	steps  map[string]*stepText

	read     func(name string) ([]byte, error) // a file that a step names
	accepted bool
}

// stepText is what a file says of a step's place in the graph.
type stepText struct {
	*Step
	tree   *sweep.Tree
	after  []afterText
	join   Join
	joined *sweep.Tree
	each   *Each
	used   bool // it is in a graph
}

type afterText struct {
	name  string
	when  string
	place *sweep.Tree
}

func present(t *sweep.Tree) bool { return t != nil && !t.Null }

// line is a text of a key; "" when it is not there.
func (r *reading) line(t *sweep.Tree, key string) string {
	v := t.Get(key)
	if !present(v) {
		return ""
	}
	return r.Text(v, key)
}

// words are the items of a list, or one word by itself.
func (r *reading) words(t *sweep.Tree, field, example string) (all []string) {
	switch {
	case !present(t):
	case t.List:
		for i, item := range t.Items {
			all = append(all, r.Text(item, fmt.Sprintf("%s.%d", field, i)))
		}
	case t.Mapping:
		r.Fail(t, field, "a list is needed, not a mapping", "write "+example)
	default:
		all = []string{r.Text(t, field)}
	}
	return all
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func (r *reading) env(t *sweep.Tree, field string) map[string]string {
	if !present(t) {
		return nil
	}
	if !t.Mapping {
		r.Fail(t, field, "a mapping is needed", `write env: {OMP_NUM_THREADS: "1"}`)
		return nil
	}
	env := make(map[string]string, len(t.Pairs))
	for _, p := range t.Pairs {
		name := p.Key.Text
		switch {
		case !variable.MatchString(name):
			r.Fail(p.Key, field+"."+name, fmt.Sprintf("`%s` cannot be a variable's name", clipped(name)),
				"use letters, digits and _")
		case strings.HasPrefix(name, "KAON_"):
			r.Fail(p.Key, field+"."+name, "variables that begin with KAON_ are set by kaon", "choose another name")
		case p.Value.Null:
			env[name] = ""
		default:
			env[name] = r.Text(p.Value, field+"."+name)
		}
	}
	return env
}

// condition is an expression of the file, also in ${…}, compiled to see whether it is one.
func (r *reading) condition(t *sweep.Tree, field string) string {
	text := strings.TrimSpace(r.Text(t, field))
	if text == "" {
		return ""
	}
	return r.expression(t, unwrapped(text), field)
}

// expression says what is wrong with a text that stands in a scalar.
func (r *reading) expression(t *sweep.Tree, text, field string) string {
	if _, err := Compile(text); err != nil {
		p := *problemOf(err)
		p.at += max(0, strings.Index(t.Text, text))
		r.failIn(t, field, &p)
		return ""
	}
	return text
}

// unwrapped is x of ${x}.
func unwrapped(text string) string {
	if parts, err := Split(text); err == nil && len(parts) == 1 && parts[0].Expr != "" {
		return strings.TrimSpace(parts[0].Expr)
	}
	return text
}

// failIn reports a problem within a scalar.
func (r *reading) failIn(t *sweep.Tree, field string, p *problem) {
	line, column := r.locate(t, p.at)
	r.FailAt(line, column, field, p.what, p.remedy)
}
