package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// unknownProgram finds what a program that kaon does not know may run as code: text with a value in it behind
// an option that shells and languages have for code. A value that is the whole word is data to most programs;
// with other text around it, it could be anything.
func unknownProgram(words []string, inShell bool) (found []reading) {
	vague, harmless := false, ""
	for i, w := range words {
		name := path.Base(w)
		start := mayStart(words, i)
		vague = vague || start && vagueProgram(w, inShell)
		if _, isLanguage := languageOf(name); start && (isLanguage || slices.Contains(shells, name) ||
			slices.Contains(otherShells, name) || slices.Contains(byOption, name) ||
			slices.Contains(rerun, name)) {
			return found
		}
		if start {
			harmless += noCode[name]
		}
		option := codeOption.FindString(w)
		if i == 0 || option == "" || strings.Contains(harmless, option[len(option)-1:]) ||
			strings.Contains(harmless, "*") {
			continue
		}
		k, text := i, strings.TrimPrefix(w, option)
		if text == "" {
			if k++; k == len(words) {
				break
			}
			text = words[k]
		}
		around := macroText.ReplaceAllString(text, "")
		switch {
		case vague:
			found = append(found, noShell([]int{k}, &Need{
				Number, "what may be a script: which program this is, kaon cannot know", writeProgramOut,
			}))
		case k == i && !strings.ContainsAny(around, " \t\n;|&()`'\"<>"): // one word, as in -cx.yaml
		case around != "" && around != unknownText:
			found = append(found, noShell([]int{k}, &Need{
				PlainWord, "the text of " + option + ", which may be run as code",
				`read it there by name: every trial has the variable %VARIABLE%; or write %MACRO% as a word ` +
					`of its own`,
			}))
		}
	}
	return found
}

// vagueProgram says whether the word of a program could be that of any other: a pattern, or a link of the
// kernel's to what runs.
func vagueProgram(w string, inShell bool) bool {
	return strings.HasPrefix(path.Clean(w), "/proc/") || inShell && strings.ContainsAny(w, "*?[{~")
}

var (
	// codeOption is how shells and languages have the option before code: -c, -lc, -e, -E.
	codeOption = regexp.MustCompile(`^-(?:[abefhilmnptuvx]*c|[eE])`)

	// macroText is a macro in the words of a command, as it is written or as the reader names it.
	macroText = regexp.MustCompile(`\$\{[^}]*\}|KaonMacrox*[0-9]+Z`)
)

// noCode are programs with an option -c, -e or -E that is for something else; * stands for all of them.
var noCode = map[string]string{
	"docker": "e", "podman": "e", "nerdctl": "e", "nvidia-docker": "e", "kubectl": "c", "strace": "e",
	"ltrace": "e", "perf": "e", "srun": "ce", "sbatch": "ce", "taskset": "c", "ionice": "c", "numactl": "ce",
	"singularity": "ce", "apptainer": "ce", "sudo": "E",
	"echo": "*", "printf": "*", "print": "*", "test": "*", "[": "*", "set": "*", "export": "*",
	"declare": "*", "read": "*", "grep": "*", "egrep": "*", "fgrep": "*", "rg": "*", "ag": "*", "zgrep": "*",
	"gcc": "*", "g++": "*", "cc": "*", "c++": "*", "clang": "*", "clang++": "*", "nvcc": "*", "ld": "*",
	"tar": "*", "gzip": "*", "head": "*", "tail": "*", "wc": "*", "cut": "*", "cat": "*", "ls": "*",
	"uniq": "*", "sort": "*", "tr": "*", "stat": "*", "curl": "*", "wget": "*", "ping": "*", "diff": "*",
	"cmp": "*", "ps": "*", "du": "*", "df": "*", "tee": "*", "md5sum": "*", "sha256sum": "*", "shuf": "*",
	"split": "*", "git": "*", "kill": "*", "pgrep": "*", "logger": "*", "pip": "*", "pip3": "*",
	"conda": "*", "realpath": "*", "readlink": "*",
}

// unknown says whether a program is named by something that only the run knows.
func unknown(word string) bool {
	return strings.Contains(word, unknownText) || strings.Contains(word, "${envvar:") ||
		strings.Contains(word, "${param.")
}
