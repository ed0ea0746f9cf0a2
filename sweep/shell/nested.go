package shell

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

	// otherShells are shells with quotes of their own.
	otherShells = []string{"fish", "csh", "tcsh", "pwsh", "powershell", "cmd", "nu", "xonsh", "elvish", "rc"}

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
	need   *Need // the words are no shell's, and need this of their values
	after  int   // the first word behind the script, which it gets as $0 or $1; 0: none
}

// positional are the words of a script: where it asks for them, and not for $0, a first one would be lost.
var positional = regexp.MustCompile(`\$\{?[@*1-9]`)

// wrappers run the command that their words hold.
var wrappers = []string{
	"command", "builtin", "exec", "time", "nohup", "sudo", "doas", "env", "nice", "ionice", "timeout", "stdbuf", "setsid", "xargs", "chroot", "numactl",
	"taskset", "srun", "mpirun", "mpiexec", "strace", "unbuffer", "docker", "podman", "kubectl", "nsenter", "unshare", "find", "chrt", "flock", "runuser", "torchrun",
	"nvidia-docker", "nerdctl", "singularity", "apptainer", "enroot", "uv", "poetry", "pipenv", "pixi", "conda", "mamba", "micromamba", "busybox", "toybox", "tini", "dumb-init",
	"gosu", "su-exec", "setpriv", "prlimit", "cgexec", "systemd-run", "firejail", "bwrap", "proot", "fakeroot", "xvfb-run", "aprun", "jsrun", "ibrun", "horovodrun", "salloc",
	"nsys", "ncu", "perf", "valgrind", "ltrace", "catchsegv", "accelerate", "deepspeed", "coproc", "caffeinate", "chronic", "direnv", "ssh-agent", "faketime", "catatonit",
}

// readings finds in the words of a command those that a shell reads again, or that something else runs as code. lost is
// the word that becomes $0 of the script before it: "$@" has not got it; -1: there is none.
func readings(words []string, inShell bool) (found []reading, lost int) {
	lost = -1
	all := func(from int) (out []int) {
		for i := from; i < len(words); i++ {
			out = append(out, i)
		}
		return out
	}
	found = optionsWithCommands(words)
	wrapped := false
	for i := 0; i < len(words); i++ {
		name := path.Base(words[i])
		switch {
		case strings.HasSuffix(words[i], "${envvar:SHELL}"):
			name = "sh"
		case words[i] == "${interpreter}":
			name = "python"
		case words[i] == "${env}":
			name = "env"
		}
		start := i == 0 || wrapped
		wrapped = start && (wrapped || slices.Contains(wrappers, name))
		l, isLanguage := languageOf(name)
		switch {
		case slices.Contains(shells, name) || slices.Contains(otherShells, name):
			script := scriptOf(words, i+1)
			if script < 0 && i > 0 && words[i-1] == "--entrypoint" {
				script = optionC(words, i+1)
			}
			if script < 0 {
				continue
			}
			r := reading{words: []int{script}, reader: name + " -c", after: script + 1}
			if slices.Contains(otherShells, name) {
				r.refuse, r.remedy = "a script of "+name+", whose quotes are not those of sh", "use sh or bash, or write the script into a file and give that the macro"
			}
			if script+1 < len(words) && positional.MatchString(words[script]) && !strings.Contains(words[script], "$0") {
				lost = script + 1
			}
			return append(found, r), lost
		case strings.HasPrefix(words[i], "--entrypoint=") && slices.Contains(shells, path.Base(words[i])):
			if script := optionC(words, i+1); script >= 0 {
				return append(found, reading{words: []int{script}, reader: path.Base(words[i]) + " -c", after: script + 1}), lost
			}
		case start && isLanguage:
			if strings.HasPrefix(name, "python") {
				if k := slices.Index(words, "timeit"); k > i && words[k-1] == "-m" {
					return append(found, reading{words: all(k + 1), need: asCode("code for "+name, l.read)}), lost
				}
			}
			if code := l.codeWords(words, i+1); len(code) > 0 {
				if slices.ContainsFunc(code, func(k int) bool { return runsItsInput(name, words[k]) }) {
					code = all(i + 1)
				}
				found = append(found, reading{words: code, need: asCode("code for "+name, l.read)})
			}
			if !slices.Contains(wrappers, name) {
				return found, lost
			}
		case start && (name == "make" || name == "gmake"):
			return append(found, reading{words: all(i + 1), need: &Need{PlainWord, "the words of make, which reads them again and gives them to a shell",
				"let the recipe read \"$$%VARIABLE%\", a variable that every trial has"}}), lost
		case start && name == "printf" && !strings.HasPrefix(strings.Join(words[i+1:], " "), "-"):
			return append(found, reading{words: all(i + 1)[:min(1, len(words)-i-1)], need: &Need{PlainWord, "the format of printf, in which % and \\ mean more",
				`write printf '%s\n' %MACRO%`}}), lost
		case start && strings.Contains(words[i], maybeShell):
			return append(found, reading{words: all(i + 1), need: &Need{Number, "the words of what may be a shell", "write the program's name out, as in sh -c '… %MACRO%'"}}), lost
		case start && unknown(words[i]) && scriptOf(words, i+1) >= 0:
			found = append(found, reading{words: []int{scriptOf(words, i+1)}, need: &Need{Number, "what may be a script: which program this is, kaon cannot know", "write the program's name out, as in sh -c '… %MACRO%'"}})
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
			found = append(found, reading{words: all(i + 1)[:max(0, min(host, len(words))-i-1)], need: &Need{PlainWord, "the options of ssh, some of which are commands", "write the option out"}})
			if host+1 < len(words) {
				return append(found, reading{words: all(host + 1), reader: "ssh"}), lost
			}
		case slices.Contains(byOption, name) && start:
			for k := i + 1; k < len(words); k++ {
				short := strings.HasPrefix(words[k], "-") && !strings.HasPrefix(words[k], "--") && strings.HasSuffix(words[k], "c")
				if (short || words[k] == "--command") && k+1 < len(words) {
					return append(found, reading{words: []int{k + 1}, reader: name + " -c"}), lost
				}
				if name == "sg" && k > i+1 && words[k] != "" && words[k][0] != '-' && words[i+1][0] != '-' {
					return append(found, reading{words: []int{k}, reader: name}), lost
				}
				if strings.HasPrefix(words[k], "--command=") {
					found = append(found, reading{words: []int{k}, reader: name, refuse: "--command=…", remedy: "write -c and the command as two words"})
				}
			}
		case name == "env" && start && slices.ContainsFunc(words[i+1:], splitString):
			return append(found, reading{words: all(i + 1), reader: "env -S", refuse: "the words of env -S, which splits them again", remedy: "write the words one by one"}), lost
		case slices.Contains(rerun, name) && start || start && name == "ray" && slices.Contains(words[i+1:], "submit"):
			return append(found, reading{
				words: all(i + 1), reader: name, refuse: "the words of " + name + ", which gives them to a shell again",
				remedy: "write the command into a script that reads \"$KAON_PARAM_<NAME>\" or $KAON_PARAMS, and let " + name + " run that",
			}), lost
		}
	}
	return found, lost
}

// unknown says whether a program is named by something that only the run knows.
func unknown(word string) bool {
	return strings.Contains(word, unknownText) || strings.Contains(word, "${envvar:") || strings.Contains(word, "${param.")
}

// optionC is the word behind an option that ends in c, from i on, or -1.
func optionC(words []string, i int) int {
	for ; i+1 < len(words); i++ {
		if len(words[i]) > 1 && words[i][0] == '-' && words[i][1] != '-' && words[i][len(words[i])-1] == 'c' {
			return i + 1
		}
	}
	return -1
}

// optionsWithCommands finds text of several words behind options that are named for commands: nobody knows what reads it.
func optionsWithCommands(words []string) (found []reading) {
	for i, w := range words {
		if i > 0 && commandInside.MatchString(w) {
			found = append(found, reading{words: []int{i}, need: &Need{Number, "an option with a command in it", `write that command into a script that reads "$%VARIABLE%"`}})
		}
		if i == 0 || !commandOption.MatchString(w) {
			continue
		}
		k := i
		if _, _, assigned := strings.Cut(w, "="); !assigned {
			k++
		}
		if k < len(words) && strings.ContainsAny(words[k], " \t\n;|&") {
			found = append(found, reading{words: []int{k}, need: &Need{Number, "the text of " + strings.SplitN(w, "=", 2)[0] + ", which may be run as a command",
				`write that text into a script that reads "$%VARIABLE%"`}})
		}
	}
	return found
}

func splitString(w string) bool {
	return strings.HasPrefix(w, "--split-string") || strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "S")
}

// sshWithWord are the options of ssh with a word behind them.
const sshWithWord = "BbcDEeFIiJLlmOopQRSWwP"

// readsScript says whether word i is a shell that reads its script from its standard input.
func readsScript(words []string, i int) bool {
	if name := path.Base(words[i]); !slices.Contains(shells, name) && !slices.Contains(otherShells, name) || scriptOf(words, i+1) >= 0 {
		return false
	}
	rest := words[i+1:]
	return slices.Contains(rest, "-s") || slices.ContainsFunc(rest, isInput) || !slices.ContainsFunc(rest, func(w string) bool { return w == "" || w[0] != '-' && w[0] != '+' })
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

// zeroth refuses a macro for several words where the first of them becomes $0 of a script.
func zerothWord(m Macro) error {
	return &Refusal{m.String() + " stands where its first word becomes $0 of the script, and is not in \"$@\"",
		fmt.Sprintf("write a word before it, as in sh -c '…' sh %s", m)}
}

// checkZeroth is zeroth of an item of a list.
func checkZeroth(item string, parse Parse) error {
	if _, found := holes(item, parse); len(found) == 1 && found[0].err == nil && item == found[0].source && found[0].macro.IsList() {
		return zerothWord(found[0].macro)
	}
	return nil
}

// unknownText stands for what an outer shell puts into the text of an inner one.
const unknownText = "KaonOpaque"

// maybeShell is unknownText that may be a shell, with options or without.
const maybeShell = unknownText + "Shell"

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

// known is the text of a variable, sh for $SHELL, or unknownText.
func (v *visitor) known(p *syntax.ParamExp) string {
	if p.Param != nil && v.literals["@"] != "" && (p.Param.Value == "@" || p.Param.Value == "*" || p.Param.Value == "1") {
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
