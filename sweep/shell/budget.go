package shell

import "mvdan.cc/sh/v3/syntax"

// Bounds of what is read of one command that has macros. What follows values through a script looks at parts of it
// many times over: of hostile text that would be without end.
const (
	// maxScript bounds the text of a shell command that has macros, in bytes: its parser recurses.
	maxScript = 64 << 10
	// maxWords bounds the words of one command.
	maxWords = 4096
	// maxSteps bounds the nodes of trees that are looked at, the bytes of text for further shells, and what flows:
	// ordinary scripts of maxScript bytes take a tenth.
	maxSteps = 1_000_000
	// maxLongSteps is maxSteps of a command that was accepted when there was no bound: seconds of work.
	maxLongSteps = 1_000_000_000
	// maxShells bounds how many shells read one text, each in the other's quotes.
	maxShells = 8
)

// budget counts what is looked at of one command, all its shells together.
type budget struct {
	steps int
	long  bool // the command was accepted before
}

// most is how many steps there may be.
func (b *budget) most() int {
	if b.long {
		return maxLongSteps
	}
	return maxSteps
}

// tooMany says whether a command has more words than are read.
func (b *budget) tooMany(words int) bool { return words > maxWords && !b.long }

func (b *budget) spend(steps int) { b.steps += steps }

// spent says whether nothing more is looked at: what is known then is not all, and no macro is taken.
func (b *budget) spent() bool { return b.steps > b.most() }

// walk is syntax.Walk as far as the budget goes.
func (b *budget) walk(n syntax.Node, visit func(syntax.Node) bool) {
	syntax.Walk(n, func(n syntax.Node) bool {
		if n == nil {
			return visit(n)
		}
		b.spend(1)
		return !b.spent() && visit(n)
	})
}

// Where macros stand of which kaon gave up to find out what becomes of them, and what to do.
const (
	tooMuch       = "a command that is too long and winding for kaon to read"
	tooMuchRemedy = "write it into a file of its own, and give that the macro as a word"
)
