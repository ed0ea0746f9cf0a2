package workflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Part is a piece of a template: a text, or what stands in a ${…}.
type Part struct {
	Text string
	Expr string // between the braces; empty: it is a text
	At   int    // where it begins in the template, in bytes; of an expression its first byte
}

// Split cuts a template into its parts. $${ is a plain ${.
func Split(text string) ([]Part, error) {
	var parts []Part
	var plain strings.Builder
	from := 0
	flush := func() {
		if plain.Len() > 0 {
			parts = append(parts, Part{Text: plain.String(), At: from})
			plain.Reset()
		}
	}
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			plain.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			end := closing(text, i+2, "}")
			if end < 0 {
				return nil, &problem{at: i, what: "a ${ is not closed",
					remedy: "close it with }, or write $${ for a plain ${"}
			}
			flush()
			parts = append(parts, Part{Expr: text[i+2 : end], At: i + 2})
			i = end + 1
			from = i
		default:
			plain.WriteByte(text[i])
			i++
		}
	}
	flush()
	return parts, nil
}

// closing is the first byte from a place on that is one of stops, outside of quotes and brackets; -1: there is none.
func closing(text string, from int, stops string) int {
	var open []byte
	for i := from; i < len(text); i++ {
		c := text[i]
		switch {
		case len(open) == 0 && strings.IndexByte(stops, c) >= 0:
			return i
		case c == '"' || c == '\'' || c == '`':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' && c != '`' {
					i++
				}
			}
		case c == '(' || c == '[' || c == '{':
			open = append(open, c)
		case len(open) > 0 && (c == ')' || c == ']' || c == '}'):
			open = open[:len(open)-1]
		}
	}
	return -1
}

// variablePrefix is that of ${envvar:NAME}: a variable of the submitter's environment, as in specs.
const variablePrefix = "envvar:"

// Expand puts values into a template. ${x} alone is the value itself; within a text numbers stand as JSON has them, and
// lists and mappings as JSON. In env, envvar is a func(string) (string, bool).
func Expand(text string, env map[string]any) (any, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	parts, err := Split(text)
	if err != nil {
		return nil, err
	}
	if len(parts) == 1 && parts[0].Expr != "" {
		return evaluatePart(parts[0].Expr, env)
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Expr == "" {
			b.WriteString(p.Text)
			continue
		}
		v, err := evaluatePart(p.Expr, env)
		if err != nil {
			return nil, err
		}
		b.WriteString(TextOf(v))
	}
	return b.String(), nil
}

func evaluatePart(text string, env map[string]any) (any, error) {
	if name, ok := strings.CutPrefix(text, variablePrefix); ok {
		if look, ok := env["envvar"].(func(string) (string, bool)); ok {
			if v, set := look(name); set {
				return v, nil
			}
		}
		return nil, fmt.Errorf("the environment variable %s is not set", clipped(name))
	}
	e, err := Compile(text)
	if err != nil {
		return nil, err
	}
	return e.Evaluate(env)
}

// TextOf is a value within a text.
func TextOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// ExpandTree is the value of a tree, each scalar of which is a template.
func ExpandTree(t *sweep.Tree, env map[string]any) (any, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.List:
		out := make([]any, len(t.Items))
		for i, item := range t.Items {
			v, err := ExpandTree(item, env)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case t.Mapping:
		out := make(map[string]any, len(t.Pairs))
		for _, p := range t.Pairs {
			v, err := ExpandTree(p.Value, env)
			if err != nil {
				return nil, err
			}
			out[p.Key.Text] = v
		}
		return out, nil
	case strings.Contains(t.Text, "${"):
		return Expand(t.Text, env)
	}
	r := sweep.NewTreeReader("", nil)
	v := r.Value(t, "")
	if problems := r.Problems(); len(problems) > 0 {
		return nil, problems
	}
	return v, nil
}

// PathsIn are the names that a template uses.
func PathsIn(text string) ([][]string, error) {
	if !strings.Contains(text, "${") {
		return nil, nil
	}
	parts, err := Split(text)
	if err != nil {
		return nil, err
	}
	var all [][]string
	for _, p := range parts {
		if p.Expr == "" || strings.HasPrefix(p.Expr, variablePrefix) {
			continue
		}
		e, err := Compile(p.Expr)
		if err != nil {
			return nil, err
		}
		all = append(all, e.Paths()...)
	}
	return all, nil
}

// PathsOf are the names that the templates of a tree use.
func PathsOf(t *sweep.Tree) (all [][]string, err error) {
	if t == nil {
		return nil, nil
	}
	for _, item := range t.Items {
		more, err := PathsOf(item)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	for _, p := range t.Pairs {
		more, err := PathsOf(p.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	if t.List || t.Mapping {
		return all, nil
	}
	return PathsIn(t.Text)
}
