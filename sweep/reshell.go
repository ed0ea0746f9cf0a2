package sweep

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

var (
	shells = []string{"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "rbash", "yash"}

	// alien are shells with quotes of their own.
	alien = []string{"fish", "csh", "tcsh", "pwsh", "powershell", "cmd", "nu", "xonsh", "elvish", "rc"}

	// rerun are programs that hand their words to a shell which they choose.
	rerun = []string{"watch", "parallel", "tmux", "screen", "hyperfine", "entr", "nodemon", "bsub", "pdsh", "clush", "dsh", "mosh", "rsh", "remsh", "sbatch", "qsub", "concurrently"}

	// byOption are programs with a command for a shell behind -c or --command.
	byOption = []string{"su", "runuser", "script", "flock", "sg"}
)

// reading is words of a command that a shell reads again, joined by blanks.
type reading struct {
	words  []int
	reader string // for people: sh -c
	refuse string // why no macro may be there; "": it may
	remedy string
}

// positional are the words of a script: where it asks for them, and not for $0, a first one would be lost.
var positional = regexp.MustCompile(`\$\{?[@*1-9]`)

// wrappers run the command that their words hold.
var wrappers = []string{
	"command", "builtin", "exec", "time", "nohup", "sudo", "doas", "env", "nice", "ionice", "timeout", "stdbuf", "setsid", "xargs", "chroot", "numactl",
	"taskset", "srun", "mpirun", "mpiexec", "strace", "unbuffer", "docker", "podman", "kubectl", "nsenter", "unshare", "find", "chrt", "flock", "runuser", "torchrun",
}

// readings finds in the words of a command those that a shell reads again. lost is the word that becomes $0 of the script before it: "$@" has not got it; -1: there is none.
func readings(words []string, inShell bool) (found []reading, lost int) {
	lost = -1
	all := func(from int) (out []int) {
		for i := from; i < len(words); i++ {
			out = append(out, i)
		}
		return out
	}
	wrapped := false
	for i := 0; i < len(words); i++ {
		name := path.Base(words[i])
		if strings.HasSuffix(words[i], "${envvar:SHELL}") {
			name = "sh"
		}
		start := i == 0 || wrapped
		wrapped = start && (wrapped || slices.Contains(wrappers, name))
		switch {
		case slices.Contains(shells, name) || slices.Contains(alien, name):
			script := scriptOf(words, i+1)
			if script < 0 {
				continue
			}
			r := reading{words: []int{script}, reader: name + " -c"}
			if slices.Contains(alien, name) {
				r.refuse, r.remedy = "a script of "+name+", whose quotes are not those of sh", "use sh or bash, or write the script into a file and give that the macro"
			}
			if script+1 < len(words) && positional.MatchString(words[script]) && !strings.Contains(words[script], "$0") {
				lost = script + 1
			}
			return append(found, r), lost
		case inShell && start && name == "alias":
			return append(found, reading{words: all(i + 1), reader: name, refuse: "an alias", remedy: "write a function instead"}), lost
		case inShell && start && name == "eval":
			return append(found, reading{words: all(i + 1), reader: name}), lost
		case inShell && start && name == "trap":
			if first := skipOptions(words, i+1, ""); first < len(words) {
				return append(found, reading{words: []int{first}, reader: name}), lost
			}
		case name == "ssh" && start:
			host := skipOptions(words, i+1, sshWithWord)
			if host+1 < len(words) {
				return append(found, reading{words: all(host + 1), reader: "ssh"}), lost
			}
		case slices.Contains(byOption, name) && start:
			for k := i + 1; k < len(words); k++ {
				short := strings.HasPrefix(words[k], "-") && !strings.HasPrefix(words[k], "--") && strings.HasSuffix(words[k], "c")
				if (short || words[k] == "--command") && k+1 < len(words) {
					return append(found, reading{words: []int{k + 1}, reader: name + " -c"}), lost
				}
				if strings.HasPrefix(words[k], "--command=") {
					found = append(found, reading{words: []int{k}, reader: name, refuse: "--command=…", remedy: "write -c and the command as two words"})
				}
			}
		case name == "env" && start && slices.ContainsFunc(words[i+1:], splitString):
			return append(found, reading{words: all(i + 1), reader: "env -S", refuse: "the words of env -S, which splits them again", remedy: "write the words one by one"}), lost
		case slices.Contains(rerun, name) && start:
			return append(found, reading{
				words: all(i + 1), reader: name, refuse: "the words of " + name + ", which gives them to a shell again",
				remedy: "write the command into a script that reads \"$KAON_PARAM_<NAME>\" or $KAON_PARAMS, and let " + name + " run that",
			}), lost
		}
	}
	return found, lost
}

func splitString(w string) bool {
	return strings.HasPrefix(w, "--split-string") || strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "S")
}

// sshWithWord are the options of ssh with a word behind them.
const sshWithWord = "BbcDEeFIiJLlmOopQRSWwP"

// readsScript says whether word i is a shell that reads its script from its standard input.
func readsScript(words []string, i int) bool {
	if name := path.Base(words[i]); !slices.Contains(shells, name) && !slices.Contains(alien, name) || scriptOf(words, i+1) >= 0 {
		return false
	}
	rest := words[i+1:]
	return slices.Contains(rest, "-s") || !slices.ContainsFunc(rest, func(w string) bool { return w == "" || w[0] != '-' && w[0] != '+' })
}

// scriptOf is the word after -c of a shell whose options begin at i, or -1.
func scriptOf(words []string, i int) int {
	command := false
	for ; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--" || w == "-":
			i++
		case strings.HasPrefix(w, "--command"):
			command = true
			continue
		case strings.HasPrefix(w, "--"):
			if w == "--rcfile" || w == "--init-file" {
				i++
			}
			continue
		case len(w) > 1 && (w[0] == '-' || w[0] == '+'):
			command = command || w[0] == '-' && strings.Contains(w, "c")
			if strings.ContainsAny(w, "oO") {
				i++ // the name of the option
			}
			continue
		}
		break
	}
	if !command || i >= len(words) {
		return -1
	}
	return i
}

// skipOptions is the first word from i on that is no option; with names those that have a word behind them.
func skipOptions(words []string, i int, with string) int {
	for ; i < len(words); i++ {
		w := words[i]
		if w == "--" {
			return i + 1
		}
		if len(w) < 2 || w[0] != '-' {
			return i
		}
		if strings.IndexByte(with, w[len(w)-1]) >= 0 && (len(w) == 2 || !strings.ContainsAny(w[1:len(w)-1], with)) {
			i++
		}
	}
	return i
}

// call reads the words of a command that another shell will read, before the walk comes to them.
func (v *shellVisit) call(n *syntax.CallExpr) {
	words := make([]string, len(n.Args))
	for i, w := range n.Args {
		words[i] = v.value(w)
	}
	if len(words) > 0 {
		v.names(words)
	}
	found, lost := readings(words, true)
	if lost >= 0 {
		v.named(words[lost], func(hole int, before, after string) {
			if m := v.holes[hole].macro; v.holes[hole].err == nil && before+after == "" && several(m.name) {
				v.at[hole].err = zeroth(m)
			}
		})
	}
	for _, r := range found {
		var texts []string
		for _, i := range r.words {
			v.inner[n.Args[i]] = r.reader
			texts = append(texts, words[i])
		}
		text := strings.Join(texts, " ")
		if r.refuse != "" {
			v.refuseAll(text, r.refuse, r.remedy)
			continue
		}
		v.deeper++
		v.read(text)
		v.deeper--
	}
}

// names refuses macros where a builtin takes the name of a variable: in the index of an array bash runs what it says.
func (v *shellVisit) names(words []string) {
	for i, w := range words[1:] {
		before := words[i]
		switch words[0] {
		case "unset", "read", "readarray", "mapfile", "getopts", "let":
		case "test", "[", "printf":
			if before != "-v" && before != "-R" {
				continue
			}
		default:
			return
		}
		v.refuseAll(w, "the name of a variable", "write the name out")
	}
}

// zeroth refuses a macro for several words where the first of them becomes $0 of a script.
func zeroth(m *macro) error {
	return &advised{m.String() + " stands where its first word becomes $0 of the script, and is not in \"$@\"",
		fmt.Sprintf("write a word before it, as in sh -c '…' sh %s", m)}
}

// lostWords is zeroth of an item of a list.
func lostWords(item string) error {
	if _, found := holes(item); len(found) == 1 && found[0].err == nil && item == found[0].source && several(found[0].macro.name) {
		return zeroth(found[0].macro)
	}
	return nil
}

// opaque stands for what an outer shell puts into the text of an inner one.
const opaque = "KaonOpaque"

// value is the text of a word as the shell hands it on, with names for macros and for what is not known.
func (v *shellVisit) value(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(v.unescape(p.Value, ""))
		case *syntax.SglQuoted:
			if p.Dollar {
				b.WriteString(opaque)
			} else {
				b.WriteString(p.Value)
			}
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				switch q := q.(type) {
				case *syntax.Lit:
					b.WriteString(v.unescape(q.Value, "$`\"\\\n"))
				case *syntax.ParamExp:
					b.WriteString(shellOr(q))
				default:
					b.WriteString(opaque)
				}
			}
		case *syntax.ParamExp:
			b.WriteString(shellOr(p))
		default:
			b.WriteString(opaque)
		}
	}
	return b.String()
}

// shellOr is sh for $SHELL.
func shellOr(p *syntax.ParamExp) string {
	if p.Param != nil && (p.Param.Value == "SHELL" || p.Param.Value == "BASH") {
		return "sh"
	}
	return opaque
}

// unescape takes away backslashes; those before other characters than only stay, unless only is empty.
func (v *shellVisit) unescape(text, only string) string {
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
			b.WriteString(opaque)
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

// pipe refuses macros that echo or printf writes for a shell, or for an xargs that splits them.
func (v *shellVisit) pipe(n *syntax.BinaryCmd) {
	if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
		return
	}
	from, fromCall := lastStmt(n.X).Cmd.(*syntax.CallExpr)
	to, toCall := n.Y.Cmd.(*syntax.CallExpr)
	if !fromCall || !toCall || len(from.Args) == 0 || len(to.Args) == 0 {
		return
	}
	if program := path.Base(from.Args[0].Lit()); program != "echo" && program != "printf" {
		return
	}
	words := make([]string, len(to.Args))
	for i, w := range to.Args {
		words[i] = v.value(w)
	}
	place := ""
	for i, w := range words {
		name := path.Base(w)
		nulls := slices.ContainsFunc(words[i+1:], func(o string) bool {
			return strings.HasPrefix(o, "-0") || strings.HasPrefix(o, "--null") || strings.HasPrefix(o, "-d") || strings.HasPrefix(o, "--delim") || o == "-r0"
		})
		switch {
		case readsScript(words, i), name == "ssh" && skipOptions(words, i+1, sshWithWord)+1 >= len(words):
			place = "text for " + name
		case name == "xargs" && !nulls:
			place = "text for xargs, which splits it at blanks and quotes"
		}
	}
	if place == "" {
		return
	}
	for _, w := range from.Args {
		v.refuseAll(v.value(w), place, "give the words to the program itself; `printf '%s\\0' ${args} | xargs -0` keeps them whole")
	}
}

// lastStmt is the last command of a pipe.
func lastStmt(s *syntax.Stmt) *syntax.Stmt {
	for {
		b, ok := s.Cmd.(*syntax.BinaryCmd)
		if !ok || b.Op != syntax.Pipe && b.Op != syntax.PipeAll {
			return s
		}
		s = b.Y
	}
}

// hereString refuses macros in text for the standard input of a shell.
func (v *shellVisit) hereString(n *syntax.Stmt) {
	call, ok := n.Cmd.(*syntax.CallExpr)
	if !ok {
		return
	}
	for _, redirect := range n.Redirs {
		if redirect.Op != syntax.WordHdoc {
			continue
		}
		words := make([]string, len(call.Args))
		for i, w := range call.Args {
			words[i] = v.value(w)
		}
		for i := range words {
			if readsScript(words, i) {
				v.refuseAll(v.value(redirect.Word), "text for "+path.Base(words[i]), "write sh -c and the script as its word")
			}
		}
	}
}
