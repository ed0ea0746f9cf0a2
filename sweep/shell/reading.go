package shell

// reading is words of a command that a shell reads again, joined by blanks.
type reading struct {
	words  []int
	reader string // for people: sh -c
	refuse string // why no macro may be there; "": it may
	remedy string
	need   *Need // the words are no shell's, and need this of their values
	after  int   // the first word behind the script, which it gets as $0 or $1; 0: none

	positions bool // a shell gives the script the words behind it as $0, $1 and on
}

// noShell is the reading of words that something else than a shell takes for more than data.
func noShell(words []int, need *Need) reading { return reading{words: words, need: need} }

const writeProgramOut = "write the program's name out, as in sh -c '… %MACRO%'"
