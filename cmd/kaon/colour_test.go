package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// luminance is how bright a colour of the palette of 256 is, by the definition of WCAG.
func luminance(n int) float64 {
	level := func(v int) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	r, g, b := 8+10*(n-232), 8+10*(n-232), 8+10*(n-232)
	if n < 232 {
		steps := []int{0, 95, 135, 175, 215, 255}
		n -= 16
		r, g, b = steps[n/36], steps[n/6%6], steps[n%6]
	}
	return 0.2126*level(r) + 0.7152*level(g) + 0.0722*level(b)
}

// Every state can be read on black and on white.
func TestTonesOnDarkAndLight(t *testing.T) {
	for state, tone := range stateColours {
		n, err := strconv.Atoi(strings.TrimPrefix(tone[0], "38;5;"))
		if err != nil {
			t.Fatal(err)
		}
		l := luminance(n)
		if dark, light := (l+0.05)/0.05, 1.05/(l+0.05); min(dark, light) < 3.8 {
			t.Errorf("%s: contrast %.1f on black, %.1f on white", state, dark, light)
		}
	}
}

// mixed is a sweep in which some trials fail.
const mixed = `
name: mixed
method: grid
metric: {name: loss, goal: minimize}
metrics: [{name: acc}]
parameters:
  lr: {values: [0.012345678901234, 0.5]}
  optimizer: {values: [adam, "a name\nin lines that is longer than there is room for on any screen"]}
  model: {parameters: {momentum: {value: 0.98765432109}, dropout: {value: 0.25}}}
command: ["sh", "-c", "echo loss=0.123456789 acc=0.5; test $KAON_TRIAL != 2"]
task: {retries: 0}
`

var paint = regexp.MustCompile("\x1b\\[[0-9;]*m")

// States have colours on a terminal, and nowhere else.
func TestStatesHaveColours(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("mixed.yaml", mixed)
	p.kaon("run", "mixed.yaml").ends(exitDone)
	shown := func(env []string, args ...string) string {
		x, _ := p.onTerminal(100, env, args...)
		x.wait().ends(exitDone)
		<-x.drained
		return x.stdout.String()
	}
	for _, args := range [][]string{{"trials"}, {"status"}, {"trial", "2"}, {"trial", "0"}} {
		screen := shown(nil, args...)
		want := "succeeded"
		if len(args) > 1 && args[1] == "2" {
			want = "failed"
		}
		if full := "\x1b[" + stateColours[want][0] + "m" + want + "\x1b[0m"; !strings.Contains(screen, full) {
			t.Errorf("%v: %q is not in:\n%q", args, full, screen)
		}
		few := shown([]string{"TERM=xterm", "COLORTERM="}, args...)
		if full := "\x1b[" + stateColours[want][1] + "m" + want + "\x1b[0m"; !strings.Contains(few, full) {
			t.Errorf("%v with 16 colours: %q is not in:\n%q", args, full, few)
		}
		for _, env := range [][]string{{"NO_COLOR=1"}, {"TERM=dumb"}, {"TERM="}} {
			if plain := shown(env, args...); plain != paint.ReplaceAllString(screen, "") {
				t.Errorf("%v with %v: %q", args, env, plain)
			}
		}
		if r := p.kaon(args...).ends(exitDone); strings.Contains(r.stdout, "\x1b") {
			t.Errorf("%v in a pipe: %q", args, r.stdout)
		}
	}
}

// A table has a column for each parameter, is as wide as the terminal, and says what it left out.
func TestTrialsFitTheTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("mixed.yaml", mixed)
	p.kaon("run", "mixed.yaml").ends(exitDone)
	for _, width := range []uint16{160, 100, 60, 40, 30} {
		for _, args := range [][]string{{"trials"}, {"trials", "--sort", "acc"}, {"trials", "--sort", "seconds", "--metrics", "all"}} {
			x, _ := p.onTerminal(width, []string{"NO_COLOR=1"}, args...)
			x.wait().ends(exitDone)
			<-x.drained
			screen := strings.ReplaceAll(x.stdout.String(), "\r\n", "\n")
			table, note, left := strings.Cut(screen, "… no room in ")
			for text := range strings.Lines(table) {
				if n := columns(strings.TrimRight(text, "\n")); n > int(width) {
					t.Errorf("%v: %d places on %d columns: %q", args, n, width, text)
				}
			}
			head, _, _ := strings.Cut(table, "\n")
			by := map[string]string{"acc": "acc", "seconds": "SECONDS", "trials": "loss"}[args[min(len(args)-1, 2)]]
			if args = args[:len(args):len(args)]; !strings.Contains(head, by) {
				t.Errorf("%v on %d columns lacks %s: %q", args, width, by, head)
			}
			all := strings.Contains(head, "lr") && strings.Contains(head, "optimizer") && strings.Contains(head, "dropout")
			if all == left {
				t.Errorf("%v on %d columns: %q and %q", args, width, head, note)
			}
			if left && (!strings.HasPrefix(note, fmt.Sprintf("%d columns for: ", width)) || !strings.Contains(note, "| less -S` shows them")) {
				t.Errorf("%v on %d columns: the note is %q", args, width, note)
			}
		}
	}
	r := p.kaon("trials", "--metrics", "acc").ends(exitDone)
	want := `TRIAL  STATE      loss      acc  TRIES  SECONDS  lr         optimizer                                                             model.momentum  model.dropout
0      succeeded  0.123457  0.5  1      S.SS     0.0123457  adam                                                                  0.987654        0.25
1      succeeded  0.123457  0.5  1      S.SS     0.0123457  a name\nin lines that is longer than there is room for on any screen  0.987654        0.25
2      failed     0.123457  0.5  1      S.SS     0.5        adam                                                                  0.987654        0.25
3      succeeded  0.123457  0.5  1      S.SS     0.5        a name\nin lines that is longer than there is room for on any screen  0.987654        0.25
`
	if got := regexp.MustCompile(`\d+\.\d\d( {5}0)`).ReplaceAllString(r.stdout, "S.SS$1"); got != want {
		t.Errorf("in a pipe:\n%swant:\n%s", got, want)
	}
	p.kaon("trials", "--metrics", "los").ends(exitUsage).says(`--metrics "los" is no metric of this sweep; there are: `, "loss, acc", "--metrics all")
}

// A value of any size is told by its beginning, on one line; JSON has it whole.
func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	long := strings.Repeat("abcdefghij", 20_000)
	p.write("long.yaml", fmt.Sprintf("name: long\nmethod: grid\nmetric: {name: y}\nparameters: {x: {values: [\"%s\"]}, z: {values: [\"a\\nb\\tc\\ed\"]}}\n"+
		"command: [sh, -c, 'test -s \"$0\"; echo y=1', '${args_json_file}']\n", long))
	p.kaon("plan", "long.yaml").ends(exitDone).prints("bytes; --json has all)")
	if n := len(p.kaon("plan", "long.yaml").stdout); n > 15_000 {
		t.Errorf("plan prints %d bytes", n)
	}
	run := p.kaon("run", "long.yaml").ends(exitDone)
	const cut = "x: abcdefghij"
	run.prints(cut, "… (200,000 bytes; --json has all)\n", `  z: a\nb\tc\u001bd`+"\n")
	for _, args := range [][]string{{"best"}, {"trials"}, {"trial", "0"}} {
		r := p.kaon(args...).ends(exitDone).prints(`a\nb\tc\u001bd`)
		if strings.Contains(r.stdout, long) || len(r.stdout) > 10_000 {
			t.Errorf("%v prints %d bytes", args, len(r.stdout))
		}
	}
	for _, args := range [][]string{{"best", "--json"}, {"trials", "--json"}, {"trial", "0", "--json"}} {
		p.kaon(args...).ends(exitDone).prints(long)
	}
}

// Help is as wide as the terminal, where that leaves room for two columns.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, width := range []uint16{100, 64} {
		x, _ := p.onTerminal(width, nil, "trials", "--help")
		x.wait().ends(exitDone)
		<-x.drained
		for text := range strings.Lines(x.stdout.String()) {
			if n := columns(strings.TrimRight(text, "\r\n")); n > int(width) {
				t.Errorf("%d places on %d columns: %q", n, width, text)
			}
		}
	}
}
