package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// read parses one document. It returns nil after reporting when there is none to use.
func (r *reader) read(src []byte) (root *node) {
	if !r.checkSize(src) {
		return nil
	}
	defer func() { // a slip in the YAML library must refuse the file, not end the program
		if p := recover(); p != nil {
			r.fail(1, 1, "cannot be read as YAML", "simplify the file: the YAML reader gave up on it")
			root = nil
		}
	}()
	file, err := parser.ParseBytes(shortTags(r.withoutDirectives(src)), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		r.fail(1, 1, "the spec is empty",
			"a spec needs at least `method`, `parameters` and a `program` or `command`")
		return nil
	}
	if len(bodies) > 1 {
		at := position(bodies[1].GetToken())
		r.fail(at.Line, at.Column, "a second YAML document starts here", "keep one sweep per file")
		return nil
	}
	root = r.convert(bodies[0], 1)
	if r.broken {
		return nil
	}
	return root
}

func (r *reader) syntax(err error) {
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &at) && at.GetToken() != nil {
		p := position(at.GetToken())
		if line, column := r.tab(p.Line + 1); line > 0 {
			r.fail(line, column, "a tab is used for indentation",
				"indent with spaces: YAML does not allow tabs")
			return
		}
		if r.strayIndent(p.Line) {
			return
		}
		for line := min(p.Line+1, len(r.lines)); line >= max(1, p.Line-1); line-- {
			if column, problem, remedy := syntaxHint(r.lines[line-1]); column > 0 {
				r.fail(line, column, problem, remedy)
				return
			}
		}
		r.fail(p.Line, p.Column, "not valid YAML: "+short(at.GetMessage()),
			"check indentation, quotes and brackets here and on the line before")
		return
	}
	r.fail(1, 1, "not valid YAML: "+short(err.Error()), "check indentation, quotes and brackets")
}

// tab finds indentation by tabs up to a line: YAML forbids it, and the library's errors do not say so.
func (r *reader) tab(upTo int) (line, column int) {
	for i, text := range r.lines[:min(upTo, len(r.lines))] {
		body := strings.TrimLeft(text, " ")
		if rest := strings.TrimLeft(body, " \t"); strings.HasPrefix(body, "\t") && rest != "" &&
			rest[0] != '#' {
			return i + 1, len(text) - len(body) + 1
		}
	}
	return 0, 0
}

// convert copies the library's tree into nodes, resolving anchors, aliases and merge keys.
func (r *reader) convert(n ast.Node, depth int) *node {
	if r.broken {
		return &node{}
	}
	if n == nil {
		return &node{plain: true, null: true, size: 1}
	}
	at := position(n.GetToken())
	if depth > maxDepth {
		r.fail(at.Line, at.Column, "the nesting is too deep",
			fmt.Sprintf("at most %d levels are read", maxDepth))
		return &node{}
	}
	out := &node{line: at.Line, column: at.Column, origin: r.origin, size: 1, depth: 1}
	switch n := n.(type) {
	case *ast.MappingNode:
		r.mapping(out, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n}, n.IsFlowStyle, depth)
	case *ast.SequenceNode:
		out.kind = list
		for _, v := range n.Values {
			item := r.item(v, n.IsFlowStyle, depth+1)
			out.items = append(out.items, item)
			if out.grow(item); r.tooMany(out, at) {
				break
			}
		}
	case *ast.AnchorNode:
		return r.anchor(n, depth)
	case *ast.AliasNode:
		return r.alias(n, depth)
	case *ast.TagNode:
		return r.tag(n, depth)
	case *ast.MappingKeyNode:
		return r.convert(n.Value, depth)
	default:
		r.scalar(n, out)
	}
	r.count(out, at)
	return out
}

// item converts an item of a list. Inside braces the library takes the items of [llama:7b, s3://x:9/y] for
// mappings; to YAML a colon without a space after it is part of the text.
func (r *reader) item(v ast.Node, flow bool, depth int) *node {
	m, isMapping := v.(*ast.MappingNode)
	if !flow || !isMapping || m.IsFlowStyle || len(m.Values) != 1 {
		return r.convert(v, depth)
	}
	pair := m.Values[0]
	key, isText := pair.Key.(*ast.StringNode)
	if isText && (key.Token.Type == token.DoubleQuoteType || key.Token.Type == token.SingleQuoteType) {
		return r.convert(v, depth)
	}
	at, colon := position(pair.Key.GetToken()), position(pair.Start)
	if colon.Line < 1 || colon.Line > len(r.lines) || at.Line != colon.Line {
		return r.convert(v, depth)
	}
	line := r.runesOf(colon.Line)
	if at.Column < 1 || colon.Column < at.Column || colon.Column >= len(line) ||
		line[colon.Column-1] != ':' || strings.ContainsRune(" \t,[]{}", line[colon.Column]) {
		return r.convert(v, depth)
	}
	rest := line[at.Column-1:]
	if end := slices.IndexFunc(rest, func(c rune) bool { return strings.ContainsRune(",[]{}", c) }); end >= 0 {
		rest = rest[:end]
	}
	text := string(rest)
	if end := strings.Index(text, " #"); end >= 0 {
		text = text[:end]
	}
	out := &node{line: at.Line, column: at.Column, origin: r.origin, size: 1, depth: 1, plain: true,
		text: strings.TrimSpace(text), bytes: len(text)}
	r.count(out, at)
	return out
}

// runesOf is a line as runes, of which the last is kept: a long one may hold many items.
func (r *reader) runesOf(line int) []rune {
	if r.runesAt != line {
		r.runes, r.runesAt = []rune(r.lines[line-1]), line
	}
	return r.runes
}

func (r *reader) count(n *node, at token.Position) {
	r.nodes++
	r.tooMany(n, at)
}

// tooMany refuses what holds more than is read, of which more may be to come.
func (r *reader) tooMany(n *node, at token.Position) bool {
	switch {
	case r.broken:
	case n.bytes > maxText:
		r.fail(at.Line, at.Column, fmt.Sprintf("the spec holds more than %d MB of text once its aliases "+
			"are written out", maxText>>20),
			"put long texts into a file, which trials read, or name each once")
	case n.size > maxNodes || r.nodes > maxNodes:
		r.fail(at.Line, at.Column,
			fmt.Sprintf("the spec holds more than %d values once its aliases are written out", maxNodes),
			"use fewer values, or min and max instead of a list")
	}
	return r.broken
}

func (r *reader) scalar(n ast.Node, out *node) {
	out.text, out.plain = n.GetToken().Value, true
	switch n := n.(type) {
	case *ast.NullNode:
		out.null = true
	case *ast.StringNode:
		out.text = n.Value
		out.plain = n.Token.Type != token.DoubleQuoteType && n.Token.Type != token.SingleQuoteType
		out.null = out.plain && n.Value == ""
	case *ast.LiteralNode:
		out.text, out.plain = n.Value.Value, false
	}
	out.bytes = len(out.text)
}

func (r *reader) anchor(n *ast.AnchorNode, depth int) *node {
	name := n.Name.GetToken().Value
	r.anchors[name] = nil
	value := r.convert(n.Value, depth)
	r.anchors[name] = value
	return value
}

func (r *reader) alias(n *ast.AliasNode, depth int) *node {
	at := position(n.GetToken())
	name := ""
	if n.Value != nil {
		name = n.Value.GetToken().Value
	}
	target, known := r.anchors[name]
	switch {
	case !known:
		r.fail(at.Line, at.Column, fmt.Sprintf("alias `*%s` has no anchor before it", short(name)),
			"define it with `&"+short(name)+"` further up, or quote the text")
	case target == nil:
		r.fail(at.Line, at.Column, fmt.Sprintf("alias `*%s` is inside its own anchor", short(name)),
			"write the value out")
	case depth+target.depth > maxDepth:
		r.fail(at.Line, at.Column, "the nesting is too deep",
			fmt.Sprintf("at most %d levels are read", maxDepth))
	default:
		return target
	}
	return &node{}
}

func (r *reader) mapping(out *node, values []*ast.MappingValueNode, flow bool, depth int) {
	out.kind = mapping
	for _, v := range values {
		if r.pair(out, v, depth); r.tooMany(out, position(v.GetToken())) {
			return
		}
	}
	r.unique(out)
	if len(out.pairs) > 0 && !flow {
		out.line, out.column = out.pairs[0].key.line, out.pairs[0].key.column
	}
}

// unique refuses keys written twice, naming both places, and lets written keys win over merged ones.
func (r *reader) unique(n *node) {
	first := make(map[string]int, len(n.pairs))
	kept := n.pairs[:0]
	for _, p := range n.pairs {
		i, again := first[p.key.text]
		switch {
		case !again:
			first[p.key.text] = len(kept)
			kept = append(kept, p)
		case p.key.origin == merged:
		case kept[i].key.origin == merged:
			kept[i] = p
		default:
			r.fail(p.key.line, p.key.column,
				fmt.Sprintf("key `%s` is given twice: first in line %d, again in line %d", short(p.key.text),
					kept[i].key.line, p.key.line), "remove one of the two")
		}
	}
	n.pairs = kept
}

// merged marks a key that came through `<<` and that a written key replaces.
const merged = "<<"

// pair adds one key and value, or what a merge key stands for, to a mapping.
func (r *reader) pair(into *node, v *ast.MappingValueNode, depth int) {
	if v.Key.IsMergeKey() {
		r.merge(into, r.convert(v.Value, depth+1), position(v.Key.GetToken()))
		return
	}
	key := r.convert(v.Key, depth+1)
	value := r.convert(v.Value, depth+1)
	if r.broken {
		return
	}
	if key.kind != scalar {
		r.fail(key.line, key.column, "a key must be text", "write a plain word before the colon")
		return
	}
	if key.null {
		key.text = ""
	}
	if space := otherSpace(key.text); key.plain && space != 0 && strings.HasPrefix(key.text, string(space)) {
		r.fail(key.line, key.column, spaceProblem(space), spaceRemedy)
		return
	}
	into.pairs = append(into.pairs, pair{key: key, value: value})
	into.bytes = min(into.bytes+len(key.text), maxText+1)
	into.grow(value)
}

// merge adds the keys of `<<: *anchor`; keys written out win over merged ones.
func (r *reader) merge(into, from *node, at token.Position) {
	if r.broken {
		return
	}
	sources := []*node{from}
	if from.kind == list {
		sources = from.items
	}
	for _, s := range sources {
		if r.nodes += len(s.pairs); r.tooMany(into, at) {
			return
		}
		if s.kind != mapping {
			r.fail(at.Line, at.Column, "`<<` merges "+s.what()+", which is not a mapping",
				"point it at an anchored mapping")
			return
		}
		for _, p := range s.pairs {
			key := *p.key
			key.origin = merged
			into.pairs = append(into.pairs, pair{key: &key, value: p.value})
			into.bytes = min(into.bytes+len(key.text), maxText+1)
			into.grow(p.value)
		}
	}
}
