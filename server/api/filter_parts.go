package api

import (
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/kaon-sweep/kaon/sweep"
)

// condition is an expression, or a part of it, that holds for a trial or does not.
type condition func(f *filter, env filterEnv) (bool, error)

// partsOf takes an expression that compiles apart where && and || join, and ! denies, what holds by itself. Nil: a
// single program says the same, as neither || nor ! is among them.
func partsOf(text string) condition {
	tree, err := parser.Parse(text)
	if err != nil || !chooses(tree.Node) {
		return nil
	}
	return partOf(tree.Node)
}

// chooses tells whether an expression may hold where a part of it does not.
func chooses(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return denies(n)
	case *ast.BinaryNode:
		return isOr(n) || isAnd(n) && (chooses(n.Left) || chooses(n.Right))
	}
	return false
}

func denies(n *ast.UnaryNode) bool { return n.Operator == "!" || n.Operator == "not" }
func isOr(n *ast.BinaryNode) bool  { return n.Operator == "||" || n.Operator == "or" }
func isAnd(n *ast.BinaryNode) bool { return n.Operator == "&&" || n.Operator == "and" }

// partOf is nil where a part does not compile by itself.
func partOf(n ast.Node) condition {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if denies(n) {
			return not(partOf(n.Node))
		}
	case *ast.BinaryNode:
		if isOr(n) || isAnd(n) {
			return both(partOf(n.Left), partOf(n.Right), isOr(n))
		}
	}
	program, err := expr.Compile(n.String(), expr.Env(filterEnv{}), expr.AsBool(), sweep.BoundAddition())
	if err != nil {
		return nil
	}
	return func(f *filter, env filterEnv) (bool, error) { return f.test(program, env) }
}

func not(part condition) condition {
	if part == nil {
		return nil
	}
	return func(f *filter, env filterEnv) (bool, error) {
		holds, err := part(f, env)
		return !holds && err == nil, err
	}
}

// both asks the right part where the left one does not decide: one that holds decides an or.
func both(left, right condition, or bool) condition {
	if left == nil || right == nil {
		return nil
	}
	return func(f *filter, env filterEnv) (bool, error) {
		if holds, err := left(f, env); err != nil || holds == or {
			return holds, err
		}
		return right(f, env)
	}
}
