package shell

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call reads the words of a command that another shell will read, before the walk comes to them.
func (v *visitor) call(n *syntax.CallExpr) {
	words, from := v.words(n)
	if len(words) == 0 {
		return
	}
	if v.tooMany(len(words)) {
		v.spend(v.most() + 1)
		return
	}
	v.spend(len(words) * len(words) / 16) // which of them are programs that read the others
	v.names(words, from)
	asKnown := slices.Clone(words) // with the macros that tell programs
	for i, w := range words {
		v.named(w, func(hole int, before, after string) {
			if after == "" && v.holes[hole].err == nil {
				asKnown[i] = before + v.holes[hole].source
			}
		})
	}
	found, lost := readings(asKnown, true)
	if lost >= 0 {
		v.named(words[lost], func(hole int, before, after string) {
			if m := v.holes[hole].macro; v.holes[hole].err == nil && before+after == "" && m.IsList() {
				v.at[hole].err = zerothWord(m)
			}
		})
	}
	inner := v.positions()
	for _, r := range found {
		v.spend(len(r.words))
		var texts []string
		for _, i := range r.words {
			if r.need != nil {
				v.named(words[i], func(hole int, _, _ string) { v.at[hole].require(r.need) })
				if w := from[i]; w != nil {
					v.flow.sink(v.carries(w), r.need)
				}
				continue
			}
			if w := from[i]; w != nil {
				v.inner[w] = r.reader
				v.flow.sink(v.reads(w), asCode("a variable that "+r.reader+" runs", ""))
			}
			texts = append(texts, words[i])
		}
		text := strings.Join(texts, " ")
		switch {
		case r.need != nil:
		case r.refuse != "":
			v.refuseAll(text, r.refuse, r.remedy)
		default:
			if r.reader != "eval" && r.reader != "trap" {
				inner = "words:" + strconv.Itoa(v.texts+1)
			}
			v.deeper++
			v.read(text, inner)
			v.deeper--
			v.passPositions(r, words, from, text, inner)
		}
	}
	v.passWords(n, words, from)
}

// read parses the text of one shell, whose positional words are at a place of the flow.
func (r *reader) read(text, scope string) {
	r.texts++
	if r.spend(len(text)); r.spent() {
		return
	}
	if len(text) > maxScript || r.deeper > maxShells {
		r.refuseAll(text, "a script that is too long for kaon to read",
			"write it into a file of its own and give that the macro")
		return
	}
	file, err := parseShell(text)
	if err != nil {
		why, _, _ := strings.Cut(strings.TrimLeft(err.Error(), "0123456789:? "), "\n")
		r.refuseAll(text, "shell text that cannot be read ("+cut(strings.ReplaceAll(why, r.prefix,
			"${…}"))+")",
			"check its quotes and brackets, or write it into a file of its own and give that the macro")
		return
	}
	v := &visitor{reader: r, scope: scope, inner: map[*syntax.Word]string{}}
	v.collect(file)
	v.walk(file, func(n syntax.Node) bool { return v.node(n) })
	if v.spent() {
		return
	}
	if v.ansi {
		r.refuseAll(text, `a script with \' inside $'…', which sh and bash read differently`,
			`write that text in "…"`)
	}
}

// cut bounds a text of the library for the middle of a sentence.
func cut(text string) string {
	if r := []rune(text); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return text
}

func parseShell(text string) (file *syntax.File, err error) {
	defer func() { // a slip in the library must refuse the command, not end the program
		if p := recover(); p != nil {
			err = errors.New("the shell's grammar")
		}
	}()
	return syntax.NewParser(syntax.KeepComments(true),
		syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
}

func (v *visitor) node(n syntax.Node) bool {
	if n == nil {
		v.above = v.above[:len(v.above)-1]
		return true
	}
	v.dataFlow(n)
	switch n := n.(type) {
	case *syntax.Comment:
		v.named(n.Text, func(hole int, _, _ string) {
			v.at[hole].asIs = v.deeper == 0
			if v.deeper > 0 {
				v.refuse(hole, "a comment of an inner script", "remove the comment")
			}
		})
	case *syntax.CallExpr:
		v.call(n)
	case *syntax.Lit:
		v.named(n.Value, func(hole int, before, after string) {
			if slashes := len(before) - len(strings.TrimRight(before, `\`)); slashes%2 == 1 {
				if v.at[hole].asIs = v.deeper == 0; v.deeper > 0 {
					v.refuse(hole, "an inner script, behind a backslash",
						"remove the backslash, or write $${ for a plain ${")
				}
				return
			}
			v.leaf(hole, n, n.Value)
		})
	case *syntax.SglQuoted:
		v.ansi = v.ansi || n.Dollar && strings.Contains(n.Value, `\'`)
		v.named(n.Value, func(hole int, _, _ string) { v.leaf(hole, n, n.Value) })
	}
	v.above = append(v.above, n)
	return true
}
