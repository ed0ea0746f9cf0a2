package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// language says where a program that is no shell takes code among its words.
type language struct {
	code string   // letters of options with code behind them
	with string   // letters of options with another word behind them
	long []string // long options with code
	// which word that is no option is code, from 1, unless an option gave it; 0: none, the first is a file
	first int
	read  string // how such code reads a variable of its environment, with % for the name
}

// languages are programs that run words as code which is not a shell's, by name without its version.
var languages = map[string]language{
	"python":    {code: "c", with: "WX", read: `os.environ["%"]`},
	"pypy":      {code: "c", with: "WX", read: `os.environ["%"]`},
	"ipython":   {code: "c", read: `os.environ["%"]`},
	"perl":      {code: "eE", with: "IMm", read: `$ENV{%}`},
	"ruby":      {code: "e", with: "rI", read: `ENV["%"]`},
	"node":      {code: "ep", with: "r", long: []string{"--eval", "--print"}, read: "process.env.%"},
	"nodejs":    {code: "ep", with: "r", long: []string{"--eval", "--print"}, read: "process.env.%"},
	"deno":      {first: 2, read: `Deno.env.get("%")`},
	"bun":       {code: "e", long: []string{"--eval"}, read: "process.env.%"},
	"php":       {code: "rRBE", read: `getenv("%")`},
	"lua":       {code: "e", with: "l", read: `os.getenv("%")`},
	"luajit":    {code: "e", with: "l", read: `os.getenv("%")`},
	"Rscript":   {code: "e", read: `Sys.getenv("%")`},
	"R":         {code: "e", read: `Sys.getenv("%")`},
	"julia":     {code: "eE", with: "pLJ", long: []string{"--eval", "--print"}, read: `ENV["%"]`},
	"awk":       {code: "e", with: "Fvf", long: []string{"--source"}, first: 1, read: `ENVIRON["%"]`},
	"gawk":      {code: "e", with: "Fvf", long: []string{"--source"}, first: 1, read: `ENVIRON["%"]`},
	"mawk":      {with: "FvfW", first: 1, read: `ENVIRON["%"]`},
	"nawk":      {with: "Fvf", first: 1, read: `ENVIRON["%"]`},
	"sed":       {code: "e", with: "fl", long: []string{"--expression"}, first: 1},
	"gsed":      {code: "e", with: "fl", long: []string{"--expression"}, first: 1},
	"jq":        {with: "fL", first: 1, read: "env.%"},
	"yq":        {first: 1, read: `strenv(%)`},
	"bc":        {code: "e"},
	"dc":        {code: "e"},
	"expect":    {code: "c"},
	"tclsh":     {},
	"groovy":    {code: "e"},
	"scala":     {code: "e"},
	"octave":    {long: []string{"--eval"}, read: `getenv("%")`},
	"matlab":    {long: []string{"-batch", "-r"}, read: `getenv("%")`},
	"gnuplot":   {code: "e"},
	"osascript": {code: "e"},
	"sqlite":    {first: 2},
	"mysql":     {code: "e", with: "uhPD", long: []string{"--execute"}},
	"mariadb":   {code: "e", with: "uhPD", long: []string{"--execute"}},
	"psql":      {code: "c", with: "dUhpfv", long: []string{"--command"}},
	"duckdb":    {code: "c", first: 2},
	"mongosh":   {long: []string{"--eval"}},
	"mongo":     {long: []string{"--eval"}},
	"emacs":     {long: []string{"--eval"}},
	"gdb":       {long: []string{"-ex"}},
	"vim":       {code: "c", long: []string{"--cmd"}},
	"vi":        {code: "c", long: []string{"--cmd"}},
	"nvim":      {code: "c", long: []string{"--cmd"}},
	"view":      {code: "c", long: []string{"--cmd"}},
	"ex":        {code: "c", long: []string{"--cmd"}},
	"ghc":       {code: "e"},
	"elixir":    {code: "e"},
	"erl":       {long: []string{"-eval"}},
}

// codeFile is the name of a file that something is likely to run.
var codeFile = regexp.MustCompile(
	`\.(sh|bash|zsh|ksh|py|pl|rb|js|mjs|ts|R|r|lua|php|jl|awk|sed|mk|sql|m|command|pth)$|` +
		`^(GNU)?[Mm]akefile$|^Dockerfile$|^\.?[a-z_]*(rc|profile|_login|_logout)$`)

// languageOf is the language that a program of this name runs.
func languageOf(name string) (language, bool) {
	if l, ok := languages[name]; ok {
		return l, true
	}
	l, ok := languages[strings.TrimRight(name, "0123456789.-")]
	return l, ok
}

// codeWords are the words from i on that the language takes for code.
func (l language) codeWords(words []string, i int) (code []int) {
	plain, given := 0, false
	for ; i < len(words); i++ {
		w := words[i]
		name, _, assigned := strings.Cut(w, "=")
		switch {
		case slices.Contains(l.long, name):
			given = true
			if !assigned {
				i++
			}
			code = append(code, i)
		case w == "-m" && l.code == "c":
			return code // python -m: the rest is the module's
		case w == "--arg" || w == "--argjson" || w == "--slurpfile" || w == "--rawfile": // jq
			i += 2
		case w == "--args" || w == "--jsonargs":
			return code
		case w == "--" || len(w) > 2 && w[:2] == "--":
		case len(w) > 1 && w[0] == '-':
			for k := 1; k < len(w); k++ {
				last := k+1 == len(w)
				if strings.IndexByte(l.code, w[k]) >= 0 {
					given = true
					if last {
						i++
					}
					code = append(code, i)
					break
				}
				if strings.IndexByte(l.with, w[k]) >= 0 {
					given = given || w[k] == 'f'
					if last {
						i++
					}
					break
				}
			}
		default:
			plain++
			if l.first > 0 && !given && plain == l.first {
				code = append(code, i)
			}
			if l.first == 0 || plain >= l.first {
				return inside(code, words)
			}
		}
	}
	return inside(code, words)
}

// inside drops numbers beyond the words: an option without its word.
func inside(code []int, words []string) []int {
	return slices.DeleteFunc(code, func(i int) bool { return i >= len(words) })
}

// runsFile says whether a program runs the file that its first word names, or what its input says.
func runsFile(name string) bool {
	l, isLanguage := languageOf(name)
	return isLanguage && l.first == 0 || slices.Contains(shells, name) ||
		slices.Contains(otherShells, name) || slices.Contains(submitters, name) || name == "." ||
		name == "source"
}

// submitters run a script from a file or from their input.
var submitters = []string{"sbatch", "qsub", "bsub", "at", "batch", "crontab", "parallel", "make", "gmake",
	"expect"}

// readsCode says whether word i of a command is a program that runs its standard input as code.
func readsCode(words []string, i int) bool {
	name := path.Base(words[i])
	if slices.Contains(submitters, name) || readsScript(words, i) {
		return true
	}
	l, ok := languageOf(name)
	if ok && slices.ContainsFunc(l.codeWords(words, i+1),
		func(k int) bool { return runsItsInput(name, words[k]) }) {
		return true
	}
	if !ok || l.first == 1 || len(l.codeWords(words, i+1)) > 0 {
		return false
	}
	for k := i + 1; k < len(words); k++ {
		switch w := words[k]; {
		case w == "-" || isInput(w):
			return true
		case w == "-m" || w != "" && w[0] != '-' && l.first == 0:
			return false
		case len(w) == 2 && w[0] == '-' && strings.IndexByte(l.with, w[1]) >= 0:
			k++
		}
	}
	return true
}

var (
	awkRuns = regexp.MustCompile(`system\s*\(|\|\s*getline|\|&?\s*"|"\s*\|`)
	sedRuns = regexp.MustCompile(`(^|[;{\n/,|#!0-9])[gpiIm0-9]*e([gpiIm0-9]*($|[;}\s])|\s)`)
)

// runsItsInput says whether code of awk or sed runs what it reads.
func runsItsInput(name, code string) bool {
	switch {
	case strings.HasSuffix(name, "awk"):
		return awkRuns.MatchString(code)
	case strings.HasSuffix(name, "sed"):
		return sedRuns.MatchString(code)
	}
	return false
}

// commandInside is a word whose text programs run: git -c alias.x=!…, tar --checkpoint-action=exec=…, ssh -o
// ProxyCommand=….
var commandInside = regexp.MustCompile(`=!|[=,]exec=|^-?o?ProxyCommand=|` +
	`^(--)?[A-Za-z-]*([Cc]ommand|rsh|-program)=.*[ ;|&]`)

// gitRuns is a setting of git's whose text git runs.
var gitRuns = regexp.MustCompile(`^(core\.(editor|sshCommand|pager|fsmonitor|askPass|hooksPath)|sequence\.editor)=`)

// tarRuns says whether a word is what tar runs at a checkpoint, behind that option of it, which may be cut short.
func tarRuns(option, word string) bool {
	return strings.HasPrefix(word, "exec=") && strings.HasPrefix(option, "--checkpoint-") &&
		strings.HasPrefix("--checkpoint-action", option)
}

// startup are variables that name code, or files of it, which programs run.
var startup = []string{
	"BASH_ENV", "ENV", "PROMPT_COMMAND", "PS0", "PS1", "PS4", "ZDOTDIR", "PYTHONSTARTUP", "PERL5OPT",
	"PERL5LIB", "PYTHONPATH", "RUBYOPT", "NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH",
	"GIT_SSH_COMMAND", "GIT_EDITOR",
	"EDITOR", "VISUAL", "PAGER", "MANPAGER", "LESSOPEN", "RSYNC_RSH", "CC", "MAKEFLAGS",
}

// commandOption is an option that programs have for a command or code.
var commandOption = regexp.MustCompile(
	`^--?(command|cmd|exec|execute|eval|wrap|script|code|run-command|entrypoint)(=|$)`)

// Interprets reports whether a program of this name is a shell or runs the file that its first word names.
func Interprets(name string) bool {
	l, isLanguage := languageOf(name)
	return isLanguage && l.first == 0 || slices.Contains(shells, name)
}
