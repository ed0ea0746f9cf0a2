package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
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

// noShell is the reading of words that something else than a shell takes for more than data.
func noShell(words []int, need *Need) reading { return reading{words: words, need: need} }

const writeProgramOut = "write the program's name out, as in sh -c '… %MACRO%'"

// positional are the words of a script: where it asks for them, and not for $0, a first one would be lost.
var positional = regexp.MustCompile(`\$\{?[@*1-9]`)

// readings finds in the words of a command those that a shell reads again, or that something else runs as
// code. zeroth is the word that becomes $0 of the script before it: "$@" has not got it; -1: there is none.
func readings(words []string, inShell bool) (found []reading, zeroth int) {
	zeroth = -1
	all := func(from int) (out []int) {
		for i := from; i < len(words); i++ {
			out = append(out, i)
		}
		return out
	}
	found = append(optionsWithCommands(words), unknownProgram(words, inShell)...)
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
				r.refuse = "a script of " + name + ", whose quotes are not those of sh"
				r.remedy = "use sh or bash, or write the script into a file and give that the macro"
			}
			if script+1 < len(words) && positional.MatchString(words[script]) &&
				!strings.Contains(words[script], "$0") {
				zeroth = script + 1
			}
			return append(found, r), zeroth
		case strings.HasPrefix(words[i], "--entrypoint=") && slices.Contains(shells, path.Base(words[i])):
			if script := optionC(words, i+1); script >= 0 {
				reader := path.Base(words[i]) + " -c"
				return append(found, reading{words: []int{script}, reader: reader, after: script + 1}), zeroth
			}
		case start && isLanguage:
			if strings.HasPrefix(name, "python") {
				if k := slices.Index(words, "timeit"); k > i && words[k-1] == "-m" {
					return append(found, noShell(all(k+1), asCode("code for "+name, l.read))), zeroth
				}
			}
			if code := l.codeWords(words, i+1); len(code) > 0 {
				if slices.ContainsFunc(code, func(k int) bool { return runsItsInput(name, words[k]) }) {
					code = all(i + 1)
				}
				found = append(found, noShell(code, asCode("code for "+name, l.read)))
			}
			if !slices.Contains(wrappers, name) {
				return found, zeroth
			}
		case start && (name == "make" || name == "gmake"):
			return append(found, noShell(all(i+1), &Need{
				PlainWord, "the words of make, which reads them again and gives them to a shell",
				"let the recipe read \"$$%VARIABLE%\", a variable that every trial has",
			})), zeroth
		case start && name == "printf" && !strings.HasPrefix(strings.Join(words[i+1:], " "), "-"):
			return append(found, noShell(all(i + 1)[:min(1, len(words)-i-1)], &Need{
				PlainWord, "the format of printf, in which % and \\ mean more", `write printf '%s\n' %MACRO%`,
			})), zeroth
		case start && strings.Contains(words[i], maybeShell):
			return append(found, noShell(all(i+1), &Need{
				Number, "the words of what may be a shell", writeProgramOut,
			})), zeroth
		case start && unknown(words[i]) && scriptOf(words, i+1) >= 0:
			found = append(found, noShell([]int{scriptOf(words, i+1)}, &Need{
				Number, "what may be a script: which program this is, kaon cannot know", writeProgramOut,
			}))
		case start && name == "capsh": // what stands behind -- is for a shell
			rest := slices.IndexFunc(words[i+1:], func(w string) bool { return w == "--" || w == "==" })
			if script := scriptOf(words, i+2+rest); rest >= 0 && script >= 0 {
				return append(found, reading{words: []int{script}, reader: "capsh -- -c", after: script + 1}), zeroth
			}
		case inShell && i == 0 && words[i] == "." && len(words) > 2:
			var behind []int
			for _, k := range all(2) {
				if macroText.MatchString(words[k]) {
					behind = append(behind, k)
				}
			}
			if len(behind) > 0 {
				return append(found, reading{
					words: behind, reader: ".", refuse: "the words behind `. FILE`, which sh drops",
					remedy: "write `set -- %MACRO%` before it: the file then has them as \"$@\"",
				}), zeroth
			}
		case inShell && start && name == "alias":
			return append(found, reading{
				words: all(i + 1), reader: name, refuse: "an alias", remedy: "write a function instead",
			}), zeroth
		case inShell && start && name == "eval":
			return append(found, reading{words: all(i + 1), reader: name}), zeroth
		case inShell && start && name == "trap":
			if first := skipOptions(words, i+1, ""); first < len(words) {
				return append(found, reading{words: []int{first}, reader: name}), zeroth
			}
		case name == "ssh" && start:
			host := skipOptions(words, i+1, sshWithWord)
			found = append(found, noShell(all(i + 1)[:max(0, min(host, len(words))-i-1)], &Need{
				PlainWord, "the options of ssh, some of which are commands", "write the option out",
			}))
			if host+1 < len(words) {
				return append(found, reading{words: all(host + 1), reader: "ssh"}), zeroth
			}
		case slices.Contains(byOption, name) && start:
			for k := i + 1; k < len(words); k++ {
				short := strings.HasPrefix(words[k], "-") && !strings.HasPrefix(words[k], "--") &&
					strings.HasSuffix(words[k], "c")
				if (short || words[k] == "--command") && k+1 < len(words) {
					return append(found, reading{words: []int{k + 1}, reader: name + " -c"}), zeroth
				}
				if name == "sg" && k > i+1 && words[k] != "" && words[k][0] != '-' && words[i+1][0] != '-' {
					return append(found, reading{words: []int{k}, reader: name}), zeroth
				}
				if strings.HasPrefix(words[k], "--command=") {
					found = append(found, reading{
						words: []int{k}, reader: name, refuse: "--command=…",
						remedy: "write -c and the command as two words",
					})
				}
			}
		case name == "env" && start && slices.ContainsFunc(words[i+1:], splitString):
			return append(found, reading{
				words: all(i + 1), reader: "env -S", refuse: "the words of env -S, which splits them again",
				remedy: "write the words one by one",
			}), zeroth
		case slices.Contains(rerun, name) && start || start && name == "ray" &&
			slices.Contains(words[i+1:], "submit"):
			return append(found, reading{
				words: all(i + 1), reader: name,
				refuse: "the words of " + name + ", which gives them to a shell again",
				remedy: "write the command into a script that reads \"$KAON_PARAM_<NAME>\" or " +
					"$KAON_PARAMS, and let " + name + " run that",
			}), zeroth
		}
	}
	return found, zeroth
}

// unknown says whether a program is named by something that only the run knows.
func unknown(word string) bool {
	return strings.Contains(word, unknownText) || strings.Contains(word, "${envvar:") ||
		strings.Contains(word, "${param.")
}

// optionsWithCommands finds text of several words behind options that are named for commands: nobody knows
// what reads it.
func optionsWithCommands(words []string) (found []reading) {
	for i, w := range words {
		if i > 0 && commandInside.MatchString(w) {
			found = append(found,
				reading{words: []int{i},
					need: &Need{Number, "an option with a command in it",
						`write that command into a script that reads "$%VARIABLE%"`}})
		}
		if i == 0 || !commandOption.MatchString(w) {
			continue
		}
		k := i
		if _, _, assigned := strings.Cut(w, "="); !assigned {
			k++
		}
		if k < len(words) && strings.ContainsAny(words[k], " \t\n;|&") {
			found = append(found,
				reading{words: []int{k},
					need: &Need{Number, "the text of " + strings.SplitN(w, "=", 2)[0] +
						", which may be run as a command",
						`write that text into a script that reads "$%VARIABLE%"`}})
		}
	}
	return found
}
