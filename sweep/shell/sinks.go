package shell

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// dataFlow adds what a node does with text to the graph: where it goes, and what takes it for code.
func (v *visitor) dataFlow(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Assign:
		if n.Name == nil {
			return
		}
		to := v.variable(n.Name.Value)
		if n.Value != nil {
			v.flow.connect(v.carries(n.Value), to)
			v.assigned(n.Name.Value, n.Value)
		}
		if n.Index != nil {
			v.computed(n.Index)
		}
		if n.Array != nil {
			v.flow.connect(v.carries(n.Array), to)
		}
	case *syntax.WordIter:
		for _, w := range n.Items {
			v.flow.connect(v.carries(w), v.variable(n.Name.Value))
			v.unquoted(w)
		}
		if len(n.Items) == 0 {
			v.flow.connect(source{places: []string{v.positions()}}, v.variable(n.Name.Value))
		}
	case *syntax.ArrayElem:
		v.unquoted(n.Value)
	case *syntax.FuncDecl:
		v.flow.connect(v.prints([]*syntax.Stmt{n.Body}), "out:"+n.Name.Value)
		input := source{places: []string{"input:" + n.Name.Value}}
		v.feedInput(n.Body, input)
		v.runBy(input, v.readsAny([]*syntax.Stmt{n.Body}))
	case *syntax.ParamExp:
		v.expansion(n)
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause, *syntax.CStyleLoop:
		v.computed(n)
	case *syntax.BinaryTest:
		if n.Op >= syntax.TsEql && n.Op <= syntax.TsGtr {
			v.computed(n)
		}
	case *syntax.DeclClause:
		if arithmetic(n) {
			v.computed(n)
			for _, a := range n.Args {
				if a.Name != nil {
					v.integers[a.Name.Value] = true
				}
			}
		}
	case *syntax.CoprocClause:
		v.runBy(source{places: []string{"fd:"}}, v.readsAny([]*syntax.Stmt{n.Stmt}))
	case *syntax.BinaryCmd:
		v.piped(n)
	case *syntax.Stmt:
		v.redirected(n)
	}
}

// assigned ends what makes a variable code: by its name, or because it is declared a number.
func (v *visitor) assigned(name string, w *syntax.Word) {
	if slices.Contains(startup, name) {
		s := v.carries(w)
		s.places = append(s.places, v.file(w))
		v.flow.sink(s, &Need{PlainWord, "the variable " + name + ", which programs run code by",
			"set another variable, and let the program read that"})
		v.flow.sink(source{places: []string{v.file(w)}},
			&Need{Number, "text of a file that " + name + " has run", readByName})
	}
	if v.integers[name] {
		v.computed(w)
	}
	inner := w.Parts
	if len(inner) == 1 {
		if q, ok := inner[0].(*syntax.DblQuoted); ok {
			inner = q.Parts
		}
	}
	if len(inner) == 1 {
		if p, ok := inner[0].(*syntax.ParamExp); ok && p.Param != nil { // G=$F: one file by two names
			v.flow.connect(source{places: []string{"file:$" + p.Param.Value}}, "file:$"+name)
			v.flow.connect(source{places: []string{"file:$" + name}}, "file:$"+p.Param.Value)
		}
	}
}

// computed ends in arithmetic, in which a shell runs what variables say.
func (v *visitor) computed(n syntax.Node) {
	s := v.reads(n)
	var name func(text string)
	name = func(text string) { // a variable that holds a name is read as that
		if place := "var:" + text; variableName.MatchString(text) && !strings.Contains(text, v.prefix) &&
			!slices.Contains(s.places, place) {
			s.places = append(s.places, place)
			name(v.literals[text])
		}
	}
	v.walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			if n.Param != nil {
				s.places = append(s.places, v.variable(n.Param.Value))
				name(v.literals[n.Param.Value])
			}
		case *syntax.Lit:
			name(n.Value)
		}
		return true
	})
	v.flow.sink(s, &Need{Number, "a variable that arithmetic reads", byAwk})
}

// expansion ends in ${!X} and ${X@P}, which run what X says, and in the arithmetic of ${X:…} and ${X[…]}.
func (v *visitor) expansion(n *syntax.ParamExp) {
	if n.Param == nil {
		return
	}
	self := source{places: []string{v.variable(n.Param.Value)}}
	if n.Excl || n.Exp != nil && n.Exp.Op == syntax.OtherParamOps && n.Exp.Word != nil &&
		n.Exp.Word.Lit() == "P" {
		v.flow.sink(self, &Need{Number, "a variable whose value the shell expands again", readByName})
	}
	if n.Index != nil {
		v.computed(n.Index)
	}
	if n.Slice != nil {
		for _, e := range []syntax.ArithmExpr{n.Slice.Offset, n.Slice.Length} {
			if e != nil {
				v.computed(e)
			}
		}
	}
	if n.Exp != nil && n.Exp.Word != nil &&
		(n.Exp.Op == syntax.AssignUnset || n.Exp.Op == syntax.AssignUnsetOrNull) {
		v.flow.connect(v.carries(n.Exp.Word), self.places[0])
	}
}

// unquoted ends what stands in a word without quotes, which a shell splits at blanks and takes for patterns.
func (v *visitor) unquoted(w *syntax.Word) {
	if w == nil || v.inner[w] != "" {
		return
	}
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.ParamExp:
			if p.Param != nil && !p.Length {
				v.flow.sink(v.reads(p),
					&Need{PlainWord, "$" + p.Param.Value + " without quotes, which the shell splits",
						`write "$` + p.Param.Value + `", in double quotes, where it is used`})
			}
		case *syntax.CmdSubst:
			v.flow.sink(v.carries(p),
				&Need{PlainWord, "$( ) without quotes, which the shell splits",
					`write "$(…)", in double quotes`})
		}
	}
}

// redirected notes what a statement writes to files, and ends what it reads as code.
func (v *visitor) redirected(n *syntax.Stmt) {
	var reader string
	for _, c := range v.calls(n) {
		reader = cmp.Or(reader, v.readsCode(c))
	}
	for _, r := range n.Redirs {
		if v.spend(len(n.Redirs)); v.spent() {
			return
		}
		if call, ok := n.Cmd.(*syntax.CallExpr); ok && len(call.Args) == 1 && call.Args[0].Lit() == "exec" &&
			r.N != nil && r.Word != nil && r.Op != syntax.RdrIn {
			v.written(source{places: []string{"fd:" + r.N.Value, "fd:"}}, r.Word)
			if v.readsAny(processes(r.Word)) != "" {
				v.runBy(source{places: []string{"fd:" + r.N.Value}}, "a shell")
			}
		}
		switch {
		case r.Op == syntax.RdrIn:
			s := source{places: []string{v.file(r.Word)}}
			s.add(v.prints(processes(r.Word)))
			v.feedInput(n, s)
			v.runBy(s, reader)
		case r.Op == syntax.WordHdoc:
			v.feedInput(n, v.carries(r.Word))
		case r.Hdoc != nil:
			v.feedInput(n, v.reads(r.Hdoc))
		}
		switch {
		case writes(r):
			bare := *n
			bare.Redirs = slices.DeleteFunc(slices.Clone(n.Redirs), writes)
			s := v.prints([]*syntax.Stmt{&bare})
			v.written(s, r.Word)
			if inner := processes(r.Word); len(inner) > 0 {
				v.runBy(s, v.readsAny(inner))
			}
		case r.Op == syntax.DplOut && r.Word != nil &&
			!slices.Contains([]string{"1", "2", "-"}, r.Word.Lit()):
			bare := *n
			bare.Redirs = slices.DeleteFunc(slices.Clone(n.Redirs),
				func(o *syntax.Redirect) bool { return o == r })
			v.flow.connect(v.prints([]*syntax.Stmt{&bare}), "fd:"+r.Word.Lit())
		case reader == "":
		case r.Op == syntax.WordHdoc:
			v.runBy(v.carries(r.Word), reader)
		case r.Hdoc != nil:
			v.runBy(v.reads(r.Hdoc), reader)
		}
	}
}

// feedInput lets what a node has as its input flow to the variables that it reads.
func (v *visitor) feedInput(n syntax.Node, s source) {
	for _, c := range v.calls(n) {
		if !slices.Contains([]string{"read", "mapfile", "readarray"}, c.Args[0].Lit()) {
			continue
		}
		for _, name := range c.Args[1:] {
			v.flow.connect(s, v.variable(name.Lit()))
		}
		v.flow.connect(s, v.variable("REPLY"))
	}
}

// runBy is the sink of a program that reads text as code.
func (v *visitor) runBy(s source, reader string) {
	switch reader {
	case "":
	case "xargs":
		v.flow.sink(s, &Need{PlainWord, "text for xargs, which splits it at blanks and quotes",
			"give the words to the program itself; `printf '%s\\0' %MACRO% | xargs -0` keeps them whole"})
	default:
		v.flow.sink(s, &Need{Number, "text for " + reader, readByName})
	}
}

// written is that text comes into a file.
func (v *visitor) written(s source, w *syntax.Word) {
	file := v.file(w)
	v.flow.connect(s, file)
	if name := strings.TrimPrefix(file, "file:"); codeFile.MatchString(name) {
		v.flow.sink(s, &Need{Number, "text of " + name + ", which is code",
			"let what is written read the variable %VARIABLE% instead, which every trial has"})
	}
}

// calls are all commands of a node.
func (v *visitor) calls(n syntax.Node) (found []*syntax.CallExpr) {
	v.walk(n, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			found = append(found, c)
		}
		return true
	})
	return found
}

// readsAny names what reads its standard input as code among statements, or "".
func (v *visitor) readsAny(stmts []*syntax.Stmt) (reader string) {
	for _, s := range stmts {
		for _, c := range v.calls(s) {
			reader = cmp.Or(reader, v.readsCode(c))
		}
	}
	return reader
}

// readsCode names what takes the standard input of a command for code, or for words: xargs; "": nothing.
func (v *visitor) readsCode(c *syntax.CallExpr) string {
	words := v.values(c.Args)
	behind := firstWrapper(words)
	for i, w := range words {
		if i > 0 && i <= behind {
			continue
		}
		v.spend(len(words) - i)
		if v.spent() {
			return ""
		}
		name := path.Base(w)
		switch {
		case readsCode(words, i), name == "ssh" && v.readsCodeFar(words[i+1:]):
			return name
		case (name == "." || name == "source") && i == 0 && len(words) > 1 && isInput(words[1]):
			return name
		case name == "xargs" && !slices.ContainsFunc(words[i+1:], endsAtNulls):
			return name
		}
	}
	return ""
}

// readsCodeFar says whether the command that ssh runs on its host reads code from its standard input, as the login
// shell does where there is none. words stand behind ssh.
func (v *visitor) readsCodeFar(words []string) bool {
	v.spend(len(words))
	host := skipOptions(words, 0, sshWithWord)
	far := strings.Fields(strings.Join(words[min(host+1, len(words)):], " ")) // the shell there splits them again
	behind := firstWrapper(far)
	for i := range far {
		if i > 0 && i <= behind && !strings.ContainsAny(far[i-1], "|;&(") {
			continue
		}
		if v.spend(len(far) - i); v.spent() {
			return false
		}
		if readsCode(far, i) {
			return true
		}
	}
	return len(far) == 0
}

// endsAtNulls says whether an option of xargs has its input end words elsewhere than at blanks.
func endsAtNulls(option string) bool {
	return strings.HasPrefix(option, "-0") || strings.HasPrefix(option, "--null") ||
		strings.HasPrefix(option, "-d") || strings.HasPrefix(option, "--delim") || option == "-r0"
}

// piped notes what goes through a pipe: into variables, files, and what reads it as code.
func (v *visitor) piped(n *syntax.BinaryCmd) {
	if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
		return
	}
	s := v.prints([]*syntax.Stmt{n.X})
	if len(s.holes)+len(s.places) == 0 {
		return
	}
	v.feedInput(n.Y, s)
	v.walk(n.Y, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Stmt:
			for _, r := range node.Redirs {
				if writes(r) {
					v.written(s, r.Word)
				}
			}
		case *syntax.CallExpr:
			if len(node.Args) == 0 {
				break
			}
			v.runBy(s, v.readsCode(node))
			for i, w := range node.Args {
				switch path.Base(v.value(w)) {
				case "tee":
					for _, f := range node.Args[i+1:] {
						v.written(s, f)
					}
				case "xargs":
					v.flow.connect(s, "xargs")
				}
				if f := v.value(w); i == 0 && v.functions[f] {
					v.flow.connect(s, "input:"+f)
				}
			}
		}
		return true
	})
}
