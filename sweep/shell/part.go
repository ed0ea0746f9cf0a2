package shell

import (
	"fmt"
	"regexp"
)

var wholeNumber = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

// Part is a piece of a command's word: text, or a macro.
type Part struct {
	Text  string
	Macro Macro     // nil: text
	Need  *Need     // what its values must be; nil: any value is data there
	depth []quoting // in shell text: the quotes it stands in, the outermost shell's first
}

// InArithmetic reports whether the part is a macro in arithmetic of a shell.
func (p Part) InArithmetic() bool { return len(p.depth) > 0 && p.depth[len(p.depth)-1].sum }

// Quote writes the words of the part's macro so that the shells which read them take each as one word of
// data.
func (p Part) Quote(words []string) (string, error) {
	if p.InArithmetic() && !wholeNumber.MatchString(words[0]) {
		return "", &Refusal{fmt.Sprintf("%s stands in arithmetic, and %.80q is no whole number", p.Macro,
			words[0]),
			ArithmeticRemedy(p.Macro)}
	}
	return embed(words, p.depth), nil
}
