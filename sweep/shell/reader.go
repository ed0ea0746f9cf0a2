package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// reader finds in which quotes of a shell's text macros stand. The text is parsed with a plain name in the
// place of each macro; a macro is accepted only where the tree shows that a quoted word means the same as
// the name.
type reader struct {
	*budget
	prefix string
	holes  []hole
	at     []standing // by hole
	deeper int        // shells around this text
	texts  int        // that were read, which tells their positional words apart
	flow   flow

	functions map[string]bool // that some text defines
	integers  map[string]bool // variables that are declared numbers
	// variables that are set to one text; unknownText: to several, or to what is not known
	literals map[string]string
}

func (r *reader) refuseAll(text, where, remedy string) {
	r.named(text, func(n int, _, _ string) { r.refuse(n, where, remedy) })
}

// giveUp refuses all macros, and lets what comes from outside be numbers alone: more than what was read may become
// of them.
func (r *reader) giveUp() {
	for n := range r.at {
		if n < len(r.holes) {
			r.refuse(n, tooMuch, tooMuchRemedy)
		} else {
			r.at[n].need = &Need{Number, tooMuch, tooMuchRemedy}
		}
	}
}

func (r *reader) refuse(n int, where, remedy string) {
	if r.at[n].err == nil && r.holes[n].err == nil {
		r.at[n].err = unquotable(r.holes[n].macro, where, remedy)
	}
}

// visitor walks the tree of one text, which its outermost node holds first.
type visitor struct {
	*reader
	scope string // the place of its positional words
	above []syntax.Node
	inner map[*syntax.Word]string // words that another shell reads again, by what reads them
	ansi  bool
}

func (r *reader) name(hole int) string { return r.prefix + strconv.Itoa(hole) + "Z" }

// named calls use for every hole whose name stands in text, with what stands before and behind the name.
func (r *reader) named(text string, use func(hole int, before, after string)) {
	for from := 0; ; {
		i := strings.Index(text[from:], r.prefix)
		if i < 0 {
			return
		}
		i += from
		digits, _, closed := strings.Cut(text[i+len(r.prefix):], "Z")
		n, err := strconv.Atoi(digits)
		from = i + len(r.prefix)
		if closed && err == nil && n < len(r.at) {
			from = i + len(r.name(n))
			use(n, text[:i], text[from:])
		}
	}
}

// maxPrefix bounds what names of macros begin with, which every macro takes in the text.
const maxPrefix = 32

func newReader(script string, found []hole, b *budget) *reader {
	r := &reader{budget: b, flow: flow{budget: b}, prefix: "KaonMacro", holes: found, at: make([]standing, len(found)),
		functions: map[string]bool{}, integers: map[string]bool{}, literals: map[string]string{}}
	for strings.Contains(script, r.prefix) {
		if r.prefix += "x"; len(r.prefix) > maxPrefix {
			b.spend(b.most() + 1)
			break
		}
	}
	return r
}
