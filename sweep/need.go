package sweep

import (
	"fmt"
	"regexp"
	"strings"
)

// need is what a value must be to stand where a macro does.
type need uint8

const (
	anything  need = iota
	plainWord      // a word in which no shell finds a blank, a quote or a pattern
	anyNumber      // a number, which is data to every language
)

func (n need) String() string {
	return [...]string{"any value", "a plain word", "a number"}[n]
}

// requirement is a need with where it comes from.
type requirement struct {
	need   need
	place  string
	remedy string
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_@+=:,./-]+$`)

// meets says whether a value is what a place needs.
func (n need) meets(v Value) bool {
	switch v := v.(type) {
	case int64:
		return true
	case float64:
		return IsFinite(v)
	}
	return n == anything || n == plainWord && plainText.MatchString(Format(v))
}

// meetsAll says whether the words that a macro stands for are what a place needs.
func (n need) meetsAll(m macro, words []string, params Point) bool {
	if n == anything {
		return true
	}
	switch m.name {
	case "param":
		v, _ := params.Lookup(m.arg)
		return n.meets(v)
	case "value", "trial", "seed":
		return true
	}
	if n > plainWord {
		return false
	}
	for _, w := range words {
		if !plainText.MatchString(w) {
			return false
		}
	}
	return true
}

// refusal is the error of a macro whose values are not what its place needs.
func (x *requirement) refusal(m macro) error {
	problem := fmt.Sprintf("%s stands in %s, where its value would not arrive as it is", m, x.place)
	if m.name == "param" {
		problem = fmt.Sprintf("%s stands in %s, where only %s arrives as it is", m, x.place, x.need)
	}
	return &withRemedy{problem, x.advice(m)}
}

// advice puts the macro's own names into a remedy: %MACRO% and %VARIABLE%.
func (x *requirement) advice(m macro) string {
	return strings.NewReplacer("%MACRO%", m.String(), "%VARIABLE%", m.variable()).Replace(x.remedy)
}

// variable is the environment variable in which a trial finds what a macro stands for.
func (m macro) variable() string {
	switch m.name {
	case "param":
		if m.winner {
			return "KAON_WINNER"
		}
		first, _, _ := strings.Cut(m.arg, ".")
		return EnvName(first)
	case "envvar":
		return m.arg
	}
	return "KAON_PARAMS"
}
