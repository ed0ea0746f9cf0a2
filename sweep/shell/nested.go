package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// positional are the words of a script: where it asks for them, and not for $0, a first one would be lost.
var positional = regexp.MustCompile(`\$\{?[@*1-9]`)

// readings finds in the words of a command those that a shell reads again, or that something else runs as
// code. zeroth is the word that becomes $0 of the script before it: "$@" has not got it; -1: there is none.
func readings(words []string, inShell bool) (found []reading, zeroth int) {
	found = append(optionsWithCommands(words), unknownProgram(words, inShell)...)
	for i := range words {
		c := candidate{words: words, i: i, name: programName(words[i]), start: mayStart(words, i), inShell: inShell}
		k := slices.IndexFunc(interpreters, func(p interpreter) bool { return p.is(c) })
		if k < 0 {
			continue
		}
		more, last := interpreters[k].read(c)
		found = append(found, more...)
		if last {
			return found, zerothOf(words, more)
		}
	}
	return found, -1
}

// zerothOf is the word that becomes $0 of a script that asks for its words, of the readings that end a search.
func zerothOf(words []string, found []reading) int {
	for _, r := range found {
		if !r.positions || r.after >= len(words) {
			continue
		}
		if script := words[r.words[0]]; positional.MatchString(script) && !strings.Contains(script, "$0") {
			return r.after
		}
	}
	return -1
}

// optionsWithCommands finds text of several words behind options that are named for commands: nobody knows
// what reads it.
func optionsWithCommands(words []string) (found []reading) {
	git := false // it stands among the words before
	for i, w := range words {
		if options := textOf[path.Base(w)]; len(options) > 0 && mayStart(words, i) {
			found = append(found, textBehind(words, i+1, options)...)
		}
		if i > 0 && (commandInside.MatchString(w) || tarRuns(words[i-1], w) || git && gitRuns.MatchString(w)) {
			found = append(found,
				reading{words: []int{i},
					need: &Need{Number, "an option with a command in it",
						`write that command into a script that reads "$%VARIABLE%"`}})
		}
		git = git || path.Base(w) == "git"
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

// textBehind finds the words from i on that stand behind one of the options of the program before, or in one word with
// it.
func textBehind(words []string, i int, options []string) (found []reading) {
	for own := ownOptions(words, i); i < len(words) && words[i] != "--" && !own(i); i++ {
		if textOf[path.Base(words[i])] != nil && mayStart(words, i) {
			return found // the options behind are that program's
		}
		option, _, assigned := strings.Cut(words[i], "=")
		if !slices.Contains(options, option) {
			continue
		}
		k := i
		if !assigned {
			k++
		}
		if k < len(words) {
			found = append(found, noShell([]int{k}, &Need{Number,
				"the text of " + option + ", which is run as a command",
				`write that text into a script that reads "$%VARIABLE%"`}))
		}
	}
	return found
}

// ownOptions says, when asked of each word from i on, whether from it on options are no more those of the program
// before: they are those of the one that it runs, or mean something else.
func ownOptions(words []string, i int) func(int) bool {
	switch path.Base(words[i-1]) {
	case "npx":
		return func(k int) bool {
			before := words[k-1]
			return !strings.HasPrefix(words[k], "-") && (k == i || slices.Contains(npxFlags, before) ||
				!strings.HasPrefix(before, "-") || strings.Contains(before, "="))
		}
	case "nix": // develop or shell, which run all words behind as they are
		return func(k int) bool { return words[k] == "-c" || words[k] == "--command" }
	case "gdb":
		return func(k int) bool { return words[k] == "--args" || words[k] == "-args" }
	case "git":
		command := ""
		return func(k int) bool {
			if command == "" && !strings.HasPrefix(words[k], "-") && !slices.Contains(gitWithWord, words[k-1]) {
				command = words[k]
			}
			return command == "clean" || command == "cherry-pick" || command == "bisect" && words[k] == "run"
		}
	}
	return func(int) bool { return false }
}

// npxFlags are options of npx without a word behind them; each other one may have one.
var npxFlags = []string{"-y", "--yes", "--no", "--no-install", "-q", "--quiet", "--silent", "--ignore-existing",
	"--offline", "--prefer-offline", "--prefer-online"}

// gitWithWord are the options of git, before what it does, with a word behind them.
var gitWithWord = []string{"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env",
	"--attr-source"}
