package scheduler

import (
	"regexp"
	"strings"
)

// causeLine picks the line that says why a program ended from the last lines of its standard error, which are not
// blank: an exception, where a traceback or stack names one, else the last line that is no frame and no advice. Only
// people read it, and grouped failures by it. Empty: there is none.
func causeLine(lines []string) string {
	for _, of := range []func([]string) int{pythonCause, goCause, rustCause} {
		if at := of(lines); at >= 0 {
			return strings.TrimSpace(lines[at])
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if l := strings.TrimSpace(lines[i]); l != "" && !aside(lines[i], l) {
			return l
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// pythonFrame begins a frame of a traceback; pythonException is the line behind the frames.
const pythonFrame = `  File "`

var pythonException = regexp.MustCompile(`^[A-Za-z_][\w.]*(: |:?$)`)

// pythonCause is where the exception stands that the last traceback is of. What follows it may be its notes, or what
// libraries say as they end.
func pythonCause(lines []string) int {
	at := lastWith(lines, pythonFrame)
	if at < 0 {
		return -1
	}
	for i, l := range lines[at+1:] {
		if strings.HasPrefix(l, " ") {
			continue
		}
		if pythonException.MatchString(l) {
			return at + 1 + i
		}
		break
	}
	return -1
}

// goCause is where a panic, or an error of the runtime's, stands that goroutines follow.
func goCause(lines []string) int {
	at := max(lastWith(lines, "panic: "), lastWith(lines, "fatal error: "))
	if at < 0 || lastWith(lines[at:], "goroutine ") < 0 {
		return -1
	}
	return at
}

var rustPanic = regexp.MustCompile(`^thread '.*' (\(\d+\) )?panicked at .*:$`)

// rustCause is the line below that of a panic, which says where it was.
func rustCause(lines []string) int {
	for i := len(lines) - 2; i >= 0; i-- {
		if rustPanic.MatchString(lines[i]) {
			return i + 1
		}
	}
	return -1
}

// frame is a line of a stack of Java's or Node's, or what both put around it.
var frame = regexp.MustCompile(`^\s+(at |\.\.\. \d+ more$)|^Node\.js v\d`)

// aside tells lines that programs end with and that say nothing of why: frames, rules, what R says of calls, and what
// W&B's client does as it leaves.
func aside(line, trimmed string) bool {
	return frame.MatchString(line) || strings.Trim(trimmed, "-=*#~_") == "" ||
		strings.HasPrefix(trimmed, "wandb: ") || trimmed == "Execution halted" ||
		strings.HasPrefix(trimmed, "Calls: ") ||
		strings.HasPrefix(trimmed, "note: run with `RUST_BACKTRACE")
}

// lastWith is the last line with a prefix; -1: none has it.
func lastWith(lines []string, prefix string) int {
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], prefix) {
			return i
		}
	}
	return -1
}
