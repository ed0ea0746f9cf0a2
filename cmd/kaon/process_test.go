package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// asKaon makes the test binary be kaon: real processes, with the race detector when the tests have it.
const asKaon = "KAON_TEST_AS_KAON"

func TestMain(m *testing.M) {
	// An agent in this process starts executors without the variable: they must not be all tests over again, each with agents.
	if os.Getenv(asKaon) != "" || len(os.Args) > 1 && os.Args[1] == "executor" {
		injectPanic()
		main() // exits
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel").Value; parallel.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // nobody asked for another
		_ = parallel.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0))) // most tests wait for processes most of the time
	}
	os.Exit(m.Run())
}

// patience is how long anything may take here; far more than it does, so that only a hang reaches it.
const patience = 4 * time.Minute

// place is a folder in which one test runs kaon.
type place struct {
	t    *testing.T
	dir  string
	mark string   // in the environment of every process that comes from this place
	aws  []string // of its own bucket
}

// newPlace makes a folder, and sees to it that the test leaves no process behind.
func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	p := place{t: t, dir: dir, mark: "KAON_TEST_PLACE=" + dir}
	t.Cleanup(func() {
		for _, pid := range p.processes() {
			t.Errorf("left behind: %s", commandOf(pid))
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return p
}

// write makes a file in the place.
func (p place) write(name, text string) string {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return file
}

func (p place) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// command is kaon, ready to start.
func (p place) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir, cmd.Env = p.dir, p.environ()
	return cmd
}

// environ is the test's own without what kaon reads, so that nobody's settings change a test.
func (p place) environ() []string {
	env := []string{asKaon + "=1", p.mark, "XDG_RUNTIME_DIR=" + p.dir + ".run"}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "KAON_") && !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "NO_COLOR=") &&
			!strings.HasPrefix(kv, "XDG_RUNTIME_DIR=") { // or tests at the same time would share the machine
			env = append(env, kv)
		}
	}
	return append(env, p.aws...) // of two the last counts
}

// ran is a process that has ended.
type ran struct {
	t              *testing.T
	args           []string
	code           int
	stdout, stderr string
}

// kaon runs it to its end.
func (p place) kaon(args ...string) ran {
	p.t.Helper()
	return p.start(args...).wait()
}

// fed runs it with text on standard input.
func (p place) fed(stdin string, args ...string) ran {
	p.t.Helper()
	cmd := p.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	return p.launch(cmd).wait()
}

// ends asserts the exit code.
func (r ran) ends(code int) ran {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("kaon %s: exit code %d, want %d\nstdout:\n%sstderr:\n%s", strings.Join(r.args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// says asserts that standard error has all of the texts.
func (r ran) says(texts ...string) ran {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			r.t.Errorf("kaon %s: standard error lacks %q:\n%s", strings.Join(r.args, " "), text, r.stderr)
		}
	}
	return r
}

// prints asserts that standard output has all of the texts.
func (r ran) prints(texts ...string) ran {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			r.t.Errorf("kaon %s: standard output lacks %q:\n%s", strings.Join(r.args, " "), text, r.stdout)
		}
	}
	return r
}

// json reads standard output, which must be one JSON value.
func (r ran) json(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), v); err != nil {
		r.t.Fatalf("kaon %s: %v in:\n%s", strings.Join(r.args, " "), err, r.stdout)
	}
}

// process is kaon while it runs.
type process struct {
	p              place
	cmd            *exec.Cmd
	stdout, stderr *transcript
	ended          chan struct{}
	drained        chan struct{} // all that came to its terminal has been read; nil: it has none
}

func (p place) start(args ...string) *process {
	p.t.Helper()
	return p.launch(p.command(args...))
}

func (p place) launch(cmd *exec.Cmd) *process {
	p.t.Helper()
	x := &process{p: p, cmd: cmd, stdout: newTranscript(), stderr: newTranscript(), ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = x.stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = x.stderr
	}
	cmd.WaitDelay = time.Second // a child that keeps the pipe is found by the place's clean-up
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its code is read from ProcessState
		close(x.ended)
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill() // has ended, unless the test failed
		<-x.ended
	})
	return x
}

// lives asserts that it has not ended.
func (x *process) lives() {
	x.p.t.Helper()
	select {
	case <-x.ended:
		x.p.t.Fatalf("kaon %s has ended\nstdout:\n%sstderr:\n%s", strings.Join(x.cmd.Args[1:], " "), x.stdout, x.stderr)
	default:
	}
}

func (x *process) signal(s os.Signal) {
	x.p.t.Helper()
	if err := x.cmd.Process.Signal(s); err != nil {
		x.p.t.Fatal(err)
	}
}

func (x *process) wait() ran {
	x.p.t.Helper()
	return x.within(patience)
}

func (x *process) within(limit time.Duration) ran {
	x.p.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(limit):
		x.p.t.Fatalf("kaon %s does not end\nstdout:\n%sstderr:\n%s", strings.Join(x.cmd.Args[1:], " "), x.stdout, x.stderr)
	}
	return ran{x.p.t, x.cmd.Args[1:], x.cmd.ProcessState.ExitCode(), x.stdout.String(), x.stderr.String()}
}

// processes are those that live and come from this place.
func (p place) processes() (pids []int) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environs {
		data, err := os.ReadFile(file)
		marked := bytes.Contains(append([]byte{0}, data...), []byte("\x00"+p.mark+"\x00"))
		trial := bytes.Contains(data, []byte("="+p.dir+"/")) // has kaon's variables, but not the test's
		if err != nil || !marked && !trial {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// endProcesses kills those until there are none.
func (p place) endProcesses() {
	p.t.Helper()
	testkit.Await(p.t, "the end of what was started here", func() bool {
		left := p.processes()
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
}

// alone asserts that no process of this place lives.
func (p place) alone() {
	p.t.Helper()
	for _, pid := range p.processes() {
		p.t.Errorf("still lives: %s", commandOf(pid))
	}
}

func commandOf(pid int) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return fmt.Sprintf("%d %s", pid, bytes.ReplaceAll(data, []byte{0}, []byte(" ")))
}

// transcript is what a process has written so far.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
	// grown is closed and replaced at every write
	grown chan struct{}
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

func (tr *transcript) Write(data []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	close(tr.grown)
	tr.grown = make(chan struct{})
	return tr.b.Write(data)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.b.String()
}

// await blocks until the transcript has the text.
func (tr *transcript) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(patience)
	for {
		tr.mu.Lock()
		found, grown := strings.Contains(tr.b.String(), text), tr.grown
		tr.mu.Unlock()
		if found {
			return
		}
		select {
		case <-grown:
		case <-late:
			t.Fatalf("never wrote %q, only:\n%s", text, tr)
		}
	}
}

// pipe makes a named pipe that stays open for as long as the test runs: writers do not block, and readers wait for
// lines.
func (p place) pipe(name string) *os.File {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		p.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { f.Close() })
	return f
}

// line waits for one from a pipe.
func line(t *testing.T, pipe *os.File) string {
	t.Helper()
	if err := pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for one := make([]byte, 1); ; text = append(text, one[0]) {
		if _, err := io.ReadFull(pipe, one); err != nil {
			t.Fatalf("read %s: %v", pipe.Name(), err)
		}
		if one[0] == '\n' {
			return string(text)
		}
	}
}

// want skips a test whose tool is missing, by name, unless the run must be whole.
func want(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); errors.Is(err, exec.ErrNotFound) {
		if os.Getenv("KAON_TEST_STRICT") == "1" {
			t.Fatalf("%s is not installed", tool)
		}
		t.Skipf("needs %s", tool)
	}
}
