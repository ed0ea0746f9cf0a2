package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A Program is a file that a command is sure to run first, whatever the point.
type Program struct {
	Name   string // as the command has it: a bare name is looked for in PATH
	Dir    string // where the command goes before, relative to where it starts
	Script bool   // it is read by another program, and need not be executable
	Shell  bool   // a shell starts it, which reads also files without #!
}

// Programs are the program that a command starts with, behind env, nice and their like, and the script that
// it names; the command is a list or else a script. What depends on macros, branches, or files that the
// command could make first is left out. known are the macros that stand for the same in every run, with what
// that is.
func Programs(argv []string, script string, known map[string]string, parse Parse) []Program {
	c := constants{parse: parse}
	var pairs []string
	for macro, text := range known {
		pairs = append(pairs, macro, text)
	}
	c.known = strings.NewReplacer(pairs...)
	if script != "" {
		return c.firstPrograms(script)
	}
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = c.plain(w)
	}
	return c.programsOf(words, false)
}

// constants knows the macros that stand for the same in every run.
type constants struct {
	known *strings.Replacer
	parse Parse
}

var braces = regexp.MustCompile(`\$\{[^}]*\}`)

// plain is a word with the known macros written out; what the others stand for is unknown.
func (c constants) plain(w string) string {
	return braces.ReplaceAllString(c.known.Replace(w), unknownText)
}

// programsOf reads the words of one command.
func (c constants) programsOf(words []string, inShell bool) (found []Program) {
	for i := 0; i < len(words); i++ {
		name := path.Base(words[i])
		if words[i] == "" || strings.Contains(words[i], unknownText) ||
			strings.ContainsAny(words[i], "*?[~") && inShell {
			return found
		}
		found = append(found, Program{Name: words[i], Shell: inShell})
		switch {
		case name == "env", name == "nice", name == "nohup", name == "exec", name == "time",
			name == "timeout", name == "stdbuf", name == "setsid", name == "ionice", name == "command":
			with := map[string]string{"env": "uCS", "nice": "n", "timeout": "ks", "stdbuf": "ioe",
				"ionice": "cnp", "exec": "a"}[name]
			next := skipOptions(words, i+1, with)
			for name == "env" && next < len(words) && strings.Contains(words[next], "=") {
				next++
			}
			if name == "timeout" {
				next++
			}
			if name == "command" && next > i+1 || name == "env" &&
				slices.ContainsFunc(words[i+1:min(next, len(words))],
					func(w string) bool { return strings.HasPrefix(w, "-") }) {
				return found
			}
			if inShell && (name == "exec" || name == "time" || name == "command") {
				found = found[:len(found)-1]
			}
			i = next - 1
		case slices.Contains(shells, name):
			if script := scriptOf(words, i+1); script >= 0 {
				return append(found, c.firstPrograms(words[script])...)
			}
			if first := skipOptions(words, i+1, "oO"); first < len(words) &&
				!slices.Contains(words[i+1:first], "-s") {
				found = appendScript(found, words[first])
			}
			return found
		default:
			if l, ok := languageOf(name); ok && l.first == 0 && strings.HasPrefix(name, "python") &&
				len(l.codeWords(words, i+1)) == 0 {
				first := skipOptions(words, i+1, l.with)
				if first < len(words) &&
					!slices.ContainsFunc(words[i+1:first],
						func(w string) bool { return strings.HasSuffix(w, "m") }) {
					found = appendScript(found, words[first])
				}
			}
			return found
		}
	}
	return found
}

func appendScript(found []Program, w string) []Program {
	if w == "" || w == "-" || w[0] == '-' || strings.Contains(w, unknownText) ||
		strings.ContainsAny(w, "*?[~$") || strings.HasPrefix(w, "/dev/") {
		return found
	}
	return append(found, Program{Name: w, Script: true})
}

// harmless are commands that make no program, and after which a script goes on.
var harmless = []string{"cd", "export", "set", "mkdir", "echo", "true", ":", "ulimit", "umask", "printf",
	"sleep", "date", "hostname", "pwd", "ls", "test", "["}

// firstPrograms are those of the first command of a script that does more than prepare, when the script fails
// without it.
func (c constants) firstPrograms(script string) []Program {
	if len(script) > maxScript {
		return nil
	}
	texts, found := holes(script, c.parse)
	r := newReader(script, found, &budget{})
	file, err := parseShell(r.fill([][]string{texts}))
	if err != nil {
		return nil
	}
	v := &visitor{reader: r, inner: map[*syntax.Word]string{}}
	strict, dir := false, ""
	for i, stmt := range file.Stmts {
		last := i == len(file.Stmts)-1
		for _, part := range inOrder(stmt) {
			call, ok := part.Cmd.(*syntax.CallExpr)
			if !ok || part.Negated {
				if _, declares := part.Cmd.(*syntax.DeclClause); declares {
					continue
				}
				return nil
			}
			words := make([]string, len(call.Args))
			for k, w := range call.Args {
				words[k] = v.value(w)
				v.named(words[k], func(hole int, before, after string) {
					words[k] = unknownText
					if found[hole].err == nil {
						words[k] = before + c.plain(found[hole].source) + after
					}
				})
			}
			switch {
			case len(words) == 0:
			case words[0] == "set" && len(words) > 1 && strings.HasPrefix(words[1], "-") &&
				strings.Contains(words[1], "e"):
				strict = true
			case words[0] == "cd":
				if len(words) != 2 || strings.Contains(words[1], unknownText) || path.IsAbs(words[1]) ||
					strings.HasPrefix(words[1], "~") || words[1] == "-" {
					return nil
				}
				dir = path.Join(dir, words[1])
			case slices.Contains(harmless, words[0]):
			case !last && !strict || v.functions[words[0]]:
				return nil
			default:
				all := c.programsOf(words, true)
				for k := range all {
					all[k].Dir = dir
				}
				return all
			}
		}
	}
	return nil
}

// inOrder are the commands of a statement that are sure to run one after the other, until one fails.
func inOrder(s *syntax.Stmt) []*syntax.Stmt {
	b, ok := s.Cmd.(*syntax.BinaryCmd)
	switch {
	case !ok:
		return []*syntax.Stmt{s}
	case b.Op == syntax.AndStmt:
		return append(inOrder(b.X), inOrder(b.Y)...)
	case b.Op == syntax.OrStmt:
		return []*syntax.Stmt{s}
	}
	return inOrder(b.X)[:1]
}
