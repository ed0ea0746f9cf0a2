package foreign

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// reading is one file being read: the sections of the sweep file that come of it, and what was left out.
type reading struct {
	file    string
	src     []byte
	lenient bool

	grid      bool // every point is searched, which changes what a parameter is carried as
	spaceSize int  // bytes that parameters came of, where aliases could multiply them

	head, space, command, task, tail draft // in the order of the sweep file

	left   sweep.Errors // what cannot be carried
	needed bool         // one of them cannot be left out
	idle   []string     // what has no effect here
}

const mostLeft = 200

// leave names a part that cannot be carried; without it there would be another sweep, so the file is refused unless it
// is read leniently. Instead is what happens then.
func (r *reading) leave(at *sweep.Tree, field, problem, instead string) {
	if len(r.left) >= mostLeft {
		return
	}
	if r.lenient && instead != "" {
		problem += "; " + instead
	}
	e := sweep.ErrorAt(r.file, r.src, at.Line, at.Column, field, problem, "")
	if !at.List && !at.Mapping {
		e.Value = clipped(at.Text)
	}
	r.left = append(r.left, e)
}

// refuse names a part that no sweep can be made without.
func (r *reading) refuse(at *sweep.Tree, field, problem string) {
	r.leave(at, field, problem, "")
	r.needed = true
}

// finish puts the sections together.
func (r *reading) finish(tool string) (*Translation, error) {
	slices.SortStableFunc(r.left, byPlace)
	if r.needed || len(r.left) > 0 && !r.lenient {
		return nil, &Refused{Tool: tool, Parts: r.left, Needed: r.needed}
	}
	var all draft
	all.note("", "From the experiment of %s in %s. Run it, or change it: it is a sweep file like any other.",
		tool, r.file)
	for _, e := range r.left {
		all.note("", "left out, line %d:%d: %s: %s", e.Line, e.Column, e.Field, e.Problem)
	}
	if len(r.idle) > 0 {
		all.note("", "without effect here: %s", strings.Join(r.idle, ", "))
	}
	for _, section := range []*draft{&r.head, &r.space, &r.command, &r.task, &r.tail} {
		all.add(section)
	}
	t := &Translation{Tool: tool, Text: []byte(strings.Join(all.lines, "\n") + "\n"), file: r.file, src: r.src,
		from: all.from}
	for _, e := range r.left {
		e.Problem = "left out: " + e.Problem
		t.Left = append(t.Left, e)
	}
	return t, nil
}

// object is a mapping whose keys are asked for one by one, so that those that nobody asked for can be told.
type object struct {
	r    *reading
	tree *sweep.Tree // nil: it is not there
	path string
	used map[string]bool
}

func (r *reading) object(tree *sweep.Tree, path string) *object {
	if tree != nil && !tree.Mapping {
		if !tree.Null {
			r.refuse(tree, path, "a mapping is needed here")
		}
		tree = nil
	}
	return &object{r: r, tree: tree, path: path, used: map[string]bool{}}
}

func (o *object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// get is the value of a key; nil when it is not there, or null.
func (o *object) get(key string) *sweep.Tree {
	o.used[key] = true
	v := o.tree.Get(key)
	if v == nil || v.Null {
		return nil
	}
	return v
}

func (o *object) object(key string) *object { return o.r.object(o.get(key), o.at(key)) }

// nearest is a place to tell of what is missing.
func (o *object) nearest() *sweep.Tree {
	if o.tree != nil {
		return o.tree
	}
	return &sweep.Tree{Line: 1, Column: 1}
}

// text is a scalar, as it is written.
func (o *object) text(key string) string {
	v := o.get(key)
	if v == nil {
		return ""
	}
	if v.List || v.Mapping {
		o.r.refuse(v, o.at(key), "a text is needed here")
		return ""
	}
	return v.Text
}

// list is the items of a list.
func (o *object) list(key string) []*sweep.Tree {
	v := o.get(key)
	if v == nil {
		return nil
	}
	if !v.List {
		o.r.refuse(v, o.at(key), "a list is needed here")
		return nil
	}
	return v.Items
}

// whole is an integer of at least 0.
func (o *object) whole(key string) (n int, at *sweep.Tree) {
	at = o.get(key)
	if at == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(at.Text)
	if err != nil || n < 0 || n > math.MaxInt32 {
		o.r.refuse(at, o.at(key), fmt.Sprintf("a whole number is needed, not `%s`", clipped(at.Text)))
		return 0, nil
	}
	return n, at
}

// boolean is true or false; of an absent value false.
func (o *object) boolean(key string) (yes bool, at *sweep.Tree) {
	at = o.get(key)
	if at == nil {
		return false, nil
	}
	yes, ok := at.Bool()
	if !ok {
		o.r.refuse(at, o.at(key), fmt.Sprintf("true or false is needed, not `%s`", clipped(at.Text)))
		return false, nil
	}
	return yes, at
}

// float is a finite number.
func (o *object) float(key string) (v float64, at *sweep.Tree) {
	at = o.get(key)
	if at == nil {
		return 0, nil
	}
	v, ok := finite(at.Text)
	if !ok {
		o.r.refuse(at, o.at(key), fmt.Sprintf("a number is needed, not `%s`", clipped(at.Text)))
		return 0, nil
	}
	return v, at
}

// finite is the number that a text is; not ok: it is none, or not a finite one.
func finite(text string) (v float64, ok bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && sweep.IsFinite(v)
}

// pairs are its keys and what stands behind them.
func (o *object) pairs() []sweep.TreePair {
	if o.tree == nil {
		return nil
	}
	return o.tree.Pairs
}

// idle marks keys that change nothing here, and says so at the top.
func (o *object) idle(keys ...string) {
	for _, key := range keys {
		if v := o.get(key); v != nil {
			o.r.idle = append(o.r.idle, fmt.Sprintf("%s (line %d)", o.at(key), v.Line))
		}
	}
}

// rest names what nobody asked for. Instead is what happens when it is left out.
func (o *object) rest(why string) {
	for _, p := range o.pairs() {
		if !o.used[p.Key.Text] && !p.Value.Null {
			o.r.leave(p.Key, o.at(p.Key.Text), why, "")
		}
	}
}

// clipped is text for the middle of a sentence.
func clipped(s string) string { return sweep.Clip(s, 60) }
