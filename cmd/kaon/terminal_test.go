package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/testkit"
)

// onTerminal runs kaon on a terminal of its own, and answers with the terminal's other side.
func (p place) onTerminal(columns uint16, env []string, args ...string) (*process, *os.File) {
	p.t.Helper()
	screen := newTranscript()
	x, keys := p.before(screen, columns, 24, env, args...)
	x.stdout = screen
	return x, keys
}

// before is the same with what comes to the terminal written to somebody.
func (p place) before(screen io.Writer, columns, rows uint16, env []string, args ...string) (*process, *os.File) {
	p.t.Helper()
	slave, master, err := testkit.OpenTerminal(columns, rows)
	if err != nil {
		p.t.Fatal(err)
	}
	defer slave.Close()
	cmd := p.command(args...)
	cmd.Env = append(append(cmd.Env, "TERM=xterm-256color"), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	x := p.launch(cmd)
	read := make(chan struct{})
	x.drained = read
	go func() {
		defer close(read)
		chunk := make([]byte, 4096)
		for {
			n, err := master.Read(chunk)
			_, _ = screen.Write(chunk[:n]) // never fails
			if err != nil {
				return // the last process of the terminal has closed it
			}
		}
	}()
	p.t.Cleanup(func() {
		master.Close()
		<-read
	})
	return x, master
}

// escape is one control sequence of a terminal; its last byte says what it does.
var escape = regexp.MustCompile(`\x1b\[[0-9;?]*([A-Za-z])`)

// rendered is what stands on a screen after a program has written to it. A line is as long as it is: a window that is too narrow shows
// it in pieces, and a program that does not know that leaves pieces behind.
func rendered(written string) []string {
	lines, row, column := [][]rune{nil}, 0, 0
	for text := written; text != ""; {
		if at := escape.FindStringSubmatchIndex(text); at != nil && at[0] == 0 {
			if text[at[2]:at[3]] == "J" { // erase the rest
				lines = lines[:row+1]
				lines[row] = lines[row][:min(column, len(lines[row]))]
			}
			text = text[at[1]:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch r {
		case '\r':
			column = 0
		case '\n':
			if row++; row == len(lines) {
				lines = append(lines, nil)
			}
		default:
			for len(lines[row]) <= column {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][column] = r
			column++
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.TrimRight(string(line), " ")
	}
	return out
}

// only is the index of the one line that has a text.
func only(t *testing.T, lines []string, text string) int {
	t.Helper()
	at := -1
	for i, line := range lines {
		if strings.Contains(line, text) {
			if at >= 0 {
				t.Errorf("%q is on the screen twice:\n%s", text, strings.Join(lines, "\n"))
			}
			at = i
		}
	}
	if at < 0 {
		t.Fatalf("%q is not on the screen:\n%s", text, strings.Join(lines, "\n"))
	}
	return at
}

// What the terminal echoes at Ctrl-C does not stay in the bar, whose last state stands above what is said of the interrupt.
func TestBarSurvivesControlC(t *testing.T) {
	t.Parallel()
	for _, width := range []uint16{100, 40} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			began := p.gate()
			x, keys := p.onTerminal(width, nil, "run", "specs/gated.yaml")
			line(t, began)
			x.stdout.await(t, "0/8 · ")
			if _, err := keys.WriteString("\x03"); err != nil {
				t.Fatal(err)
			}
			x.wait().ends(exitInterrupted)
			<-x.drained
			if !strings.Contains(x.stdout.String(), "^C") {
				t.Fatal("the terminal does not echo")
			}
			lines := rendered(x.stdout.String())
			bar := only(t, lines, "/8")
			drawn := regexp.MustCompile(`^▕[█░]+▏ \d/8`)
			if width == 40 { // where what there is to tell may leave no room for a bar
				drawn = regexp.MustCompile(`^(▕[█░]+▏ )?\d/8`)
			}
			if !drawn.MatchString(lines[bar]) || strings.Contains(lines[bar], "^C") || columns(lines[bar]) >= int(width) {
				t.Errorf("the bar is %q on %d columns", lines[bar], width)
			}
			if next := lines[bar+1]; !strings.HasPrefix(next, "interrupted; go on with: ") {
				t.Errorf("below the bar stands %q", next)
			}
			p.opened()
		})
	}
}

// A window made narrower or wider while a sweep runs has one bar, as wide as it.
func TestBarFollowsTheWindow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	began := p.gate()
	x, keys := p.onTerminal(100, nil, "run", "specs/gated.yaml")
	line(t, began)
	x.stdout.await(t, "0/8 · ")
	for _, width := range []uint16{40, 20, 120} {
		if err := testkit.ResizeTerminal(keys, width, 24); err != nil {
			t.Fatal(err)
		}
		testkit.Await(t, fmt.Sprintf("a bar that fits %d columns", width), func() bool {
			all := rendered(x.stdout.String())
			n := columns(all[only(t, all, "/8")])
			return n < int(width) && (width <= 100 || n > 45)
		})
	}
	p.opened()
	x.wait().ends(exitDone)
	only(t, rendered(x.stdout.String()), "8/8")
}

func TestBarOnTerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []uint16{120, 80, 40, 20, 0} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("square.yaml", square)
			x, _ := p.onTerminal(columns, []string{"NO_COLOR=1"}, "run", "square.yaml")
			x.stdout.await(t, "results: kaon-results/sweeps/square-")
			x.wait().ends(exitDone)
			screen := x.stdout.String()
			for _, found := range escape.FindAllStringSubmatch(screen, -1) {
				if !strings.Contains("ABCDJKhl", found[1]) {
					t.Errorf("%q is no movement of the cursor", found[0])
				}
			}
			drawn := ""
			for _, text := range rendered(screen) {
				if strings.Contains(text, "8/8") {
					drawn = text
				}
			}
			if drawn == "" {
				t.Fatalf("no bar at 8/8:\n%q", screen)
			}
			room := cmp.Or(columns, usualWidth)
			if width := len([]rune(drawn)); width >= int(room) {
				t.Errorf("the line is %d wide on %d columns: %q", width, room, drawn)
			}
			if room >= 40 && !strings.HasPrefix(drawn, "▕████") {
				t.Errorf("no full bar in %q", drawn)
			}
		})
	}
}

// Parquet on a screen would be noise, and worse on some.
func TestParquetIsNotForScreens(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml").ends(exitDone)
	x, _ := p.onTerminal(80, nil, "export", "--format", "parquet")
	x.wait().ends(exitUsage)
	x.stdout.await(t, "give --output FILE")
	if got := p.kaon("export", "--format", "parquet").ends(exitDone).stdout; !strings.HasPrefix(got, "PAR1") {
		t.Errorf("in a pipe: %.20q", got)
	}
}

func TestQuietOnTerminalDrawsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	x, _ := p.onTerminal(80, []string{"NO_COLOR=1"}, "run", "square.yaml", "--quiet")
	x.stdout.await(t, "results: kaon-results/sweeps/square-")
	x.wait().ends(exitDone)
	if screen := x.stdout.String(); strings.ContainsAny(screen, "\x1b▕█░") {
		t.Errorf("quiet, and yet: %q", screen)
	}
}

func TestPipeHasNoEscapes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	r := p.kaon("run", "square.yaml").ends(exitDone).prints("8/8 trials · 0 running")
	if strings.ContainsAny(r.stdout+r.stderr, "\x1b▕█░\r") {
		t.Errorf("in a pipe: %q %q", r.stdout, r.stderr)
	}
}

// Ctrl-C on a terminal signals everything in the foreground, and still the trials end in order.
func TestControlC(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	began := p.gate()
	x, keys := p.onTerminal(80, nil, "run", "specs/gated.yaml")
	line(t, began)
	if _, err := keys.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	x.wait().ends(exitInterrupted)
	x.stdout.await(t, "go on with: kaon run --resume gated-")
	p.alone()
	p.opened()
	id := regexp.MustCompile(`gated-[a-z2-7]{6}`).FindString(x.stdout.String())
	r := p.kaon("run", "--resume", id).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded",
		"\ntrials that were under way when the sweep was interrupted start again\n")
	if strings.Contains(r.stdout, "was lost") {
		t.Errorf("an interrupt is told as losses:\n%s", r.stdout)
	}
}
