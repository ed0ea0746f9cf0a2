package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// watching is `kaon watch` on a terminal, and who sits before it.
type watching struct {
	*process
	t      *testing.T
	keys   *os.File
	screen *testkit.Screen
}

func (p place) watching(columns, rows uint16, env []string, args ...string) watching {
	p.t.Helper()
	w := watching{t: p.t, screen: testkit.NewScreen(int(columns), int(rows))}
	w.process, w.keys = p.before(w.screen, columns, rows, env, append([]string{"watch"}, args...)...)
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("kaon watch %q ended with:\n%s", args, strings.Join(w.screen.Lines(), "\n"))
		}
	})
	return w
}

// press types keys, and waits until the screen has all of the texts.
func (w watching) press(keys string, texts ...string) {
	w.t.Helper()
	if _, err := w.keys.WriteString(keys); err != nil {
		w.t.Fatal(err)
	}
	for _, text := range texts {
		testkit.Await(w.t, fmt.Sprintf("%q on the screen after %q", text, keys), func() bool { return w.screen.Has(text) })
	}
}

// left asserts that it ends so, and gives back the terminal as it was.
func (w watching) left(code int) {
	w.t.Helper()
	w.wait().ends(code)
	<-w.drained
	if other, hidden := w.screen.Taken(); other || hidden {
		w.t.Errorf("the screen is still taken: %v, the cursor hidden: %v", other, hidden)
	}
	for _, strange := range w.screen.Strange() {
		w.t.Errorf("it wrote %q", strange)
	}
}

// One sees a sweep on this machine run and end: in the list, its trials sorted and filtered, curves, and what a trial writes as it writes.
func TestWatchScreen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	w := p.watching(100, 30, nil)
	w.press("", "> gated-", "running", "q quit")
	w.press("\r", "8 trials:", "succeeded", "[1 trials]", "best first")
	w.press("2", "best y over trials")
	w.press("3", "no trial has failed")
	w.press("1f", "running, best first")
	w.press("/trial > 100\r", "no trial is so")
	w.press("/trial >\r", "filter: ")
	w.press("/\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\r", "running, best first")
	w.press("\r", "[standard output]", "followed")
	p.opened()
	x.wait().ends(exitDone)
	w.press("\x1b", "8 succeeded", "all trials ended")
	w.press("ffffff", "8 trials, best first")
	w.press("s", "8 trials, by trial")
	w.press("r", "by trial, highest first", "> 7 ")
	w.press("\x1b[B", "> 6 ")
	w.press("\r", "trial 6 of gated-", "attempt 1 of 1")
	w.press("e", "[standard error]", "it wrote nothing here")
	w.press("q")
	w.left(exitDone)
}

// Left with a sweep that was named, it says how that stands, and answers so.
func TestWatchScreenOfOneSweep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.write("slow.yaml", slowSpec)
	x, _ := p.serving()
	p.kaon("submit", "quick.yaml", "-w").ends(exitDone)
	p.kaon("submit", "slow.yaml", "--label", "nightly").ends(exitDone)
	w := p.watching(90, 24, nil, "quick-")
	w.press("", "3 succeeded", "best loss 1", "the server at unix://")
	w.press("\r", "hello")
	w.press("/HELL\r", "2 lines")
	w.press("q")
	w.left(exitDone)
	if !w.screen.Has("winner: trial 1, loss 1") {
		t.Errorf("it leaves with:\n%s", strings.Join(w.screen.Lines(), "\n"))
	}
	w = p.watching(90, 24, nil, "nightly")
	w.press("", "3 running")
	w.press("\x03")
	w.left(exitInterrupted)
	if !w.screen.Has("goes on; kaon watch slow-") {
		t.Errorf("it leaves with:\n%s", strings.Join(w.screen.Lines(), "\n"))
	}
	p.watching(90, 24, nil, "nosuch").left(exitUsage)
	p.watching(90, 24, nil, "--results", "nosuch").left(exitUsage)
	p.write("go", "")
	testkit.Await(t, "the end", func() bool { return strings.Contains(p.kaon("status", "nightly").stdout, ": succeeded") })
	x.signal(os.Interrupt)
	x.wait()
}

// A sweep whose names, values, reasons and logs are full of what acts on terminals has its screens, in which nothing of it acts.
func TestAttackWatchScreen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("evil.yaml", `
name: evil
method: grid
metric: {name: "loss\u202e\u001b[31m", goal: minimize}
parameters:
  x: {values: ["\u001b]0;own\u0007", "a\u001b[2J\u009b1;1H", "\r\n\tlines", "\u001bc", "表表表表表表表表表表表表"]}
command: |
  printf 'title \033]0;own\007 clear \033[2J home \033[1;1H \033P dcs \033\\ \302\233 c1 \033[38;5;28mcolour\033[0m\nbar 10 %%\rbar 100 %%\n\376\377 %2000s\n' x
  printf '\033]52;c;b3du\007 RuntimeError: \033[?1049l\n' >&2; exit 3
task: {resources: {cpus: 0.1, memory: 16MB}}
`)
	p.kaon("run", "evil.yaml", "--quiet").ends(exitFailed)
	for _, env := range [][]string{nil, {"NO_COLOR=1"}} {
		w := p.watching(70, 20, env, "--results", "kaon-results")
		w.press("", "> evil-")
		w.press("/\x1b[2J\u202eevil\r", "> evil-") // a sequence is a key that is none, what changes direction no character
		w.press("\r", "5 failed", "[1 trials]", `\u001bc`)
		w.press("3", "[3 failures (5)]", "RuntimeError")
		w.press("2", "no trial has reported")
		if coloured := w.screen.Coloured(); coloured == (env != nil) {
			t.Errorf("colours with %q: %v", env, coloured)
		}
		w.press("3\r", "[standard error]", `\u001b]52;c;b3du\u0007`)
		w.press("e", "[standard output]", `title \u001b]0;own\u0007`, "bar 100 %")
		if w.screen.Has("bar 10 %") {
			t.Error("what a return overwrote is shown")
		}
		if !strings.HasPrefix(w.screen.Lines()[0], "kaon watch") {
			t.Errorf("the first line is %q", w.screen.Lines()[0])
		}
		w.press("q")
		w.left(exitDone)
	}
}

// Whatever size the window takes, nothing is written beyond it, and how to leave stands at its bottom.
func TestWatchScreenFollowsTheWindow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "--quiet").ends(exitDone)
	for _, size := range [][2]uint16{{200, 60}, {40, 10}, {12, 5}, {3, 2}, {1, 1}} {
		w := p.watching(size[0], size[1], nil)
		if size[0] > 10 {
			w.press("", "q quit")
		}
		w.press("\r123\r\x1b[6~ej\x1bq")
		w.left(exitDone)
	}
	w := p.watching(100, 24, nil, "square-")
	w.press("", "8 succeeded", strings.Repeat("█", 100))
	for _, size := range [][2]uint16{{120, 40}, {50, 12}, {20, 6}} {
		w.screen.Resize(int(size[0]), int(size[1]))
		if err := testkit.ResizeTerminal(w.keys, size[0], size[1]); err != nil {
			t.Fatal(err)
		}
		testkit.Await(t, fmt.Sprintf("a screen of %v", size), func() bool {
			lines := w.screen.Lines()
			return strings.HasPrefix(lines[0], "kaon watch") && strings.Contains(lines[size[1]-1], "q quit")
		})
	}
	w.press("q")
	w.wait().ends(exitDone)
}

// Ctrl-C, a signal and a fault in kaon leave a terminal on which one can type.
func TestWatchScreenRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "--quiet").ends(exitDone)
	for name, end := range map[string]struct {
		by   func(w watching)
		code int
	}{
		"ctrl-c": {func(w watching) { w.press("\x03") }, exitDone},
		"signal": {func(w watching) { w.signal(syscall.SIGTERM) }, exitInterrupted},
		"panic":  {func(w watching) { p.write("now", "") }, exitCrash},
	} {
		env := []string{}
		if name == "panic" {
			env = []string{"PANICS_IN=watch", "PANICS_ONCE=" + p.dir + "/panicked", "PANICS_AFTER=" + p.dir + "/now"}
		}
		w := p.watching(100, 24, env)
		w.press("", "> square-")
		end.by(w)
		w.wait()
		<-w.drained
		if code := w.cmd.ProcessState.ExitCode(); code != end.code {
			t.Errorf("%s: exit code %d, want %d", name, code, end.code)
		}
		if other, hidden := w.screen.Taken(); other || hidden {
			t.Errorf("%s: the screen is still taken", name)
		}
	}
}

// What a terminal sends comes in any pieces; what is no key is none.
func TestKeys(t *testing.T) {
	t.Parallel()
	const sent = "a\x1b[Aé\x1bOB\x1b[5~\x03\x1b[200~\x1b[1;5C\u202e\xff\x7f\x1b"
	want := []string{"a", keyUp, "é", keyDown, keyPageUp, keyInterrupt, keyBackspace, keyEscape}
	for size := 1; size <= len(sent); size++ {
		var got []string
		var left []byte
		for rest := []byte(sent); len(rest) > 0; {
			n := min(size, len(rest))
			var keys []string
			keys, left = keysIn(append(left, rest[:n]...), n == len(rest))
			got, rest = append(got, keys...), rest[n:]
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %q, want %q", size, got, want)
		}
	}
}
