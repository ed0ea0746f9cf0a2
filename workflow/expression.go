package workflow

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/kaon-sweep/kaon/sweep"
)

// Expression is what stands in ${…}, in a condition, or in the list of a for-each. Its language is that of a sweep's
// conditions, with functions for lists besides.
type Expression struct {
	Text       string
	References []Reference
	source     string // with names that hold a hyphen in brackets
	shifts     []shift
	program    *vm.Program
}

// Reference is a name that an expression uses: steps.train.outputs.auc.
type Reference struct {
	Path     []string
	At       int  // where it begins in the expression, in characters
	Optional bool // it may be missing: it stands before ??, or has ?. in it
	Tested   bool // the expression compares it with nil, here or elsewhere
}

// listFunctions are those that spec expressions, which have no use for lists, do not have. The engine lends `files` and
// `lines`.
var listFunctions = []string{
	"join", "keys", "values", "sort", "uniq", "concat", "flatten", "reverse", "toJSON", "fromJSON",
}

// lent are functions that Evaluate finds in its environment: they read files, by a pattern, and lines of one.
var lent = []string{"files", "lines"}

// Functions are what expressions may call.
func Functions() []string { return slices.Concat(sweep.ExpressionFunctions(), listFunctions, lent) }

const longestExpression = 2000 // characters; the parser recurses on them

// Compile reads an expression.
func Compile(text string) (*Expression, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n > longestExpression {
		return nil, &problem{what: fmt.Sprintf("the expression has %d characters; %d are allowed",
			n, longestExpression),
			remedy: "compute it in a step, which puts it out"}
	}
	if text == "" {
		return nil, &problem{what: "an expression is missing",
			remedy: "write one, as steps.train.outputs.auc or parameters.regions"}
	}
	if i := comment(text); i >= 0 {
		return nil, &problem{at: i, what: "there is a comment in the expression",
			remedy: "put it behind a # of the file"}
	}
	e := &Expression{Text: text}
	e.bracket()
	tree, err := parser.Parse(e.source)
	if err != nil {
		return nil, e.located(err)
	}
	c := collector{e: e}
	c.walk(tree.Node, false)
	if c.err != nil {
		return nil, c.err
	}
	for i := range e.References {
		r := &e.References[i]
		r.Tested = slices.ContainsFunc(c.tested, func(path []string) bool { return slices.Equal(path, r.Path) })
	}
	if e.program, err = e.compile(); err != nil {
		return nil, err
	}
	return e, nil
}

// compile makes a program, with what is known of its environment.
func (e *Expression) compile(known ...expr.Option) (*vm.Program, error) {
	options := append([]expr.Option{expr.DisableAllBuiltins(), sweep.BoundAddition()}, known...)
	for _, f := range slices.Concat(sweep.ExpressionFunctions(), listFunctions) {
		options = append(options, expr.EnableBuiltin(f))
	}
	p, err := expr.Compile(e.source, options...)
	if err != nil {
		return nil, e.located(err)
	}
	return p, nil
}

// Evaluate computes the value: nil, bool, int64, float64, string, []any or map[string]any, when those of the
// environment are such.
func (e *Expression) Evaluate(env map[string]any) (any, error) {
	v, err := expr.Run(e.program, env)
	if err != nil {
		return nil, fmt.Errorf("evaluate `%s`: %w", clipped(e.Text), e.located(err))
	}
	return plain(v), nil
}

// plain is a value in the types that files have.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return out
	case []int:
		out := make([]any, len(v))
		for i := range v {
			out[i] = int64(v[i])
		}
		return out
	case []any:
		if !slices.ContainsFunc(v, func(item any) bool { _, isInt := item.(int); return isInt }) {
			return v
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return v
}

// hyphenated is a step's name that holds hyphens, which would be minus signs.
var hyphenated = regexp.MustCompile(`\bsteps(\??\.)([A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)+)`)

// shift says by how many bytes the source is longer than the text before a byte of the source.
type shift struct{ before, by int }

// bracket writes steps.train-model as steps["train-model"].
func (e *Expression) bracket() {
	var b strings.Builder
	done := 0
	for _, m := range hyphenated.FindAllStringSubmatchIndex(e.Text, -1) {
		if quotedAt(e.Text, m[0]) {
			continue
		}
		b.WriteString(e.Text[done:m[2]])
		if e.Text[m[2]] == '?' {
			b.WriteString("?.")
		}
		b.WriteString(`["` + e.Text[m[4]:m[5]] + `"]`)
		done = m[5]
		e.shifts = append(e.shifts, shift{b.Len(), b.Len() - done})
	}
	b.WriteString(e.Text[done:])
	e.source = b.String()
}

// original is where a character of the source stands in the text, in characters.
func (e *Expression) original(at int) int {
	by := 0
	for _, s := range e.shifts {
		if at >= utf8.RuneCountInString(e.source[:min(s.before, len(e.source))]) {
			by = s.by
		}
	}
	return max(0, at-by)
}

// located makes a problem of the library's error, whose place is that in the text.
func (e *Expression) located(err error) error {
	var at *file.Error
	if errors.As(err, &at) {
		what := at.Message
		if what == "" {
			what = at.Error()
		}
		if what, _, _ = strings.Cut(what, "\n"); strings.HasPrefix(what, "unexpected token EOF") {
			what = "the expression is not finished"
		}
		offset := e.original(at.From)
		return &problem{at: byteOf(e.Text, offset), what: what, remedy: "check the expression here"}
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return &problem{what: line, remedy: "check the expression"}
}

// byteOf is where a character stands in bytes.
func byteOf(text string, character int) int {
	for i := range text {
		if character == 0 {
			return i
		}
		character--
	}
	return len(text)
}

// collector finds references, and refuses what has no bound.
type collector struct {
	e      *Expression
	tested [][]string // paths that are compared with nil
	err    error
	depth  int
}

var functionsRemedy = "functions here: " + strings.Join(Functions(), ", ")

func (c *collector) refuse(n ast.Node, what, remedy string) {
	if c.err == nil {
		c.err = &problem{at: byteOf(c.e.Text, c.e.original(n.Location().From)), what: what, remedy: remedy}
	}
}

func (c *collector) walk(n ast.Node, optional bool) {
	switch n := n.(type) {
	case nil:
	case *ast.IdentifierNode:
		c.add(n, []string{n.Value}, optional)
	case *ast.MemberNode:
		path, asked := memberPath(n)
		if path != nil {
			c.add(rootOf(n), path, optional || asked)
			return
		}
		c.walk(n.Node, optional || n.Optional)
		if _, isName := n.Property.(*ast.StringNode); !isName {
			c.walk(n.Property, false)
		}
	case *ast.ChainNode:
		c.walk(n.Node, optional)
	case *ast.UnaryNode:
		c.walk(n.Node, optional)
	case *ast.BinaryNode:
		c.test(n)
		c.walk(n.Left, optional || n.Operator == "??")
		c.walk(n.Right, optional)
	case *ast.SliceNode:
		c.walk(n.Node, optional)
		c.walk(n.From, false)
		c.walk(n.To, false)
	case *ast.ConditionalNode:
		c.walk(n.Cond, optional)
		c.walk(n.Exp1, optional)
		c.walk(n.Exp2, optional)
	case *ast.CallNode:
		id, ok := n.Callee.(*ast.IdentifierNode)
		switch {
		case !ok:
			c.refuse(n, "methods cannot be called in expressions", functionsRemedy)
		case !slices.Contains(Functions(), id.Value):
			c.refuse(n, fmt.Sprintf("there is no function `%s`", clipped(id.Value)), unknownFunction(id.Value))
		}
		c.all(n.Arguments)
	case *ast.BuiltinNode:
		if !slices.Contains(Functions(), n.Name) {
			c.refuse(n, fmt.Sprintf("function `%s` is not available in expressions", n.Name), functionsRemedy)
		}
		c.all(n.Arguments)
	case *ast.ArrayNode:
		c.all(n.Nodes)
	case *ast.MapNode:
		c.all(n.Pairs)
	case *ast.PairNode:
		c.walk(n.Key, false)
		c.walk(n.Value, false)
	case *ast.PredicateNode, *ast.PointerNode:
		c.refuse(n, "loops are not available in expressions", functionsRemedy)
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		c.refuse(n, "`let` and `;` are not available in expressions", "write the expression out")
	}
}

// test notes what is compared with nil.
func (c *collector) test(n *ast.BinaryNode) {
	if n.Operator != "==" && n.Operator != "!=" {
		return
	}
	of := n.Left
	if _, isNil := of.(*ast.NilNode); isNil {
		of = n.Right
	} else if _, isNil := n.Right.(*ast.NilNode); !isNil {
		return
	}
	if path, _ := memberPath(of); path != nil {
		c.tested = append(c.tested, path)
	}
}

func (c *collector) all(nodes []ast.Node) {
	for _, n := range nodes {
		c.walk(n, false)
	}
}

func unknownFunction(name string) string {
	if s := sweep.Nearest(name, Functions()); s != "" {
		return "did you mean `" + s + "`?"
	}
	return functionsRemedy
}

func (c *collector) add(n ast.Node, path []string, optional bool) {
	if path[0] == "$env" {
		c.refuse(n, "`$env` is not available in expressions", "name the value")
		return
	}
	c.e.References = append(c.e.References, Reference{path, c.e.original(n.Location().From), optional, false})
}

// memberPath is a.b["c"] as names; nil: an index is computed. Asked: it has ?. in it.
func memberPath(n ast.Node) (path []string, asked bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return []string{n.Value}, false
	case *ast.ChainNode:
		return memberPath(n.Node)
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok || n.Method {
			return nil, false
		}
		path, asked = memberPath(n.Node)
		if path == nil {
			return nil, false
		}
		return append(path, name.Value), asked || n.Optional
	}
	return nil, false
}

func rootOf(n ast.Node) ast.Node {
	for {
		switch m := n.(type) {
		case *ast.MemberNode:
			n = m.Node
		case *ast.ChainNode:
			n = m.Node
		default:
			return n
		}
	}
}

// quotedAt says whether a byte of an expression is within quotes.
func quotedAt(text string, at int) bool {
	var quote byte
	for i := 0; i < at; i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		}
	}
	return quote != 0
}

// comment is where a comment begins in an expression; -1: there is none.
func comment(text string) int {
	for i := range len(text) - 1 {
		if two := text[i : i+2]; (two == "//" || two == "/*") && !quotedAt(text, i) {
			return i
		}
	}
	return -1
}

// Paths are the names that the expression uses: steps train outputs auc.
func (e *Expression) Paths() [][]string {
	var all [][]string
	for _, r := range e.References {
		all = append(all, r.Path)
	}
	return all
}
