package sweep

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// TreeReader reads the values of a Tree as those of a spec are read, and collects every problem with its place. Its
// readers return a zero value after reporting.
type TreeReader struct{ d *decoder }

// NewTreeReader is for trees of one file; src is what problems quote.
func NewTreeReader(file string, src []byte) *TreeReader {
	return &TreeReader{&decoder{file: file, lines: splitLines(string(src)), spec: &Spec{Space: &Space{}}}}
}

// Problems are those so far, in the order of the file.
func (r *TreeReader) Problems() Errors {
	r.d.problems.inOrder()
	return r.d.problems
}

// Warnings are those so far.
func (r *TreeReader) Warnings() []*Error { return r.d.warnings }

// Fail reports a problem of a value.
func (r *TreeReader) Fail(t *Tree, field, problem, remedy string) {
	r.d.fail(t.leaf(), field, problem, remedy)
}

// FailAt reports a problem of a place.
func (r *TreeReader) FailAt(line, column int, field, problem, remedy string) {
	r.d.fail(&node{kind: list, line: line, column: column}, field, problem, remedy)
}

// Keys says whether t is a mapping, and reports what is not, and keys that are not known.
func (r *TreeReader) Keys(t *Tree, field string, known []string) bool {
	n := t.node()
	if n.kind != mapping {
		r.d.fail(n, field, fmt.Sprintf("a mapping is needed, not %s", n.what()), "keys here: "+quoted(known))
		return false
	}
	lost := r.d.checkIndent(n, field, func(p pair) bool { return !slices.Contains(known, p.key.text) })
	for _, p := range n.pairs {
		if name := p.key.text; !slices.Contains(known, name) && !lost[p.key] && !r.d.full() {
			r.d.fail(p.key, join(field, name), fmt.Sprintf("unknown key `%s`", short(name)), didYouMean(name, known))
		}
	}
	return true
}

// Text is a text of one line or more; of an absent value "".
func (r *TreeReader) Text(t *Tree, field string) string {
	if t == nil {
		return ""
	}
	return r.d.text(t.leaf(), field)
}

// Word is one of the known words.
func (r *TreeReader) Word(t *Tree, field string, known []string) string {
	s := r.Text(t, field)
	if s == "" || slices.Contains(known, s) {
		return s
	}
	r.d.fail(t.leaf(), field, fmt.Sprintf("`%s` is not known here", short(s)), didYouMean(s, known))
	return ""
}

// Integer is a whole number from low to high.
func (r *TreeReader) Integer(t *Tree, field string, low, high int64) int64 {
	return r.d.integer(t.leaf(), field, low, high)
}

// Float is a finite number.
func (r *TreeReader) Float(t *Tree, field string) float64 {
	x, _ := r.d.float(t.leaf(), field)
	return x
}

// Boolean is true or false.
func (r *TreeReader) Boolean(t *Tree, field string) bool {
	return r.d.boolean(t.leaf(), field, "write true or false")
}

// Duration is a number of seconds, or text such as 90s, 2h30m, 1d; of an absent value 0.
func (r *TreeReader) Duration(t *Tree, field string) time.Duration {
	if t == nil {
		return 0
	}
	return r.d.duration(t.leaf(), field)
}

// Value is any value: nil, bool, int64, float64, string, []any or map[string]any.
func (r *TreeReader) Value(t *Tree, field string) any {
	if t == nil {
		return nil
	}
	return plain(r.d.value(t.node(), field))
}

// Resources is what a task asks for, by the rules and with the defaults of `task.resources`. Absent: the defaults.
func (r *TreeReader) Resources(t *Tree, field string) resource.Resources {
	d := &decoder{file: r.d.file, lines: r.d.lines, spec: &Spec{Space: &Space{}}}
	d.spec.Task.resources = defaultDemand()
	if t != nil && !t.Null {
		d.resources(t.node())
	}
	for _, e := range d.problems {
		e.Field = field + strings.TrimPrefix(e.Field, "task.resources")
		r.d.problems = append(r.d.problems, e)
	}
	if len(d.problems) > 0 {
		return resource.Resources{}
	}
	out, err := d.spec.Task.resources.at(d.spec.Space, nil)
	if err != nil {
		r.Fail(t, field, err.Error(), "ask for some of either")
	}
	return out
}

// leaf is the node of a tree, without what is below it.
func (t *Tree) leaf() *node {
	if t == nil {
		return nil
	}
	n := &node{line: t.Line, column: t.Column, text: t.Text, plain: t.Plain, null: t.Null, tag: t.tag,
		size: 1, depth: 1}
	switch {
	case t.List:
		n.kind = list
	case t.Mapping:
		n.kind = mapping
	}
	return n
}

// node is the inverse of tree.
func (t *Tree) node() *node {
	n := t.leaf()
	for _, item := range t.Items {
		n.items = append(n.items, item.node())
	}
	for _, p := range t.Pairs {
		n.pairs = append(n.pairs, pair{p.Key.node(), p.Value.node()})
	}
	return n
}

// DidYouMean is the remedy for a word that is not known: the nearest that is, or all.
func DidYouMean(word string, known []string) string { return didYouMean(word, known) }

// Nearest is the known word that is likely meant; "" when none is near.
func Nearest(word string, known []string) string { return suggest(word, known) }

// ExpressionFunctions are what expressions may call: pure, without loops, and the same on every run.
func ExpressionFunctions() []string { return slices.Clone(functions) }
