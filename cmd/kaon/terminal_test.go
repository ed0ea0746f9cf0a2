package main

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs kaon on a terminal of its own, and answers with the terminal's other side.
func (p place) onTerminal(columns uint16, env []string, args ...string) (*process, *os.File) {
	p.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		p.t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		p.t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer slave.Close()
	screen := newTranscript()
	cmd := p.command(args...)
	cmd.Env = append(append(cmd.Env, "TERM=xterm-256color"), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	x := p.launch(cmd)
	x.stdout = screen
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
			for text := range strings.SplitSeq(escape.ReplaceAllString(screen, ""), "\n") {
				if text = strings.Trim(text, "\r"); strings.Contains(text, "8/8") {
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
	x, _ := p.onTerminal(80, nil, "run", "square.yaml", "--quiet")
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
	p.kaon("run", "--resume", id).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded")
}
