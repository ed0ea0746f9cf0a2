package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// unprintable says whether a character could act on a terminal, or show text in another order than it has: control
// characters but line ends and tabs, what separates lines besides, and marks of direction.
func unprintable(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r == 0x061c || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x206f:
		// direction
		return true
	}
	return r == 0x2028 || r == 0x2029 // separators of lines and paragraphs
}

// appendPrintable is the next character of text as it may be printed, and its length in bytes. What may not be is
// written as JSON escapes it, so that JSON stays JSON with the same meaning; a byte that is no UTF-8 as the character
// of that number.
func appendPrintable(out, text []byte) ([]byte, int) {
	r, n := utf8.DecodeRune(text)
	if r == utf8.RuneError && n == 1 {
		r = rune(text[0])
	} else if !unprintable(r) {
		return append(out, text[:n]...), n
	}
	return fmt.Appendf(out, `\u%04x`, r), n
}

// clean is a text that somebody else wrote, fit for a terminal.
func clean(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError || unprintable(r) }) < 0 {
		return text
	}
	var out []byte
	for rest := []byte(text); len(rest) > 0; {
		var n int
		out, n = appendPrintable(out, rest)
		rest = rest[n:]
	}
	return string(out)
}

// printable is the one door through which text reaches standard output and standard error: names, reasons, errors and
// whatever else trials, specs, masters and archives have a say in. Any goroutine may write.
type printable struct {
	to *checked
	// colours lets the output of a trial set colours, as programs do that write to a terminal, and takes a return
	// without a line's end for one, as progress bars use it.
	colours bool

	mu struct {
		sync.Mutex
		held    []byte // the beginning of what the next write may complete
		painted bool   // a colour may be set
	}
}

func (p *printable) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := append(p.mu.held, text...)
	p.mu.held = nil
	out := make([]byte, 0, len(rest))
	for len(rest) > 0 {
		n := 0
		if out, n = p.next(out, rest); n == 0 {
			p.mu.held = bytes.Clone(rest)
			break
		}
		rest = rest[n:]
	}
	if _, err := p.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}

// next appends what the text begins with, and answers how much of it that was; 0: more has to come first.
func (p *printable) next(out, text []byte) ([]byte, int) {
	if p.colours && text[0] == '\r' {
		switch {
		case len(text) == 1:
			return out, 0
		case text[1] == '\n':
			return out, 1
		}
		return append(out, '\n'), 1
	}
	if p.colours && text[0] == '\x1b' {
		n, whole := colour(text)
		if !whole {
			return out, 0
		}
		if n > 0 {
			p.mu.painted = true
			return append(out, text[:n]...), n
		}
	}
	if !utf8.FullRune(text) {
		return out, 0
	}
	return appendPrintable(out, text)
}

// longestColour bounds a sequence that sets colours; 38;2;R;G;B for both grounds fits.
const longestColour = 64

// colour is the length of the sequence that sets colours and nothing else at the start of text, 0 when there is none;
// not whole when more has to come first.
func colour(text []byte) (n int, whole bool) {
	for i, c := range text[:min(len(text), longestColour)] {
		switch {
		case i == 0:
		case i == 1:
			if c != '[' {
				return 0, true
			}
		case c == 'm':
			return i + 1, true
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0, true
		}
	}
	return 0, len(text) >= longestColour
}

// end prints what was held back, and puts colours back.
func (p *printable) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []byte
	for rest := p.mu.held; len(rest) > 0; {
		var n int
		out, n = appendPrintable(out, rest)
		rest = rest[n:]
	}
	if p.mu.held = nil; p.mu.painted {
		out = append(out, "\x1b[0m"...)
		p.mu.painted = false
	}
	if len(out) > 0 {
		_, _ = p.to.Write(out) // checked remembers its errors
	}
}

// raw is standard output for bytes that are somebody's data: as they are into a file or pipe, cleaned on a terminal.
// The caller must call end.
func (o *output) raw(colours bool) (w io.Writer, end func()) {
	c := checkedOf(o.stdout)
	switch {
	case c == nil:
		return o.stdout, func() {}
	case !onTerminal(c):
		return c, func() {}
	}
	p := &printable{to: c, colours: colours}
	return p, p.end
}

// trusted is where to write text that has been cleaned, with kaon's own colours in it.
func trusted(w io.Writer) io.Writer {
	if c := checkedOf(w); c != nil {
		return c
	}
	return w
}
