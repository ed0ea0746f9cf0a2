package shell

import (
	"fmt"
	"regexp"
	"strings"
)

// Kind is what a value must be to stand where a macro does.
type Kind uint8

const (
	Anything  Kind = iota
	PlainWord      // a word in which no shell finds a blank, a quote or a pattern
	Number         // a number, which is data to every language
)

func (k Kind) String() string { return [...]string{"any value", "a plain word", "a number"}[k] }

// Need is the kind of values that a place takes, with words for who has others. In Remedy, %MACRO% and
// %VARIABLE% stand for the macro's own names.
type Need struct {
	Kind   Kind
	Place  string
	Remedy string
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_@+=:,./-]+$`)

// IsPlain reports whether no shell takes a word for more than data, with quotes or without.
func IsPlain(word string) bool { return plainText.MatchString(word) }

// Refuse is the error of a macro whose values are not what the place needs.
func (n *Need) Refuse(m Macro) error {
	problem := fmt.Sprintf("%s stands in %s, where its value would not arrive as it is", m, n.Place)
	if m.IsValue() {
		problem = fmt.Sprintf("%s stands in %s, where only %s arrives as it is", m, n.Place, n.Kind)
	}
	return &Refusal{problem, n.remedy(m)}
}

func (n *Need) remedy(m Macro) string {
	return strings.NewReplacer("%MACRO%", m.String(), "%VARIABLE%", m.Variable()).Replace(n.Remedy)
}

// ArithmeticRemedy is what to do about a macro in arithmetic whose value is no whole number.
func ArithmeticRemedy(m Macro) string { return (&Need{Remedy: byAwk}).remedy(m) }

// unquotable refuses a macro for the place it stands in.
func unquotable(m Macro, where, remedy string) error {
	if remedy == "" {
		remedy = "give it to a program as a word of its own, or let the program read $KAON_PARAMS"
	}
	n := Need{Place: where, Remedy: remedy}
	return &Refusal{fmt.Sprintf("%s stands in %s, where its value would not arrive as it is", m, where),
		n.remedy(m)}
}

// asCode is the Need of text that something runs.
func asCode(place, read string) *Need {
	remedy := "write \"$%VARIABLE%\" in its place, in a script in single quotes, " +
		"as in sh -c './train --x \"$%VARIABLE%\"': every trial has that variable"
	if read != "" {
		remedy = "read it there from the environment: " + strings.ReplaceAll(read, "%", "%VARIABLE%")
	}
	return &Need{Number, place, remedy}
}

// zerothWord refuses a macro for several words where the first of them becomes $0 of a script.
func zerothWord(m Macro) error {
	return &Refusal{m.String() +
		" stands where its first word becomes $0 of the script, and is not in \"$@\"",
		fmt.Sprintf("write a word before it, as in sh -c '…' sh %s", m)}
}

// The remedies of several places.
const (
	readByName = "write the command where it runs, with %MACRO% as a word of it, " +
		"or let what runs read \"$%VARIABLE%\""
	byAwk = "let a program compute it, as in $(awk -v x=%MACRO% 'BEGIN {print x * 2}'): " +
		"in arithmetic a shell runs what a value says, and has no fractions"
)
