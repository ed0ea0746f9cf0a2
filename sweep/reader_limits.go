package sweep

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds on a spec. The largest real sweep files are a few kilobytes; what is beyond these is an accident or
// an attack.
const (
	maxSource = 1 << 20 // bytes of one file
	// lines of one file: the YAML library is quadratic in some constructs, a second at most here
	maxLines = 20_000
	// texts after | or >: the YAML library reads n of them in O(n²), these in milliseconds
	maxBlocks = 2000
)

// checkSize refuses, before the YAML library sees it, what it could not read in bounded time and stack.
func (r *reader) checkSize(src []byte) bool {
	if len(src) > maxSource {
		r.fail(0, 0, fmt.Sprintf("the spec has %d bytes; %d are allowed", len(src), maxSource),
			"generate long value lists with min, max and q, or put data in files that trials read")
		return false
	}
	if !utf8.Valid(src) {
		for i, line := range r.lines {
			if utf8.ValidString(line) {
				continue
			}
			column := 1
			for _, c := range line {
				if c == utf8.RuneError {
					break
				}
				column++
			}
			r.fail(i+1, column, "the text is not UTF-8", "save the file as UTF-8")
			return false
		}
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		r.fail(bytes.Count(src[:i], []byte{'\n'})+1, 1, "there is a NUL byte",
			"save the file as plain text in UTF-8")
		return false
	}
	return r.checkDepth()
}

// beginsBlock says whether a line ends with | or >, perhaps with an indicator and a comment behind it, so that
// a text of several lines follows.
func beginsBlock(line string) bool {
	header, _, _ := strings.Cut(line, " #")
	header = strings.TrimRight(header, " \t0123456789+-")
	return strings.HasSuffix(header, "|") || strings.HasSuffix(header, ">")
}

// checkDepth bounds the nesting that the text can ask for: flow brackets, and indicators repeated on a line.
func (r *reader) checkDepth() bool {
	if len(r.lines) > maxLines {
		r.fail(maxLines+1, 1, fmt.Sprintf("the spec has %d lines; %d are allowed", len(r.lines), maxLines),
			"write long value lists on one line, or as min, max and q")
		return false
	}
	open, blocks := 0, 0
	for i, line := range r.lines {
		if beginsBlock(line) {
			if blocks++; blocks > maxBlocks {
				r.fail(i+1, 1, fmt.Sprintf("there are more than %d texts after | or >", maxBlocks),
					"write short texts in quotes")
				return false
			}
		}
		marks := 0
		for word := range strings.FieldsSeq(line) {
			if word == "-" || word == "?" || word[0] == '!' || word[0] == '&' {
				marks++
			}
		}
		deep := marks > 4*maxDepth
		for j := 0; j < len(line) && !deep; j++ {
			switch line[j] {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			}
			deep = open > 4*maxDepth
		}
		if deep {
			r.fail(i+1, 1, "the nesting is too deep", fmt.Sprintf("at most %d levels are read", maxDepth))
			return false
		}
	}
	return true
}
