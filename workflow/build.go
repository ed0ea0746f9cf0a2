package workflow

import (
	"errors"
	"fmt"
	"strings"
)

// Flow is a piece of a graph that a program puts together. Sequence, Parallel and the others make larger pieces of
// smaller ones, and Build the graph. A name may stand in one place only.
type Flow interface {
	// grow adds the piece to a scope; what leads to it is drawn to its heads, and what follows from its tails.
	grow(d *draft, in *scope) (ends, error)
}

// ends are where one enters a piece, and where one leaves it.
type ends struct{ heads, tails []*vertex }

// Place is a step, or, when no step of the workflow has the name, a place where nothing is done.
func Place(name string) *PlaceFlow { return &PlaceFlow{name: name} }

// PlaceFlow is a place in a graph.
type PlaceFlow struct {
	name   string
	step   *Step
	when   string
	join   Join
	joined bool
}

// Do is the place of a step.
func Do(s *Step) *PlaceFlow { return &PlaceFlow{name: s.Name, step: s} }

// If has a condition on the edges that lead to the place.
func (p *PlaceFlow) If(condition string) *PlaceFlow {
	p.when = condition
	return p
}

// AtLeast has the place begin when so many of what it waits for have succeeded.
func (p *PlaceFlow) AtLeast(n int) *PlaceFlow {
	p.join, p.joined = Join{n}, true
	return p
}

func (p *PlaceFlow) grow(d *draft, in *scope) (ends, error) {
	if !isName(p.name) {
		return ends{}, fmt.Errorf("`%s` cannot be a name: use letters, digits, _ and hyphens, and begin with a letter",
			clipped(p.name))
	}
	if d.names[p.name] != nil {
		return ends{}, fmt.Errorf("`%s` stands in two places", p.name)
	}
	if p.join.AtLeast < 0 {
		return ends{}, fmt.Errorf("`%s` waits for %d", p.name, p.join.AtLeast)
	}
	v, err := d.add(p.name, in, 0)
	if err != nil {
		return ends{}, err
	}
	v.step, v.join, v.joined = p.step, p.join, p.joined
	return ends{[]*vertex{v}, []*vertex{v}}, nil
}

type sequence []Flow

// Sequence has pieces one after the other.
func Sequence(flows ...Flow) Flow { return sequence(flows) }

func (s sequence) grow(d *draft, in *scope) (ends, error) {
	var all ends
	if len(s) == 0 {
		return all, errors.New("a sequence of nothing")
	}
	for i, f := range s {
		next, err := f.grow(d, in)
		if err != nil {
			return all, err
		}
		if i == 0 {
			all.heads = next.heads
		} else if err := between(all.tails, next.heads, f); err != nil {
			return all, err
		}
		all.tails = next.tails
	}
	return all, nil
}

// between draws all edges from some to others, under the condition of the piece that the others are of; a branch has
// its own.
func between(from, to []*vertex, f Flow) error {
	conditions := headConditions(f)
	for _, a := range from {
		for i, b := range to {
			when := ""
			if i < len(conditions) {
				when = strings.TrimSpace(conditions[i])
			}
			if when != "" {
				if _, err := Compile(when); err != nil {
					return fmt.Errorf("condition of `%s`: %w", b.title(), err)
				}
			}
			if err := connect(a, b, when, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// headConditions are the conditions of the heads of a piece, in their order.
func headConditions(f Flow) []string {
	switch f := f.(type) {
	case *PlaceFlow:
		return []string{f.when}
	case sequence:
		if len(f) > 0 {
			return headConditions(f[0])
		}
	case parallel:
		var all []string
		for _, branch := range f {
			all = append(all, headConditions(branch)...)
		}
		return all
	}
	return []string{""}
}

type parallel []Flow

// Parallel has pieces side by side.
func Parallel(branches ...Flow) Flow { return parallel(branches) }

func (p parallel) grow(d *draft, in *scope) (ends, error) {
	var all ends
	if len(p) == 0 {
		return all, errors.New("branches of nothing")
	}
	for _, f := range p {
		branch, err := f.grow(d, in)
		if err != nil {
			return all, err
		}
		all.heads, all.tails = append(all.heads, branch.heads...), append(all.tails, branch.tails...)
	}
	return all, nil
}

// EachFlow runs a piece for each item of lists.
type EachFlow struct {
	each Each
	body Flow
}

// Over are the items of a list, an expression, under a name.
func Over(name, list string) Binding { return Binding{name, strings.TrimSpace(list)} }

// ForEach runs a piece for each item of a list, or each combination of items of several.
func ForEach(body Flow, over ...Binding) *EachFlow { return &EachFlow{Each{Over: over}, body} }

// ForEachZip runs a piece for the items of lists that stand in the same place.
func ForEachZip(body Flow, over ...Binding) *EachFlow {
	return &EachFlow{Each{Over: over, Zipped: true}, body}
}

// Parallel bounds how many iterations run at once.
func (e *EachFlow) Parallel(n int) *EachFlow {
	e.each.Parallel = n
	return e
}

// Tolerate is how many iterations may fail.
func (e *EachFlow) Tolerate(n int) *EachFlow {
	e.each.Tolerate = n
	return e
}

// Ordered has iterations one after the other.
func (e *EachFlow) Ordered() *EachFlow {
	e.each.Ordered = true
	return e
}

func (e *EachFlow) grow(d *draft, in *scope) (ends, error) {
	seen := map[string]bool{}
	for _, b := range e.each.Over {
		if !isName(b.Name) || variableName(b.Name) != nil || seen[b.Name] {
			return ends{}, fmt.Errorf("`%s` cannot name the items of a list here", clipped(b.Name))
		}
		seen[b.Name] = true
		if _, err := Compile(b.List); err != nil {
			return ends{}, fmt.Errorf("list of `%s`: %w", b.Name, err)
		}
	}
	if len(e.each.Over) == 0 || len(e.each.Over) > mostLists || e.each.Parallel < 0 || e.each.Tolerate < 0 {
		return ends{}, fmt.Errorf("a for-each has from 1 to %d lists, and no bounds below 0", mostLists)
	}
	each := e.each
	return enclosed(d, in, &each, nil, e.body)
}

func enclosed(d *draft, in *scope, e *Each, l *Loop, body Flow) (ends, error) {
	v, err := d.enclose(in, 0, e, l)
	if err != nil {
		return ends{}, err
	}
	_, err = body.grow(d, v.body)
	return ends{[]*vertex{v}, []*vertex{v}}, err
}

type repeated struct {
	loop Loop
	body Flow
}

// Repeat runs a piece until a condition holds, so many times at most.
func Repeat(body Flow, until string, times int) Flow {
	return repeated{Loop{Until: strings.TrimSpace(until), Times: times}, body}
}

func (r repeated) grow(d *draft, in *scope) (ends, error) {
	if _, err := Compile(r.loop.Until); err != nil {
		return ends{}, fmt.Errorf("condition of a loop: %w", err)
	}
	if r.loop.Times < 1 {
		return ends{}, errors.New("a loop needs a bound of at least 1")
	}
	loop := r.loop
	return enclosed(d, in, nil, &loop, r.body)
}

// Link is one more edge, between places that are in the graph already.
type Link struct{ From, To, If string }

// Build makes the graph of a piece, with further edges for what brackets cannot say.
func Build(f Flow, links ...Link) (*Graph, error) {
	d := newDraft()
	if _, err := f.grow(d, d.top); err != nil {
		return nil, err
	}
	for _, l := range links {
		from, to := d.find(l.From), d.find(l.To)
		if from == nil || to == nil {
			return nil, fmt.Errorf("an edge from `%s` to `%s`: both have to be in the graph", clipped(l.From),
				clipped(l.To))
		}
		if l.If != "" {
			if _, err := Compile(l.If); err != nil {
				return nil, fmt.Errorf("condition of `%s`: %w", l.To, err)
			}
		}
		if err := connect(from, to, strings.TrimSpace(l.If), 0); err != nil {
			return nil, err
		}
	}
	return d.top.finish()
}
