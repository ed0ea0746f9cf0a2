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

// Need is the kind of values that a place takes, with words for who has others. In Remedy, %MACRO% and %VARIABLE% stand
// for the macro's own names.
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

// Refusal is why a macro cannot stand where it does, and what to write instead.
type Refusal struct {
	Problem string
	remedy  string
}

func (r *Refusal) Error() string { return r.Problem }

// Remedy is what the user can do about it; empty: nothing is known.
func (r *Refusal) Remedy() string { return r.remedy }

// unquotable refuses a macro for the place it stands in.
func unquotable(m Macro, where, remedy string) error {
	if remedy == "" {
		remedy = "give it to a program as a word of its own, or let the program read $KAON_PARAMS"
	}
	n := Need{Place: where, Remedy: remedy}
	return &Refusal{fmt.Sprintf("%s stands in %s, where its value would not arrive as it is", m, where), n.remedy(m)}
}
