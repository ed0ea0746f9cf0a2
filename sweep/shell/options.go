package shell

import (
	"path"
	"slices"
	"strings"
)

// isInput says whether a file is the standard input.
func isInput(w string) bool { return w == "/dev/stdin" || w == "/dev/fd/0" || w == "/proc/self/fd/0" }

// isOutput says whether a file is the standard output, or that for errors.
func isOutput(w string) bool {
	return slices.Contains([]string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1",
		"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"}, w)
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

func splitString(w string) bool {
	return strings.HasPrefix(w, "--split-string") || strings.HasPrefix(w, "-") &&
		!strings.HasPrefix(w, "--") && strings.Contains(w, "S")
}

// sshWithWord are the options of ssh with a word behind them.
const sshWithWord = "BbcDEeFIiJLlmOopQRSWwP"

// readsScript says whether word i is a shell that reads its script from its standard input.
func readsScript(words []string, i int) bool {
	if name := path.Base(words[i]); !slices.Contains(shells, name) && !slices.Contains(otherShells, name) ||
		scriptOf(words, i+1) >= 0 {
		return false
	}
	rest := words[i+1:]
	return slices.Contains(rest, "-s") || slices.ContainsFunc(rest, isInput) ||
		!slices.ContainsFunc(rest, func(w string) bool { return w == "" || w[0] != '-' && w[0] != '+' })
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
		if strings.IndexByte(with, w[len(w)-1]) >= 0 &&
			(len(w) == 2 || !strings.ContainsAny(w[1:len(w)-1], with)) {
			i++
		}
	}
	return i
}
