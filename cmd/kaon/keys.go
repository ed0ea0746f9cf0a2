package main

import "unicode/utf8"

// Keys that are no characters.
const (
	keyUp, keyDown, keyLeft, keyRight = "up", "down", "left", "right"
	keyHome, keyEnd                   = "home", "end"
	keyPageUp, keyPageDown            = "page up", "page down"
	keyEnter, keyEscape, keyTab       = "enter", "escape", "tab"
	keyBackspace, keyInterrupt        = "backspace", "interrupt"
)

// sequences are what terminals send for keys, without the escape before them.
var sequences = map[string]string{
	"[A": keyUp, "[B": keyDown, "[C": keyRight, "[D": keyLeft, "OA": keyUp, "OB": keyDown, "OC": keyRight,
	"OD": keyLeft,
	"[H": keyHome, "[F": keyEnd, "OH": keyHome, "OF": keyEnd, "[1~": keyHome, "[4~": keyEnd, "[7~": keyHome,
	"[8~": keyEnd,
	"[5~": keyPageUp, "[6~": keyPageDown,
}

var controls = map[byte]string{
	3: keyInterrupt, '\r': keyEnter, '\n': keyEnter, '\t': keyTab, 8: keyBackspace, 127: keyBackspace,
	2: keyPageUp, 6: keyPageDown, 16: keyUp, 14: keyDown, // as in less: ^B, ^F, ^P, ^N
}

// keysIn reads the keys of what a terminal sent. What is left may be the beginning of one; at the end of all that
// comes, nothing is left, and an escape alone is the key. What is no key is passed over.
func keysIn(sent []byte, end bool) (keys []string, left []byte) {
	for len(sent) > 0 {
		key, n := keyIn(sent)
		if n == 0 {
			if !end {
				return keys, sent
			}
			if key, n = "", 1; sent[0] == 0x1b {
				key = keyEscape
			}
		}
		if key != "" {
			keys = append(keys, key)
		}
		sent = sent[n:]
	}
	return keys, nil
}

// keyIn is the key at the start, empty for what is none, and its length; 0: more has to come first.
func keyIn(sent []byte) (key string, n int) {
	if sent[0] == 0x1b {
		return sequenceIn(sent)
	}
	if sent[0] < 0x20 || sent[0] == 0x7f {
		return controls[sent[0]], 1
	}
	if !utf8.FullRune(sent) {
		return "", 0
	}
	r, n := utf8.DecodeRune(sent)
	if r == utf8.RuneError || unprintable(r) {
		return "", n
	}
	return string(r), n
}

// sequenceIn is the key of an escape sequence.
func sequenceIn(sent []byte) (key string, n int) {
	if len(sent) == 1 {
		return "", 0
	}
	if sent[1] != '[' && sent[1] != 'O' {
		return keyEscape, 1
	}
	for i, c := range sent[2:] {
		if c >= 0x40 && c <= 0x7e {
			return sequences[string(sent[1:i+3])], i + 3
		}
		if c < 0x20 || c > 0x7e {
			return "", i + 2
		}
	}
	return "", 0
}
