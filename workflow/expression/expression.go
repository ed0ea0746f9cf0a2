package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/workflow"
)

// Names answers for the names that an expression uses. Lookup is asked for whole paths, as in steps, train, outputs,
// auc, and answers for the longest beginning that it knows as one value: what it answers stands for path[:used].
type Names interface {
	Lookup(path []string) (value any, used int, err error)
}

// Unknown says that there is no such name, and what there is.
func Unknown(name string, known []string) error {
	if len(known) == 0 {
		return fmt.Errorf("there is no `%s` here", name)
	}
	const shown = 12
	more := ""
	if len(known) > shown {
		known, more = known[:shown], " …"
	}
	return fmt.Errorf("there is no `%s` here; there are: %s%s", name, strings.Join(known, ", "), more)
}

var (
	compiled sync.Map     // text to *workflow.Expression: a for-each compiles its texts once
	count    atomic.Int64 // of compiled, about
)

// Bounds of compiled: a server reads texts of whoever submits.
const (
	mostCompiled = 10_000
	longestKept  = 4096 // bytes of a text
)

// Eval evaluates an expression.
func Eval(text string, names Names) (any, error) {
	e, err := compile(text)
	if err != nil {
		return nil, err
	}
	env := map[string]any{}
	var absent [][]string
	for _, ref := range e.References {
		v, used, err := names.Lookup(ref.Path)
		if err == nil {
			err = missing(v, ref.Path, used)
		}
		if err != nil && ref.Optional {
			absent = append(absent, ref.Path)
			continue
		}
		if err != nil {
			return nil, err
		}
		put(env, ref.Path[:used], v)
	}
	for _, path := range absent { // behind all that is there
		putNothing(env, path)
	}
	for _, read := range []string{"files", "lines"} {
		if f, _, err := names.Lookup([]string{read}); err == nil {
			env[read] = f
		}
	}
	return e.Evaluate(env)
}

func compile(text string) (*workflow.Expression, error) {
	if known, ok := compiled.Load(text); ok {
		return known.(*workflow.Expression), nil
	}
	e, err := workflow.Compile(text)
	if err == nil && len(text) <= longestKept {
		if count.Add(1) > mostCompiled {
			compiled.Clear()
			count.Store(1)
		}
		compiled.Store(text, e)
	}
	return e, err
}

// True evaluates a condition.
func True(text string, names Names) (bool, error) {
	v, err := Eval(text, names)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("`%s` is %s, not true or false", text, Short(v))
	}
	return b, nil
}

// missing refuses a field that a mapping does not have; the language would answer nothing for it.
func missing(v any, path []string, used int) error {
	for i := used; i < len(path); i++ {
		m, ok := v.(map[string]any)
		if !ok {
			return nil // the language says what is wrong with it
		}
		if v, ok = m[path[i]]; !ok {
			return fmt.Errorf("%s: %w", strings.Join(path[:i], "."), Unknown(path[i], slices.Sorted(maps.Keys(m))))
		}
	}
	return nil
}

// put sets a value at a path of mappings, which are the expression's own.
func put(env map[string]any, path []string, v any) {
	for _, name := range path[:len(path)-1] {
		next, ok := env[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			env[name] = next
		}
		env = next
	}
	last := path[len(path)-1]
	had, _ := env[last].(map[string]any)
	m, ok := v.(map[string]any)
	if !ok {
		env[last] = v
		return
	}
	merged := maps.Clone(m) // what is put below it later is not the caller's
	if merged == nil {
		merged = map[string]any{}
	}
	maps.Copy(merged, had)
	env[last] = merged
}

// putNothing has a path lead to nothing where it does not lead to something. Mappings on the way are made, or copied:
// they are not the expression's own.
func putNothing(env map[string]any, path []string) {
	for _, name := range path[:len(path)-1] {
		next, ok := env[name].(map[string]any)
		if !ok && env[name] != nil {
			return // the language says what is wrong with it
		}
		if next = maps.Clone(next); next == nil {
			next = map[string]any{}
		}
		env[name] = next
		env = next
	}
	if last := path[len(path)-1]; env[last] == nil {
		env[last] = nil
	}
}
