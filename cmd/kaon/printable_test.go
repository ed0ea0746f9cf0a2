package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile is every kind of character that acts on a terminal or hides what a text says, and bytes that are no UTF-8.
const hostile = "a\x1b]0;owned\x07b\x1b[2Jc\x08\x0b\x0c\rd\x7fe\u0085\u009b31mf\x9b2Jg\u202eh\u2066i\u200fj\u061ck\u2028l\u2029\xffm"

// bare fails when a screen has a character that may not be there; a terminal itself makes returns before line ends.
func bare(t *testing.T, what, screen string) {
	t.Helper()
	text := strings.ReplaceAll(screen, "\r\n", "\n")
	text = strings.ReplaceAll(text, toStart+eraseAll+"time=", "time=") // kaon's own: a line of the log takes the bar's place
	for _, tone := range stateColours {                                // kaon's own
		text = strings.ReplaceAll(text, "\x1b["+tone[0]+"m", "")
	}
	text = strings.ReplaceAll(text, "\x1b[0m", "")
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRuneInString(rest)
		if unprintable(r) || r == utf8.RuneError && n == 1 {
			at := len(text) - len(rest)
			t.Errorf("%s: %q reaches the screen in %q", what, rest[:n], text[max(0, at-30):min(len(text), at+30)])
			return
		}
		rest = rest[n:]
	}
}

func TestAttackCleanTextHasNoControls(t *testing.T) {
	bare(t, "clean", clean(hostile))
	if got := clean("größe 損失 🙂\tx\n"); got != "größe 損失 🙂\tx\n" {
		t.Errorf("changed to %q", got)
	}
	if got, want := clean("\x1b[31m\u202e\x9b\u0085"), `\u001b[31m\u202e\u009b\u0085`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What is written byte by byte is what is written at once; colours pass where they are wanted, and are put back.
func TestAttackStreamsInPieces(t *testing.T) {
	for text, want := range map[string][2]string{
		hostile:                        {"", ""},
		"ü損🙂\n":                        {"ü損🙂\n", "ü損🙂\n"},
		"\x1b[1;31mred\x1b[0m\n":       {`\u001b[1;31mred\u001b[0m` + "\n", "\x1b[1;31mred\x1b[0m\n\x1b[0m"},
		"10 %\r20 %\r\nend":            {`10 %\u000d20 %\u000d` + "\nend", "10 %\n20 %\nend"},
		"\x1b[2J\x1b[?25l\x1b[":        {`\u001b[2J\u001b[?25l\u001b[`, `\u001b[2J\u001b[?25l\u001b[`},
		"cut \xe2\x82":                 {`cut \u00e2\u0082`, `cut \u00e2\u0082`},
		strings.Repeat("\x1b[1", 2000): {strings.Repeat(`\u001b[1`, 2000), strings.Repeat(`\u001b[1`, 2000)},
	} {
		for i, colours := range []bool{false, true} {
			for _, step := range []int{1, 3, 1 << 20} {
				file, err := os.CreateTemp(t.TempDir(), "")
				if err != nil {
					t.Fatal(err)
				}
				p := &printable{to: &checked{file: file}, colours: colours}
				for rest := text; len(rest) > 0; rest = rest[min(step, len(rest)):] {
					if _, err := p.Write([]byte(rest[:min(step, len(rest))])); err != nil {
						t.Fatal(err)
					}
				}
				p.end()
				got, _ := os.ReadFile(file.Name())
				file.Close()
				if want[i] != "" && string(got) != want[i] {
					t.Errorf("%q in steps of %d, colours %v: %q, want %q", text, step, colours, got, want[i])
				}
				bare(t, text, escape.ReplaceAllString(string(got), ""))
			}
		}
	}
}

// Nothing that a trial, a spec or a master says reaches a terminal with control characters in it.
func TestAttackTerminal(t *testing.T) {
	t.Parallel()
	want(t, "python3")
	p := newPlace(t)
	quoted, _ := json.Marshal(strings.ToValidUTF8(hostile, ""))
	p.write("evil.yaml", `
name: `+string(quoted)+`
description: `+string(quoted)+`
method: grid
metric: {name: y, goal: minimize}
parameters: {x: {values: [`+string(quoted)+`, 2]}}
command: [python3, trial.py]
task: {logs: all, retries: 0}
`)
	p.write("trial.py", `
import os, sys, json
bad = b"a\x1b]0;owned\x07b\x1b[2Jc\x08\x0b\x0cd\x7fe\xc2\x85\xc2\x9b31mf\x9b2Jg\xe2\x80\xaeh\xe2\x81\xa6i\xe2\x80\x8fj\xd8\x9ck\xe2\x80\xa8l\xffm"
text = bad.decode("utf-8", "ignore")
for out in sys.stdout.buffer, sys.stderr.buffer:
    out.write(bad + b"\n\x1b[31mred\n")
    out.flush()
print(json.dumps({"y": 1, text: 2}, ensure_ascii=False), flush=True)
with open(os.environ["KAON_METRICS"], "a") as f:
    for say in {"milestone": text}, {"name": text, "value": text}, {"y": 1, "n" + text: 3}:
        f.write(json.dumps(say) + "\n")
try:
    open(os.path.join(os.environ["KAON_ARTIFACTS"], "art.bin"), "w").write("x")
except OSError:
    pass
sys.exit(os.environ["KAON_TRIAL"] == "1")
`)
	shown := func(args ...string) string {
		x, _ := p.onTerminal(200, nil, args...)
		x.wait()
		<-x.drained
		return x.stdout.String()
	}
	run := shown("run", "evil.yaml", "--quiet")
	if bare(t, "run", run); !strings.Contains(run, "winner: trial 0") {
		t.Fatalf("there is no sweep to look at:\n%s", run)
	}
	bare(t, "plan", shown("plan", "evil.yaml"))
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"trials"}, {"trials", "--json"}, {"trial", "0"}, {"trial", "1"}, {"trial", "0", "--json"}, {"best"},
		{"best", "--format", "env"}, {"best", "--format", "yaml"}, {"best", "--format", "json"}, {"best", "--format", "flags"},
		{"artifacts", "0"}, {"artifacts", "0", "--json"}, {"export"}, {"export", "--format", "jsonl"}, {"export", "--points"},
		{"trial", hostile}, {"status", "no\x1b[2J"}, {"plan", "no\x1b[2J.yaml"}, {"run", "evil.yaml", "--set", "na\x1b[2Jme=1"},
		{"plan", "evil.yaml", "--set", "metric.go\u202eal=1"}, {"\x1b[2J"},
	} {
		bare(t, strings.Join(args, " "), shown(args...))
	}
	for _, args := range [][]string{{"logs", "0"}, {"logs", "0", "--stderr"}, {"logs", "1"}} {
		screen := shown(args...)
		if !strings.Contains(screen, "\x1b[31mred") || !strings.HasSuffix(strings.TrimSpace(screen), "\x1b[0m") {
			t.Errorf("%v: colours are not as they were, or not put back: %q", args, screen)
		}
		bare(t, strings.Join(args, " "), strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(screen))
	}
	if piped := p.kaon("logs", "0").ends(exitDone).stdout; !strings.Contains(piped, "\x1b]0;owned\x07b\x1b[2Jc") {
		t.Errorf("in a pipe the output of a trial is not as it was: %q", piped)
	}
	for line := range strings.Lines(p.kaon("trials", "--json").ends(exitDone).stdout) {
		bare(t, "trials --json in a pipe", line)
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}

	master := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(hostile))
	}))
	defer master.Close()
	bare(t, "a master", shown("run", "evil.yaml", "--cluster", "mesos://"+strings.TrimPrefix(master.URL, "http://"), "--connect-timeout", "1s"))
	bare(t, "a master of plan", shown("plan", "evil.yaml", "--cluster", "mesos://"+strings.TrimPrefix(master.URL, "http://")))
}
