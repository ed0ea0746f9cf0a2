package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/testkit"
)

// fedForEver starts kaon with a standard input that has no end, and answers when it has read what is there.
func (p place) fedForEver(args ...string) *process {
	p.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	if _, err := w.WriteString("name: half\n"); err != nil {
		p.t.Fatal(err)
	}
	cmd := p.command(args...)
	cmd.Stdin = r
	x := p.launch(cmd)
	testkit.Await(p.t, "kaon to read", func() bool {
		left, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ)
		return err == nil && left == 0
	})
	return x
}

// Who waits for standard input can leave, as by Ctrl-C.
func TestInterruptedReading(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("train.py", "def main(lr: float = 0.1):\n    return lr\n")
	for _, args := range [][]string{
		{"run", "-"}, {"run", "/dev/stdin"}, {"plan", "-"}, {"plan", "-", "--json"}, {"import", "-"}, {"workflow", "show", "-"}, {"workflow", "export", "-", "--format", "argo"},
		{"sweep", "x=@-", "--", "true"}, {"map", "echo {x}", "x=@-"}, {"run", "-", "--python", "train.py:main"},
	} {
		x := p.fedForEver(args...)
		x.signal(os.Interrupt)
		if r := x.wait().ends(exitInterrupted); r.stdout != "" || r.stderr != "kaon: interrupted\n" {
			t.Errorf("kaon %v says\n%s%s", args, r.stdout, r.stderr)
		}
	}
}

// A token that is typed is not shown, and the terminal shows again what is typed afterwards.
func TestTokenIsNotShown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	shows := func(terminal *os.File) bool {
		settings, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return settings.Lflag&unix.ECHO != 0
	}
	asked := func() (*process, *os.File) {
		x, keys := p.onTerminal(80, nil, "login", "http://"+closedPort(t))
		x.stdout.await(t, "token: ")
		testkit.Await(t, "the terminal to hide what is typed", func() bool { return !shows(keys) })
		return x, keys
	}
	x, keys := asked()
	if _, err := keys.WriteString("\x03"); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	x.wait().ends(exitInterrupted)
	if !shows(keys) {
		t.Error("the terminal does not show what is typed any more")
	}
	x, keys = asked()
	if _, err := keys.WriteString("kaon_secret\n"); err != nil {
		t.Fatal(err)
	}
	if x.wait().ends(exitUnreachable); !shows(keys) {
		t.Error("the terminal does not show what is typed any more")
	}
	<-x.drained
	if screen := x.stdout.String(); !strings.HasPrefix(screen, "token: \r\nkaon: ") {
		t.Errorf("the screen shows %q", screen)
	}
}

// What is broken off by a signal ends as that, whoever was waited for.
func TestInterruptedWaiting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	asked := make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer slow.Close()
	p.write("quick.yaml", quickSpec)
	for _, args := range [][]string{{"list"}, {"best"}, {"submit", "quick.yaml"}, {"run", "quick.yaml"}, {"workflow", "list"}, {"gc", "--older-than", "1d"}} {
		x := p.start(append(args, "--server", slow.URL)...)
		<-asked
		x.signal(os.Interrupt)
		x.wait().ends(exitInterrupted).says("kaon: interrupted\n")
	}
	began := func() bool {
		_, err := os.Stat(filepath.Join(p.dir, "began"))
		return err == nil
	}
	p.write("slow.sh", "echo usage\ntouch began\nexec sleep 600\n")
	p.write("slow.py", "import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(600)\n")
	for _, args := range [][]string{{"init", "sh", "slow.sh"}, {"init", "--python", "slow.py:main"}} {
		x := p.start(args...)
		testkit.Await(t, "the program to be asked", began)
		x.signal(syscall.SIGTERM)
		x.wait().ends(exitInterrupted).says("kaon: interrupted\n")
		if err := os.Remove(filepath.Join(p.dir, "began")); err != nil {
			t.Fatal(err)
		}
	}
}
