package shell

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// carries is what a node of the tree holds and reads.
func (v *visitor) carries(n syntax.Node) (s source) {
	if n == nil {
		return s
	}
	v.walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lit:
			v.named(n.Value, func(hole int, _, _ string) { s.holes = append(s.holes, hole) })
		case *syntax.SglQuoted:
			v.named(n.Value, func(hole int, _, _ string) { s.holes = append(s.holes, hole) })
		case *syntax.ParamExp:
			if n.Param != nil && !n.Length {
				s.places = append(s.places, v.variable(n.Param.Value))
			}
		case *syntax.CmdSubst:
			s.add(v.prints(n.Stmts))
			return false
		case *syntax.ProcSubst:
			s.add(v.prints(n.Stmts))
			return false
		case *syntax.ArithmExp:
			return false
		}
		return true
	})
	return s
}

// reads is what a node reads, without the macros that stand in it.
func (v *visitor) reads(n syntax.Node) source { return source{places: v.carries(n).places} }

// variable is the place of a variable or of positional words.
func (v *visitor) variable(name string) string {
	if name == "@" || name == "*" || strings.Trim(name, "0123456789") == "" {
		return v.positions()
	}
	return "var:" + name
}

// positions is the place of the positional words where the walk is.
func (v *visitor) positions() string {
	for _, n := range slices.Backward(v.above) {
		if f, ok := n.(*syntax.FuncDecl); ok {
			return "words:" + f.Name.Value
		}
	}
	return v.scope
}

// emitters print their words, or parts of them.
var emitters = []string{"echo", "printf", "print", "yes", "seq", "date", "expr", "basename", "dirname",
	"realpath", "readlink", "jq", "awk", "gawk", "mawk", "sed", "envsubst", "figlet", "banner", "tee"}

// readers print the files that their words name.
var readers = []string{"cat", "head", "tail", "tac", "sort", "uniq", "sed", "tr", "cut", "grep", "awk",
	"gawk", "mawk", "nl", "rev", "envsubst", "base64", "paste", "fold", "fmt", "zcat", "gunzip", "xargs",
	"shuf", "column", "tee"}

// prints is what statements write to their standard output, as far as it comes from macros or places.
func (v *visitor) prints(stmts []*syntax.Stmt) (s source) {
	for _, stmt := range stmts {
		v.walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Stmt:
				elsewhere := false
				v.spend(len(n.Redirs))
				for _, r := range n.Redirs {
					switch {
					case writes(r) && !isOutput(v.value(r.Word)):
						elsewhere = true
					case r.Op == syntax.RdrIn:
						s.places = append(s.places, v.file(r.Word))
						s.add(v.prints(processes(r.Word)))
					case r.Op == syntax.WordHdoc:
						s.add(v.carries(r.Word))
					case r.Hdoc != nil:
						s.add(v.carries(r.Hdoc))
					}
				}
				return !elsewhere
			case *syntax.CallExpr:
				s.add(v.callPrints(n))
				for _, w := range n.Args {
					for _, p := range w.Parts {
						if _, ok := p.(*syntax.ProcSubst); ok {
							s.add(v.carries(p))
						}
					}
				}
				return false
			}
			return true
		})
	}
	return s
}

// writes says whether a redirection sends the standard output to a file.
func writes(r *syntax.Redirect) bool {
	switch r.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.AppAll, syntax.RdrClob, syntax.RdrInOut:
		return r.N == nil || r.N.Value == "1"
	}
	return false
}

func (v *visitor) callPrints(n *syntax.CallExpr) (s source) {
	for i, w := range n.Args {
		word := v.value(w)
		name := path.Base(word)
		switch {
		case slices.Contains(readers, name) && slices.Contains(emitters, name):
			for _, f := range n.Args[i+1:] {
				s.add(v.carries(f))
				s.places = append(s.places, v.file(f))
			}
			return s
		case slices.Contains(readers, name):
			for _, f := range n.Args[i+1:] {
				s.places = append(s.places, v.file(f))
			}
			if name != "xargs" {
				return s
			}
		case slices.Contains(emitters, name), strings.Contains(word, unknownText):
			for _, a := range n.Args[i:] {
				s.add(v.carries(a))
			}
			return s
		case v.functions[word]:
			return source{places: []string{"out:" + word}}
		case slices.Contains(shells, name) || len(v.codeOf(n, i)) > 0: // the inner script may print its words
			for _, a := range n.Args[i+1:] {
				s.add(v.carries(a))
			}
			return s
		case !slices.Contains(wrappers, name) && !strings.HasPrefix(word, "-") &&
			!strings.Contains(word, "=") && strings.Trim(word, "0123456789.smhd") != "":
			return s
		}
	}
	return s
}

func (v *visitor) codeOf(n *syntax.CallExpr, i int) []int {
	l, ok := languageOf(path.Base(v.value(n.Args[i])))
	if !ok {
		return nil
	}
	return l.codeWords(v.values(n.Args), i+1)
}

// file is the place of what a file holds. Files are told apart by their last name, as far as it is written
// out.
func (v *visitor) file(w *syntax.Word) string {
	if w == nil {
		return "file:"
	}
	var b strings.Builder
	v.walk(w, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lit:
			b.WriteString(n.Value)
		case *syntax.SglQuoted:
			b.WriteString(n.Value)
		case *syntax.ParamExp:
			if text, ok := v.constant(n); ok {
				b.WriteString(text)
			} else if n.Param != nil {
				b.WriteString("$" + n.Param.Value)
			}
			return false
		case *syntax.CmdSubst:
			b.WriteString("$()")
			return false
		}
		return true
	})
	return "file:" + path.Base(b.String())
}

// processes are the statements of <( ) and >( ) in a word.
func processes(w *syntax.Word) (stmts []*syntax.Stmt) {
	for _, p := range w.Parts {
		if p, ok := p.(*syntax.ProcSubst); ok {
			stmts = append(stmts, p.Stmts...)
		}
	}
	return stmts
}
