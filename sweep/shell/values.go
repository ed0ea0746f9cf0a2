package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// constant is the text of a variable that the script sets once, to plain text.
func (v *visitor) constant(n *syntax.ParamExp) (string, bool) {
	if n.Param == nil || n.Excl || n.Length || n.Width || n.Index != nil || n.Slice != nil || n.Repl != nil ||
		n.Exp != nil {
		return "", false
	}
	text, ok := v.literals[n.Param.Value]
	return text, ok && !strings.Contains(text, unknownText)
}

// collect notes the functions of a text, and the variables that are set to plain text.
func (v *visitor) collect(file *syntax.File) {
	vague := func(name string) { v.literals[name] = unknownText }
	v.walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			v.functions[n.Name.Value] = true
		case *syntax.Assign:
			if n.Name == nil {
				break
			}
			before, again := v.literals[n.Name.Value]
			text := unknownText
			if n.Value != nil && !n.Append && n.Array == nil {
				text = v.value(n.Value)
			}
			if again && before != text || strings.Contains(text, v.prefix) ||
				strings.Contains(text, unknownText) {
				switch was, is := slices.Contains(shells, path.Base(before)), slices.Contains(shells,
					path.Base(text)); {
				case was && is:
					break
				case was || is || before == maybeShell:
					text = maybeShell
				default:
					text = unknownText
				}
			}
			v.literals[n.Name.Value] = text
		case *syntax.WordIter:
			if len(n.Items) == 1 && !strings.Contains(v.value(n.Items[0]), unknownText) &&
				!strings.Contains(v.value(n.Items[0]), v.prefix) {
				v.literals[n.Name.Value] = v.value(n.Items[0])
				break
			}
			vague(n.Name.Value)
		case *syntax.CallExpr:
			if len(n.Args) > 1 && n.Args[0].Lit() == "set" &&
				slices.ContainsFunc(n.Args[1:],
					func(w *syntax.Word) bool { return slices.Contains(shells, path.Base(v.value(w))) }) {
				v.literals["@"] = maybeShell
			}
			if len(n.Args) > 0 && n.Args[0].Lit() == "read" {
				for _, w := range n.Args[1:] {
					vague(w.Lit())
				}
			}
		}
		return true
	})
}

// value is the text of a word as the shell hands it on, with names for macros and for what is not known.
func (v *visitor) value(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(v.unescape(p.Value, ""))
		case *syntax.SglQuoted:
			if p.Dollar {
				b.WriteString(unknownText)
			} else {
				b.WriteString(p.Value)
			}
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				switch q := q.(type) {
				case *syntax.Lit:
					b.WriteString(v.unescape(q.Value, "$`\"\\\n"))
				case *syntax.ParamExp:
					b.WriteString(v.known(q))
				default:
					b.WriteString(unknownText)
				}
			}
		case *syntax.ParamExp:
			b.WriteString(v.known(p))
		default:
			b.WriteString(unknownText)
		}
	}
	return b.String()
}

// values are the texts of words, as value gives them.
func (v *visitor) values(words []*syntax.Word) []string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = v.value(w)
	}
	return texts
}

// known is the text of a variable, sh for $SHELL, or unknownText.
func (v *visitor) known(p *syntax.ParamExp) string {
	if p.Param != nil && v.literals["@"] != "" && slices.Contains([]string{"@", "*", "1"}, p.Param.Value) {
		return v.literals["@"]
	}
	if p.Param != nil && v.literals[p.Param.Value] == maybeShell {
		return maybeShell
	}
	if p.Param != nil && (p.Param.Value == "SHELL" || p.Param.Value == "BASH") {
		return "sh"
	}
	if text, ok := v.constant(p); ok {
		return text
	}
	return unknownText
}

// unescape takes away backslashes; those before other characters than only stay, unless only is empty.
func (v *visitor) unescape(text, only string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case text[i] == '\n':
		case strings.HasPrefix(text[i:], v.prefix): // \${…} is no macro
			digits, _, _ := strings.Cut(text[i+len(v.prefix):], "Z")
			b.WriteString(unknownText)
			i += len(v.prefix) + len(digits)
		case only != "" && strings.IndexByte(only, text[i]) < 0:
			b.WriteByte('\\')
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
