package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// group is the path of the group that an expression stands in: its neighbours may be called by their own names.
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

// rewrites are what people write for an operator or a constant of expressions.
var rewrites = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\$\{param\.([^}]+)\}`), "$1"},
	{regexp.MustCompile(`\$\{?([A-Za-z_][\w.]*)\}?`), "$1"},
	{regexp.MustCompile(`\bparameters\.`), ""},
	{regexp.MustCompile(`([^=!<>])===?([^=])`), "$1==$2"},
	{regexp.MustCompile(`([^=!<>])=([^=])`), "$1==$2"},
	{regexp.MustCompile(`<>`), "!="},
	{regexp.MustCompile(`(?i)\bis\s+not\b`), "!="},
	{regexp.MustCompile(`(?i)\bis\b`), "=="},
	{regexp.MustCompile(`(?i)\band\b|([^&])&([^&])`), "${1}and$2"},
	{regexp.MustCompile(`(?i)\bor\b|([^|])\|([^|])`), "${1}or$2"},
	{regexp.MustCompile(`(?i)\bnot\b`), "not"},
	{regexp.MustCompile(`\b(None|null|NULL|Null)\b`), "nil"},
	{regexp.MustCompile(`\bTrue\b|\bTRUE\b`), "true"},
	{regexp.MustCompile(`\bFalse\b|\bFALSE\b`), "false"},
	{regexp.MustCompile(`\bmath\.|\bnp\.`), ""},
}

var (
	quotedText = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	identifier = regexp.MustCompile(`[A-Za-z_][\w.]*`)
	numberText = regexp.MustCompile(`"(-?[0-9][0-9.eE+-]*)"|'(-?[0-9][0-9.eE+-]*)'`)
)

// outsideQuotes changes what of an expression is no text.
func outsideQuotes(text string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range quotedText.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[from:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(change(text[from:]))
	return b.String()
}

// mended is an expression that says what one that does not compile was likely meant to; "": none is found.
func (s *Space) mended(text string, want wants, group []string) string {
	if len(text) > 200 {
		return ""
	}
	tries := []string{text}
	next := outsideQuotes(text, func(t string) string {
		for _, r := range rewrites {
			t = r.pattern.ReplaceAllString(t, r.with)
		}
		return t
	})
	next = strings.ReplaceAll(next, "  ", " ")
	tries = append(tries, next, s.namesIn(next, group), numberText.ReplaceAllString(next, "$1$2"), numberText.ReplaceAllString(s.namesIn(next, group), "$1$2"))
	for _, t := range tries {
		if t == text {
			continue
		}
		if e, err := s.compile(t, want, group); err == nil && len(e.needs) > 0 {
			return t
		}
	}
	return ""
}

// namesIn corrects names that no parameter has: to one that is near, or to the text of a value.
func (s *Space) namesIn(text string, group []string) string {
	var names []string
	values := map[string]bool{}
	for _, l := range s.leaves {
		names = append(names, l.Name)
		if len(group) > 0 && len(l.path) == len(group)+1 && slices.Equal(l.path[:len(group)], group) {
			names = append(names, l.path[len(group)])
		}
		for _, v := range l.Values {
			if text, ok := v.(string); ok {
				values[text] = true
			}
		}
	}
	return outsideQuotes(text, func(t string) string {
		return identifier.ReplaceAllStringFunc(t, func(name string) string {
			path := strings.Split(name, ".")
			switch {
			case len(s.under(path)) > 0 || slices.Contains(names, name) || slices.Contains(functions, name):
				return name
			case slices.Contains([]string{"and", "or", "not", "in", "nil", "true", "false", "matches", "contains", "startsWith", "endsWith"}, name):
				return name
			case values[name]:
				return `"` + name + `"`
			}
			if short, ok := strings.CutSuffix(name, ".value"); ok && slices.Contains(names, short) {
				return short
			}
			if near := suggest(name, names); near != "" {
				return near
			}
			return name
		})
	})
}

// expressionAdvice is the remedy for an expression that does not compile.
func (d *decoder) expressionAdvice(text string, want wants, group []string, err error) string {
	if len(group) == 0 && strings.HasPrefix(remedyOf(err, ""), "did you mean") {
		return remedyOf(err, "")
	}
	if m := d.spec.Space.mended(text, want, group); m != "" {
		return fmt.Sprintf("write `%s`", m)
	}
	return remedyOf(err, d.expressionRemedy())
}
