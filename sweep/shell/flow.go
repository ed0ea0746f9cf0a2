package shell

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// flow is where text goes within a script, whatever shell reads it: from macros into variables, positional words,
// files and pipes, from those into others, and in the end to what takes it for code. Places have names such as
// "var:X"; they are not told apart by time or branch, so what may flow does.
type flow struct {
	to    map[string][]string // from place to places
	holes map[int][]string    // from macro to places
	ends  map[string]*Need    // what a place needs of all that comes there
}

// source is what a piece of a script carries: macros that stand in it, and places that it reads.
type source struct {
	holes  []int
	places []string
}

func (s *source) add(t source) {
	s.holes = append(s.holes, t.holes...)
	s.places = append(s.places, t.places...)
}

// pour lets all that a source carries come to a place.
func (f *flow) connect(s source, place string) {
	if f.to == nil {
		f.to, f.holes, f.ends = map[string][]string{}, map[int][]string{}, map[string]*Need{}
	}
	for _, h := range s.holes {
		if !slices.Contains(f.holes[h], place) {
			f.holes[h] = append(f.holes[h], place)
		}
	}
	for _, p := range s.places {
		if p != place && !slices.Contains(f.to[p], place) {
			f.to[p] = append(f.to[p], place)
		}
	}
}

// end says what is needed of all that a source carries.
func (f *flow) sink(s source, r *Need) {
	if len(s.holes)+len(s.places) == 0 {
		return
	}
	place := "end:" + strconv.Itoa(len(f.ends))
	f.connect(s, place)
	f.ends[place] = r
}

// settle gives each macro the strictest Need of the places that its value reaches.
func (f *flow) propagate(at []standing) {
	for h, places := range f.holes {
		seen := map[string]bool{}
		for todo := slices.Clone(places); len(todo) > 0; {
			place := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if seen[place] {
				continue
			}
			seen[place] = true
			at[h].require(f.ends[place])
			todo = append(todo, f.to[place]...)
		}
	}
}

// require keeps the stricter of two requirements; of equal ones the lesser text, so that errors do not change.
func (s *standing) require(r *Need) {
	if r != nil && (s.need == nil || r.Kind > s.need.Kind || r.Kind == s.need.Kind && r.Place < s.need.Place) {
		s.need = r
	}
}

// asCode is the Need of text that something runs.
func asCode(place, read string) *Need {
	remedy := "write \"$%VARIABLE%\" in its place, in a script in single quotes, as in sh -c './train --x \"$%VARIABLE%\"': every trial has that variable"
	if read != "" {
		remedy = "read it there from the environment: " + strings.ReplaceAll(read, "%", "%VARIABLE%")
	}
	return &Need{Number, place, remedy}
}

const (
	readByName = `write the command where it runs, with %MACRO% as a word of it, or let what runs read "$%VARIABLE%"`
)

// carries is what a node of the tree holds and reads.
func (v *visitor) carries(n syntax.Node) (s source) {
	if n == nil {
		return s
	}
	syntax.Walk(n, func(n syntax.Node) bool {
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
var emitters = []string{"echo", "printf", "print", "yes", "seq", "date", "expr", "basename", "dirname", "realpath", "readlink", "jq", "awk", "gawk", "mawk", "sed", "envsubst", "figlet", "banner", "tee"}

// readers print the files that their words name.
var readers = []string{"cat", "head", "tail", "tac", "sort", "uniq", "sed", "tr", "cut", "grep", "awk", "gawk", "mawk", "nl", "rev", "envsubst", "base64", "paste", "fold", "fmt", "zcat", "gunzip", "xargs", "shuf", "column", "tee"}

// prints is what statements write to their standard output, as far as it comes from macros or places.
func (v *visitor) prints(stmts []*syntax.Stmt) (s source) {
	for _, stmt := range stmts {
		syntax.Walk(stmt, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Stmt:
				elsewhere := false
				for _, r := range n.Redirs {
					switch {
					case writes(r) && !slices.Contains([]string{"/dev/stdout", "/dev/fd/1", "/dev/stderr"}, v.value(r.Word)):
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
		case !slices.Contains(wrappers, name) && !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") && strings.Trim(word, "0123456789.smhd") != "":
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
	words := make([]string, len(n.Args))
	for k, w := range n.Args {
		words[k] = v.value(w)
	}
	return l.codeWords(words, i+1)
}

// file is the place of what a file holds. Files are told apart by their last name, as far as it is written out.
func (v *visitor) file(w *syntax.Word) string {
	if w == nil {
		return "file:"
	}
	var b strings.Builder
	syntax.Walk(w, func(n syntax.Node) bool {
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

// constant is the text of a variable that the script sets once, to plain text.
func (v *visitor) constant(n *syntax.ParamExp) (string, bool) {
	if n.Param == nil || n.Excl || n.Length || n.Width || n.Index != nil || n.Slice != nil || n.Repl != nil || n.Exp != nil {
		return "", false
	}
	text, ok := v.literals[n.Param.Value]
	return text, ok && !strings.Contains(text, unknownText)
}

// learn notes the functions of a text, and the variables that are set to plain text.
func (v *visitor) collect(file *syntax.File) {
	vague := func(name string) { v.literals[name] = unknownText }
	syntax.Walk(file, func(n syntax.Node) bool {
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
			if again && before != text || strings.Contains(text, v.prefix) || strings.Contains(text, unknownText) {
				switch was, is := slices.Contains(shells, path.Base(before)), slices.Contains(shells, path.Base(text)); {
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
			if len(n.Items) == 1 && !strings.Contains(v.value(n.Items[0]), unknownText) && !strings.Contains(v.value(n.Items[0]), v.prefix) {
				v.literals[n.Name.Value] = v.value(n.Items[0])
				break
			}
			vague(n.Name.Value)
		case *syntax.CallExpr:
			if len(n.Args) > 1 && n.Args[0].Lit() == "set" && slices.ContainsFunc(n.Args[1:], func(w *syntax.Word) bool { return slices.Contains(shells, path.Base(v.value(w))) }) {
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
