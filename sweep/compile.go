package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// functions are the built-ins that expressions may call: pure, without loops, and the same on every run.
var functions = []string{
	"abs", "ceil", "floor", "round", "int", "float", "string", "min", "max", "len", "lower", "upper", "trim",
	"hasPrefix", "hasSuffix", "split", "first", "last", "median", "mean", "sum",
}

// maxExpression bounds the text of one expression; the parser recurses on it.
const maxExpression = 2000

// maxNeeded bounds the parameters that all expressions of a spec name together: each is looked up for each point.
const maxNeeded = 100_000

// maxWritten bounds the text of all expressions of a spec, in bytes: to compile a long one takes milliseconds.
const maxWritten = 256 << 10

// wants is the result an expression must have.
type wants uint8

const (
	truth wants = iota
	amount
)

// compile checks an expression against the space's parameters.
func (s *Space) compile(text string, want wants, group []string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression has %d characters; %d are allowed", len(text), maxExpression)
	}
	if s.written += len(text); s.written > maxWritten && !s.accepted {
		return nil, &withRemedy{
			fmt.Sprintf("the expressions of the spec have more than %d characters together", maxWritten),
			"use fewer or shorter ones",
		}
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, tidy(err)
	}
	ast.Walk(&tree.Node, locals{s, group})
	refs := &references{space: s}
	ast.Walk(&tree.Node, refs)
	if refs.err != nil {
		return nil, refs.err
	}
	if err := refs.known(); err != nil {
		return nil, err
	}
	needs := refs.leaves()
	if s.needed += len(needs); s.needed > maxNeeded && !s.accepted {
		return nil, &withRemedy{
			fmt.Sprintf("the expressions of the spec name more than %d parameters, each of a group counted", maxNeeded),
			"name single parameters in place of groups, or use fewer expressions",
		}
	}
	options := []expr.Option{expr.Env(s.types(needs)), expr.DisableAllBuiltins()}
	if len(group) > 0 {
		options = append(options, expr.Patch(locals{s, group}))
	}
	options = append(options, BoundAddition())
	for _, f := range functions {
		options = append(options, expr.EnableBuiltin(f))
	}
	if want == truth {
		options = append(options, expr.AsBool())
	} else {
		options = append(options, expr.AsFloat64())
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, tidy(err)
	}
	return &expression{text: text, program: program, needs: needs}, nil
}

// references finds the parameters an expression uses.
type references struct {
	space *Space
	paths []reference
	err   error
}

type reference struct {
	node ast.Node
	path []string
}

// Visit is called for inner nodes first, so a.b.c arrives as a, then a.b, then a.b.c; each longer path
// replaces its beginning.
func (r *references) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			r.paths = append(r.paths, reference{n, nil})
			return
		}
		r.paths = append(r.paths, reference{n, []string{n.Value}})
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		for i := range r.paths {
			if ok && r.paths[i].node == n.Node {
				r.paths[i] = reference{n, append(slices.Clone(r.paths[i].path), name.Value)}
			}
		}
	case *ast.VariableDeclaratorNode:
		r.err = &withRemedy{"`let` is not available in spec expressions", "write the expression out"}
	case *ast.BuiltinNode:
		r.function(n.Name)
	case *ast.PredicateNode:
		r.err = &withRemedy{"loops are not available in spec expressions", functionRemedy}
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			r.function(id.Value)
		} else if r.err == nil {
			r.err = &withRemedy{"methods cannot be called in spec expressions", functionRemedy}
		}
	}
}

var functionRemedy = "functions here: " + strings.Join(functions, ", ")

func (r *references) function(name string) {
	if !slices.Contains(functions, name) {
		r.err = &withRemedy{fmt.Sprintf("function `%s` is not available in spec expressions", short(name)),
			functionRemedy}
	}
}

// known refuses names that no parameter has, with a suggestion the compiler cannot give.
func (r *references) known() error {
	for _, ref := range r.paths {
		if len(r.space.under(ref.path)) > 0 || len(r.space.around(ref.path)) > 0 {
			continue
		}
		name := joinPath(ref.path)
		return &withRemedy{fmt.Sprintf("there is no parameter `%s`", short(name)), didYouMean(name, r.space.names())}
	}
	return nil
}

// leaves is every parameter that was found.
func (r *references) leaves() []int {
	var all []int
	seen := map[string]bool{}
	for _, ref := range r.paths {
		key := pathKey(ref.path)
		if seen[key] {
			continue
		}
		seen[key] = true
		found := r.space.under(ref.path)
		if len(found) == 0 {
			found = r.space.around(ref.path)
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// types declares the parameters that an expression uses to its compiler, and no others: a spec may have thousands. A
// parameter whose values differ in type, or that holds lists or mappings, is of any type and checked when it runs.
func (s *Space) types(leaves []int) types.Map {
	root := types.Map{}
	for _, k := range leaves {
		l := s.leaves[k]
		at := root
		for _, step := range l.path[:len(l.path)-1] {
			next, ok := at[step].(types.Map)
			if !ok {
				next = types.Map{}
				at[step] = next
			}
			at = next
		}
		at[l.path[len(l.path)-1]] = l.valueType()
	}
	return root
}

func (d *Dimension) valueType() types.Type {
	switch {
	case d.Distribution == IntUniform || d.Q > 0 && d.Integer:
		return types.Int64
	case len(d.Values) == 0:
		return types.Float64
	}
	var common types.Type
	for _, v := range d.Values {
		var t types.Type
		switch v.(type) {
		case int64:
			t = types.Int64
		case float64:
			t = types.Float64
		case string:
			t = types.String
		case bool:
			t = types.Bool
		default:
			return types.Any
		}
		if common != nil && !common.Equal(t) {
			return types.Any
		}
		common = t
	}
	return common
}

// locals knows the group that an expression stands in: its neighbours may be called by their own
// names.
type locals struct {
	space *Space
	group []string
}

// Visit puts the group before a name that only its group has.
func (l locals) Visit(n *ast.Node) {
	id, ok := (*n).(*ast.IdentifierNode)
	if !ok || id.Value == "$env" || len(l.space.under([]string{id.Value})) > 0 {
		return
	}
	for depth := len(l.group); depth > 0; depth-- {
		path := append(slices.Clone(l.group[:depth]), id.Value)
		if len(l.space.under(path)) == 0 {
			continue
		}
		var node ast.Node = &ast.IdentifierNode{Value: path[0]}
		for _, step := range path[1:] {
			node = &ast.MemberNode{Node: node, Property: &ast.StringNode{Value: step}}
		}
		ast.Patch(n, node)
		return
	}
}

func joinPath(path []string) string { return strings.Join(path, ".") }
