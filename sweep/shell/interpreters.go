package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// candidate is a word of a command that may be the program whose other words are read again.
type candidate struct {
	words   []string
	i       int    // of the word
	name    string // of it, as a program
	start   bool   // it may be a program that runs
	inShell bool   // a shell runs the command, so that builtins are meant
}

// rest are the words behind the candidate, from a number on.
func (c candidate) rest(from int) (out []int) {
	for i := from; i < len(c.words); i++ {
		out = append(out, i)
	}
	return out
}

// interpreter is a kind of program that reads its words again.
type interpreter struct {
	is func(candidate) bool

	// read is what it reads; last: no word behind it can be another such program.
	read func(candidate) (found []reading, last bool)
}

// interpreters are asked in this order; the first that knows a word has it.
var interpreters = []interpreter{
	{isEntrypoint, readByEntrypoint},
	{func(c candidate) bool {
		return slices.Contains(shells, c.name) || slices.Contains(otherShells, c.name)
	}, readByShell},
	{func(c candidate) bool { _, ok := languageOf(c.name); return c.start && ok }, readByLanguage},
	{func(c candidate) bool { return c.start && (c.name == "make" || c.name == "gmake") }, readByMake},
	{isFormat, readByPrintf},
	{func(c candidate) bool { return c.start && strings.Contains(c.words[c.i], maybeShell) }, readByWhatMayBeAShell},
	{isUnknownWithScript, readByUnknown},
	{func(c candidate) bool { return c.start && c.name == "capsh" }, readByCapsh},
	{func(c candidate) bool { return c.inShell && c.i == 0 && c.words[0] == "." && len(c.words) > 2 }, readByDot},
	{func(c candidate) bool { return c.inShell && c.start && c.name == "alias" }, readByAlias},
	{func(c candidate) bool { return c.inShell && c.start && c.name == "eval" }, readByEval},
	{func(c candidate) bool { return c.inShell && c.start && c.name == "trap" }, readByTrap},
	{func(c candidate) bool { return c.start && c.name == "ssh" }, readBySSH},
	{func(c candidate) bool { return c.start && slices.Contains(byOption, c.name) }, readByOption},
	{isEnvThatSplits, readByEnv},
	{isRerun, readByRerun},
}

// entrypointOf is the program that an option of docker's in one word names; "": it is no such option.
func entrypointOf(word string) string {
	program, ok := strings.CutPrefix(word, "--entrypoint=")
	if !ok {
		return ""
	}
	return path.Base(program)
}

func isEntrypoint(c candidate) bool { return slices.Contains(shells, entrypointOf(c.words[c.i])) }

func readByEntrypoint(c candidate) ([]reading, bool) {
	script := optionC(c.words, c.i+1)
	if script < 0 {
		return nil, false
	}
	reader := entrypointOf(c.words[c.i]) + " -c"
	return []reading{{words: []int{script}, reader: reader, after: script + 1, positions: true}}, true
}

func readByShell(c candidate) ([]reading, bool) {
	script := scriptOf(c.words, c.i+1)
	if script < 0 && c.i > 0 && c.words[c.i-1] == "--entrypoint" {
		script = optionC(c.words, c.i+1)
	}
	if script < 0 {
		return nil, false
	}
	r := reading{words: []int{script}, reader: c.name + " -c", after: script + 1, positions: true}
	if slices.Contains(otherShells, c.name) {
		r.refuse = "a script of " + c.name + ", whose quotes are not those of sh"
		r.remedy = "use sh or bash, or write the script into a file and give that the macro"
	}
	return []reading{r}, true
}

func readByLanguage(c candidate) (found []reading, last bool) {
	l, _ := languageOf(c.name)
	if strings.HasPrefix(c.name, "python") {
		if k := slices.Index(c.words, "timeit"); k > c.i && c.words[k-1] == "-m" {
			return []reading{noShell(c.rest(k+1), asCode("code for "+c.name, l.read))}, true
		}
	}
	if code := l.codeWords(c.words, c.i+1); len(code) > 0 {
		if slices.ContainsFunc(code, func(k int) bool { return runsItsInput(c.name, c.words[k]) }) {
			code = c.rest(c.i + 1)
		}
		found = append(found, noShell(code, asCode("code for "+c.name, l.read)))
	}
	return found, !slices.Contains(wrappers, c.name)
}

func readByMake(c candidate) ([]reading, bool) {
	return []reading{noShell(c.rest(c.i+1), &Need{
		PlainWord, "the words of make, which reads them again and gives them to a shell",
		"let the recipe read \"$$%VARIABLE%\", a variable that every trial has",
	})}, true
}

// isFormat says whether what follows is a format of printf, without an option before it.
func isFormat(c candidate) bool {
	return c.start && c.name == "printf" && (c.i+1 == len(c.words) || !strings.HasPrefix(c.words[c.i+1], "-"))
}

func readByPrintf(c candidate) ([]reading, bool) {
	format := c.rest(c.i + 1)
	return []reading{noShell(format[:min(1, len(format))], &Need{
		PlainWord, "the format of printf, in which % and \\ mean more", `write printf '%s\n' %MACRO%`,
	})}, true
}

func readByWhatMayBeAShell(c candidate) ([]reading, bool) {
	return []reading{noShell(c.rest(c.i+1), &Need{Number, "the words of what may be a shell", writeProgramOut})}, true
}

func isUnknownWithScript(c candidate) bool {
	return c.start && unknown(c.words[c.i]) && scriptOf(c.words, c.i+1) >= 0
}

func readByUnknown(c candidate) ([]reading, bool) {
	return []reading{noShell([]int{scriptOf(c.words, c.i+1)}, &Need{
		Number, "what may be a script: which program this is, kaon cannot know", writeProgramOut,
	})}, false
}

// readByCapsh finds the script for the shell that capsh starts with what stands behind --.
func readByCapsh(c candidate) ([]reading, bool) {
	rest := slices.IndexFunc(c.words[c.i+1:], func(w string) bool { return w == "--" || w == "==" })
	script := scriptOf(c.words, c.i+2+rest)
	if rest < 0 || script < 0 {
		return nil, false
	}
	return []reading{{words: []int{script}, reader: "capsh -- -c", after: script + 1, positions: true}}, true
}

func readByDot(c candidate) ([]reading, bool) {
	behind := slices.DeleteFunc(c.rest(2), func(k int) bool { return !macroText.MatchString(c.words[k]) })
	if len(behind) == 0 {
		return nil, false
	}
	return []reading{{
		words: behind, reader: ".", refuse: "the words behind `. FILE`, which sh drops",
		remedy: "write `set -- %MACRO%` before it: the file then has them as \"$@\"",
	}}, true
}

func readByAlias(c candidate) ([]reading, bool) {
	return []reading{{
		words: c.rest(c.i + 1), reader: c.name, refuse: "an alias", remedy: "write a function instead",
	}}, true
}

func readByEval(c candidate) ([]reading, bool) {
	return []reading{{words: c.rest(c.i + 1), reader: c.name}}, true
}

func readByTrap(c candidate) ([]reading, bool) {
	first := skipOptions(c.words, c.i+1, "")
	if first >= len(c.words) {
		return nil, false
	}
	return []reading{{words: []int{first}, reader: c.name}}, true
}

func readBySSH(c candidate) ([]reading, bool) {
	host := skipOptions(c.words, c.i+1, sshWithWord)
	found := []reading{noShell(c.rest(c.i + 1)[:max(0, min(host, len(c.words))-c.i-1)], &Need{
		PlainWord, "the options of ssh, some of which are commands", "write the option out",
	})}
	if host+1 >= len(c.words) {
		return found, false
	}
	return append(found, reading{words: c.rest(host + 1), reader: "ssh"}), true
}

// readByOption finds the command behind -c, --command or --session-command of su and its like, and behind the group
// of sg.
func readByOption(c candidate) (found []reading, last bool) {
	for k := c.i + 1; k < len(c.words); k++ {
		word := c.words[k]
		short := strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.HasSuffix(word, "c")
		if (short || word == "--command" || word == "--session-command") && k+1 < len(c.words) {
			return append(found, reading{words: []int{k + 1}, reader: c.name + " -c"}), true
		}
		if c.name == "sg" && k > c.i+1 && word != "" && word[0] != '-' && !strings.HasPrefix(c.words[c.i+1], "-") {
			return append(found, reading{words: []int{k}, reader: c.name}), true
		}
		if strings.HasPrefix(word, "--command=") || strings.HasPrefix(word, "--session-command=") {
			found = append(found, reading{
				words: []int{k}, reader: c.name, refuse: "--command=…",
				remedy: "write -c and the command as two words",
			})
		}
	}
	return found, false
}

func isEnvThatSplits(c candidate) bool {
	return c.start && c.name == "env" && slices.ContainsFunc(c.words[c.i+1:], splitString)
}

func readByEnv(c candidate) ([]reading, bool) {
	return []reading{{
		words: c.rest(c.i + 1), reader: "env -S", refuse: "the words of env -S, which splits them again",
		remedy: "write the words one by one",
	}}, true
}

// isRerun says whether a program hands its words to a shell, as it is or by a subcommand.
func isRerun(c candidate) bool {
	if !c.start || slices.Contains(rerun, c.name) {
		return c.start
	}
	subcommands := rerunBehind[c.name]
	for k := c.i + 1; k < len(c.words) && len(subcommands) > 0; k++ {
		switch w := c.words[k]; {
		case c.name == "podman" && c.words[k-1] != "machine":
		case slices.Contains(subcommands, w):
			return true
		case c.name == "cargo" && slices.Contains(cargoRuns, w): // the words behind are for the user's own program
			return false
		case programName(w) == c.name && mayStart(c.words, k): // it is asked by itself
			return false
		}
	}
	return false
}

func readByRerun(c candidate) ([]reading, bool) {
	words := c.rest(c.i + 1)
	if c.name == "sky" {
		words = slices.DeleteFunc(words, variablesOfSky(c.words, c.i+1))
	}
	return []reading{{
		words: words, reader: c.name,
		refuse: "the words of " + c.name + ", which gives them to a shell again",
		remedy: "write the command into a script that reads \"$KAON_PARAM_<NAME>\" or " +
			"$KAON_PARAMS, and let " + c.name + " run that",
	}}, true
}

// variablesOfSky says which words from i on are variables that sky sets for the command, NAME=… behind --env: none
// behind the first word that may be the command's, as also that behind an option that is not known.
func variablesOfSky(words []string, i int) func(int) bool {
	variables := map[int]bool{}
	cluster := false // the next word that is no option may be the cluster of sky exec
	for begun := false; i < len(words); i++ {
		option, _, assigned := strings.Cut(words[i], "=")
		with, known := skyOptions[option]
		switch {
		case !begun && slices.Contains(rerunBehind["sky"], words[i]):
			begun, cluster = true, words[i] == "exec"
		case !begun && words[i] == "jobs":
		case begun && known:
			if with && !assigned {
				i++
			}
			if option == "--env" && i < len(words) && skyVariable.MatchString(words[i]) &&
				!strings.Contains(words[i], unknownText) { // "$@" would be several words
				variables[i] = true
			}
			cluster = cluster && option != "-c" && option != "--cluster"
		case cluster && !strings.HasPrefix(words[i], "-"):
			cluster = false
		default:
			i = len(words)
		}
	}
	return func(k int) bool { return variables[k] }
}

// skyVariable is the setting of one variable, of which at least the name is written out: a list of words stands alone.
var skyVariable = regexp.MustCompile(`^(--env=)?[A-Za-z_][A-Za-z0-9_]*=`)

// skyOptions are the options of sky launch and sky exec, and whether another word stands behind them.
var skyOptions = map[string]bool{
	"--env": true, "--env-file": true, "--secret": true, "--secret-file": true, "-c": true, "--cluster": true,
	"-n": true, "--name": true, "--workdir": true, "--infra": true, "--cloud": true, "--region": true,
	"--zone": true, "--num-nodes": true, "--gpus": true, "--cpus": true, "--memory": true, "--ports": true,
	"-t": true, "--instance-type": true, "--image-id": true, "--disk-size": true, "--disk-tier": true,
	"-i": true, "--idle-minutes-to-autostop": true, "--config": true,
	"-y": false, "--yes": false, "-d": false, "--detach-run": false, "-s": false, "--detach-setup": false,
	"--dryrun": false, "--down": false, "-r": false, "--retry-until-up": false, "--no-setup": false,
	"--use-spot": false, "--no-use-spot": false, "--async": false, "--fast": false,
}
