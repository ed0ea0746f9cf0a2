package shell

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// words are the words of a command, as far as they are known, with where each comes from; a variable without
// quotes may be several.
func (v *visitor) words(n *syntax.CallExpr) (words []string, from []*syntax.Word) {
	for _, w := range n.Args {
		text := v.value(w)
		if len(w.Parts) == 1 {
			if p, ok := w.Parts[0].(*syntax.ParamExp); ok {
				if _, known := v.constant(p); known && strings.ContainsAny(text, " \t\n") {
					for _, f := range strings.Fields(text) {
						words, from = append(words, f), append(from, nil)
					}
					continue
				}
			}
		}
		words, from = append(words, text), append(from, w)
	}
	return words, from
}

// passPositions lets the words behind a script flow to its positional words, and what xargs reads to where it
// puts it.
func (v *visitor) passPositions(r reading, words []string, from []*syntax.Word, text, inner string) {
	if r.after > 0 {
		for _, w := range from[r.after:] {
			if w != nil {
				v.flow.connect(v.carries(w), inner)
			}
		}
	}
	if x := slices.IndexFunc(words, func(w string) bool { return path.Base(w) == "xargs" }); x >= 0 {
		input := source{places: []string{"xargs"}}
		v.flow.connect(input, inner)
		for i, w := range words[x+1:] {
			put, replaces := strings.CutPrefix(w, "-I")
			if put == "" && x+i+2 < len(words) {
				put = words[x+i+2]
			}
			if replaces && put != "" && strings.Contains(text, put) {
				v.flow.sink(input, &Need{Number, "text that xargs puts into a script", readByName})
			}
		}
	}
}

// passWords lets the words of a command flow to the positional words of a function, to variables, and to
// files that run.
func (v *visitor) passWords(n *syntax.CallExpr, words []string, from []*syntax.Word) {
	to := func(i int, place string) {
		if from[i] != nil {
			v.flow.connect(v.carries(from[i]), place)
		}
	}
	for i, w := range from {
		if w != nil && v.inner[w] == "" {
			v.unquoted(w)
		}
		name, _, assigned := strings.Cut(words[i], "=")
		switch {
		case i > 0 && v.functions[words[0]]:
			to(i, "words:"+words[0])
			if w != nil { // it may write and run the files that its words name
				v.flow.connect(source{places: []string{"file:$" + strconv.Itoa(i)}}, v.file(w))
				v.flow.connect(source{places: []string{v.file(w)}}, "file:$"+strconv.Itoa(i))
			}
		case i > 0 && words[0] == "set":
			to(i, v.positions())
		case i > 2 && words[0] == "printf" && words[1] == "-v":
			to(i, v.variable(words[2]))
		case i > 0 && assigned && variableName.MatchString(name) &&
			slices.Contains(wrappers, path.Base(words[0])):
			to(i, v.variable(name))
		}
	}
	v.runs(words, from)
	switch words[0] {
	case "cp", "mv", "ln", "install":
		if k := len(words) - 1; k > 1 && from[k] != nil && from[k-1] != nil {
			v.flow.connect(source{places: []string{v.file(from[k-1])}}, v.file(from[k]))
		}
	case "exec":
		// its redirections are those of the statement
	case "getopts":
		if len(words) > 2 {
			v.flow.connect(source{places: []string{v.positions()}}, v.variable(words[2]))
		}
		v.flow.connect(source{places: []string{v.positions()}}, v.variable("OPTARG"))
	}
}

// runs ends files that a command runs: as its program, as a script, or made executable.
func (v *visitor) runs(words []string, from []*syntax.Word) {
	run := func(i int) {
		if i < len(from) && from[i] != nil {
			s := source{places: []string{v.file(from[i])}}
			s.add(v.prints(processes(from[i])))
			v.flow.sink(s, &Need{Number, "text of a file that is run as a script", readByName})
		}
	}
	behind := firstWrapper(words)
	for i, w := range words {
		name := path.Base(w)
		if i > 0 && i <= behind {
			break
		}
		switch {
		case name == "chmod":
			for k := range words[i+1:] {
				run(i + 1 + k)
			}
			return
		case runsFile(name):
			for k := i + 1; k < len(words); k++ {
				if words[k] == "" || words[k][0] != '-' {
					run(k)
					break
				}
			}
			return
		case (strings.Contains(w, "/") || from[i] != nil && strings.Contains(w, unknownText)) &&
			!strings.HasPrefix(w, "-"):
			run(i)
		}
	}
}

// names refuses macros where a builtin takes the name of a variable: in the index of an array bash runs what
// it says.
func (v *visitor) names(words []string, from []*syntax.Word) {
	for i, w := range words[1:] {
		before := words[i]
		switch words[0] {
		case "unset", "read", "readarray", "mapfile", "getopts", "let":
		case "test", "[", "printf":
			if before != "-v" && before != "-R" {
				continue
			}
		case "wait": // -p NAME, also as one word
			behind := strings.HasPrefix(before, "-") && strings.HasSuffix(before, "p")
			if !behind && !(strings.HasPrefix(w, "-") && strings.Contains(w, "p")) {
				continue
			}
		default:
			return
		}
		v.refuseAll(w, "the name of a variable", "write the name out")
		if from[i+1] != nil {
			v.flow.sink(v.reads(from[i+1]),
				&Need{Number, "a variable that names a variable", "write the name out"})
		}
	}
}
