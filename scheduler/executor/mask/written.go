package mask

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxGap bounds what may stand between two characters of a secret and is not seen, so that what is kept of a
// stream stays bounded.
const maxGap = 64

// written is how many bytes of data, from its beginning, write word: as it is, by JSON's escapes, with
// colours and other control sequences in between. open tells that data ends too soon to say. With escapes
// first a backslash begins an escape, else it stands for itself.
func written(word, data []byte, escapesFirst bool) (n int, open bool) {
	for at := 0; at < len(word); {
		r, size := utf8.DecodeRune(word[at:])
		m, cut := character(word[at:at+size], r, data[n:], escapesFirst)
		if m == 0 && !cut && at > 0 {
			var gap int
			if gap, cut = unseen(data[n:]); gap > 0 && !cut {
				n += gap
				m, cut = character(word[at:at+size], r, data[n:], escapesFirst)
			}
		}
		if cut {
			return 0, true
		}
		if m == 0 {
			return 0, false
		}
		n, at = n+m, at+size
	}
	return n, false
}

// character is how many bytes of data, from its beginning, write one character.
func character(raw []byte, r rune, data []byte, escapesFirst bool) (n int, open bool) {
	if len(data) == 0 {
		return 0, true
	}
	plain := bytes.HasPrefix(data, raw)
	if plain && (data[0] != '\\' || !escapesFirst) {
		return len(raw), false
	}
	if data[0] == '\\' {
		got, m, cut := escape(data)
		if cut || got == r && m > 0 {
			return m, cut
		}
		if escapesFirst && m > 0 {
			return 0, false
		}
	}
	if plain {
		return len(raw), false
	}
	return 0, len(data) < len(raw) && bytes.HasPrefix(raw, data)
}

// escape decodes the escape that data begins with; n is 0 when it is none.
func escape(data []byte) (r rune, n int, open bool) {
	if len(data) < 2 {
		return 0, 0, true
	}
	switch i := bytes.IndexByte([]byte(`"\/bfnrt`), data[1]); {
	case i >= 0:
		return rune("\"\\/\b\f\n\r\t"[i]), 2, false
	case data[1] != 'u':
		return 0, 0, false
	}
	r, n, open = unit(data)
	if open || n == 0 || !utf16.IsSurrogate(r) {
		return r, n, open
	}
	low, m, open := unit(data[n:])
	return utf16.DecodeRune(r, low), n + m, open
}

// unit reads \uXXXX.
func unit(data []byte) (r rune, n int, open bool) {
	const whole = len(`\uXXXX`)
	for i := 2; i < min(len(data), whole); i++ {
		if !bytes.ContainsRune([]byte("0123456789abcdefABCDEF"), rune(data[i])) {
			return 0, 0, false
		}
	}
	if !bytes.HasPrefix(data, []byte(`\u`)) {
		return 0, 0, len(data) < 2 && bytes.HasPrefix([]byte(`\u`), data)
	}
	if len(data) < whole {
		return 0, 0, true
	}
	x, _ := strconv.ParseUint(string(data[2:whole]), 16, 16)
	return rune(x), whole, false
}

// unseen is the length of the control characters and sequences that data begins with, which terminals do not
// show; open when data ends in them.
func unseen(data []byte) (n int, open bool) {
	for n < maxGap {
		if n == len(data) {
			return n, true
		}
		c, size := rune(data[n]), 1
		if c == '\\' {
			r, m, cut := escape(data[n:])
			if cut {
				return n, true
			}
			if m > 0 {
				c, size = r, m
			}
		}
		switch {
		case c != 0x1b && (c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f):
			n += size
			continue
		case c != 0x1b:
			return n, false
		}
		n += size
		if n == len(data) {
			return n, true
		}
		if data[n] != '[' { // a short one
			n++
			continue
		}
		for n++; n < min(len(data), maxGap) && data[n] < '@'; n++ {
		}
		if n == len(data) {
			return n, true
		}
		n++
	}
	return 0, false
}
