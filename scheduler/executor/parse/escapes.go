package parse

import (
	"bytes"
	"regexp"
)

// escapes are what terminals obey and do not show (ECMA-48): control sequences, of which only those that set
// colours, erase or switch leave the place where the next character goes; strings such as titles and links;
// and the short ones.
var escapes = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]|` +
	`(?:\x1b\]|\x{9d})[^\x07\x1b]*(?:\x07|\x1b\\)|` +
	`\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]|\x1b`)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Unescaped is a line as it is read: without what begins a file of Windows, and without escape sequences. One
// that moves the cursor stands for a blank.
func Unescaped(line []byte) []byte {
	line = bytes.TrimPrefix(line, byteOrderMark)
	if bytes.IndexByte(line, 0x1b) < 0 &&
		!bytes.Contains(line, []byte("\u009b")) && !bytes.Contains(line, []byte("\u009d")) {
		return line
	}
	return escapes.ReplaceAllFunc(line, func(seq []byte) []byte {
		if seq[0] == 0x1b && (len(seq) < 2 || seq[1] != '[') || bytes.HasPrefix(seq, []byte("\u009d")) {
			return nil
		}
		if bytes.IndexByte([]byte("mKJhl"), seq[len(seq)-1]) >= 0 {
			return nil
		}
		return []byte(" ")
	})
}
