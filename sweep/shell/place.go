package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const byVariable = "put it into a variable first, as in X=%MACRO%, and write $X there"

// leaf judges the place of one macro in its text.
func (v *visitor) leaf(hole int, n syntax.Node, text string) {
	at := &v.at[hole]
	at.seen = true
	if v.holes[hole].err != nil {
		return
	}
	m := v.holes[hole].macro
	q, word, above := v.quotes(n)
	if word == nil {
		place, remedy := where(n, above)
		v.refuse(hole, place, remedy)
		return
	}
	around := append(slices.Clone(above), word)
	if m.IsValue() && text == v.name(hole) && len(word.Parts) == 1 && q.mark == 0 {
		around, q.sum = outOfArithmetic(around)
	}
	if place, remedy := forbidden(around); place != "" {
		v.refuse(hole, place, remedy)
		return
	}
	alone := len(word.Parts) == 1 && text == v.name(hole) && (q.mark == 0 || lone(word.Parts[0]))
	q.join = !alone
	parent := above[len(above)-1]
	call, isCall := parent.(*syntax.CallExpr)
	first := isCall && len(call.Args) > 0 && call.Args[0] == word
	q.bare = q.bare || first
	for i, a := range above {
		if _, ok := a.(*syntax.ProcSubst); ok && i >= 2 {
			if call, ok := above[i-2].(*syntax.CallExpr); ok && sources(path.Base(v.value(call.Args[0]))) {
				v.refuse(hole, "text for a shell", "write the script into a file")
				return
			}
		}
		if w, ok := a.(*syntax.Word); ok && v.inner[w] != "" {
			v.refuse(hole, "$( ) within what "+v.inner[w]+" runs",
				"write the script in single quotes, so that the inner shell alone reads it")
			return
		}
	}
	if reader := v.inner[word]; reader != "" {
		if len(at.depth) > v.deeper {
			at.depth[v.deeper] = q // the inner text was read before, at this visit of the call
		} else {
			v.refuse(hole, "the words of "+reader, "")
		}
		return
	}
	at.depth = append(make([]quoting, v.deeper, v.deeper+1), q)
	if !m.IsList() {
		return
	}
	_, inList := parent.(*syntax.WordIter)
	_, inArray := parent.(*syntax.ArrayElem)
	switch {
	case !alone:
		v.refuse(hole, "a longer word, though it stands for several",
			"set it apart with blanks, outside of other quotes; all of them in one word are ${args_json}")
	case first && !m.IsProgram():
		v.refuse(hole, "the place of the program", "write the program before it")
	case !isCall && !inList && !inArray:
		v.refuse(hole, "a place for one word, though it stands for several",
			"use it as words of a command; `set -- "+m.String()+"` keeps them in \"$@\"; all of them in "+
				"one word are ${args_json}")
	}
}

// sources says whether a program reads the files that it is given as scripts.
func sources(program string) bool {
	return program == "." || program == "source" || slices.Contains(shells, program) ||
		slices.Contains(otherShells, program)
}

// outOfArithmetic takes away the arithmetic that a word stands in directly.
func outOfArithmetic(above []syntax.Node) (around []syntax.Node, sum bool) {
	for i := len(above) - 2; i >= 0; i-- {
		switch above[i].(type) {
		case *syntax.BinaryArithm, *syntax.UnaryArithm, *syntax.ParenArithm:
			continue
		case *syntax.ArithmExp, *syntax.ArithmCmd:
			return above[:i], true
		}
		return above, false
	}
	return above, false
}

// lone says whether a part of a word is quotes around one text.
func lone(p syntax.WordPart) bool {
	d, ok := p.(*syntax.DblQuoted)
	return !ok || len(d.Parts) == 1
}

// quotes is the word that a text is in, in which quotes, and what is above the word. No word: it is not in
// one.
func (v *visitor) quotes(n syntax.Node) (q quoting, word *syntax.Word, above []syntax.Node) {
	above = v.above
	if s, ok := n.(*syntax.SglQuoted); ok {
		if s.Dollar {
			return q, nil, append(slices.Clone(above), n)
		}
		q.mark = '\''
	}
	if _, ok := above[len(above)-1].(*syntax.DblQuoted); ok && q.mark == 0 {
		q.mark, above = '"', above[:len(above)-1]
	}
	word, ok := above[len(above)-1].(*syntax.Word)
	if !ok || len(above) < 2 {
		return q, nil, above
	}
	return q, word, above[:len(above)-1]
}

// where names the place of a macro that is in no word.
func where(n syntax.Node, above []syntax.Node) (place, remedy string) {
	if s, ok := n.(*syntax.SglQuoted); ok && s.Dollar {
		return "$'…'", `write "…" instead`
	}
	if place, remedy = forbidden(above); place != "" {
		return place, remedy
	}
	return "a name", "write the name out"
}

// forbidden names the first thing around a word, outermost first, in which no value stays data; the last is
// the word.
func forbidden(above []syntax.Node) (place, remedy string) {
	for i, n := range above {
		var next syntax.Node
		if i+1 < len(above) {
			next = above[i+1]
		}
		switch n := n.(type) {
		case *syntax.CmdSubst:
			if n.Backquotes {
				return "backquotes", "write $( ) instead of them"
			}
		case *syntax.ParamExp:
			return "${ } of the shell", byVariable
		case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CStyleLoop:
			return "arithmetic", byAwk
		case *syntax.ExtGlob:
			return "a pattern of bash", byVariable
		case *syntax.FuncDecl:
			if next == nil || next != syntax.Node(n.Body) {
				return "the name of a function", "write the name out"
			}
		case *syntax.Redirect:
			switch {
			case n.Hdoc != nil && next != syntax.Node(n.N) &&
				(next == syntax.Node(n.Hdoc) || next == syntax.Node(n.Word)):
				return "a here-document",
					"write the text with printf '%s\\n' and the macro as a word, or let the program read " +
						"${args_json_file}"
			case n.Op == syntax.DplIn || n.Op == syntax.DplOut || n.N != nil && next == syntax.Node(n.N):
				return "the number of a file", "write the number out, or the name of a file after > or <"
			}
		case *syntax.Assign:
			if next == nil || n.Array == nil && (n.Value == nil || next != syntax.Node(n.Value)) {
				return "the name of a variable", "write the name out, with an = behind it"
			}
		case *syntax.ArrayElem:
			if next != syntax.Node(n.Value) {
				return "the index of an array", "write the index out"
			}
		case *syntax.DeclClause:
			if arithmetic(n) {
				return "arithmetic", byAwk
			}
		case *syntax.BinaryTest:
			if n.Op >= syntax.TsEql && n.Op <= syntax.TsGtr {
				return "arithmetic", "write [ ] instead of [[ ]]: in arithmetic bash runs what a value says"
			}
			if n.Op == syntax.TsReMatch {
				continue
			}
		case *syntax.UnaryTest:
			if n.Op == syntax.TsVarSet || n.Op == syntax.TsRefVar {
				return "the name of a variable", "write the name out"
			}
		}
	}
	return "", ""
}

// arithmetic says whether `declare` makes variables that a shell computes, or others that read their values
// again.
func arithmetic(n *syntax.DeclClause) bool {
	if slices.Contains([]string{"nameref", "integer", "float"}, n.Variant.Value) {
		return true
	}
	for _, a := range n.Args {
		if a.Naked && a.Value != nil && strings.ContainsAny(a.Value.Lit(), "inaA") &&
			strings.HasPrefix(a.Value.Lit(), "-") {
			return true
		}
	}
	return false
}
