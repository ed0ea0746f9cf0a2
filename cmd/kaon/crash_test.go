package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Go ends a process that panics with 2, which says that the user was wrong.
func TestPanicIsNoBadUsage(t *testing.T) {
	var out bytes.Buffer
	code := report(&out, crash.Guard(func() error {
		var none []int
		return errors.New(string(rune(none[3])))
	}))
	if code != exitCrash {
		t.Errorf("exit code %d, want %d", code, exitCrash)
	}
	for _, want := range []string{"this is a bug in kaon", "index out of range", reportAt, "crash_test.go"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, &out)
		}
	}
}

// injectPanic panics, once for each file that PANICS_ONCE names, on a goroutine of a process whose command PANICS_IN names.
func injectPanic() {
	if len(os.Args) < 2 || os.Args[1] != os.Getenv("PANICS_IN") {
		return
	}
	crash.Go(func() {
		began := os.Getenv("PANICS_AFTER")
		for _, err := os.Stat(began); began != "" && err != nil; _, err = os.Stat(began) {
			time.Sleep(20 * time.Millisecond)
		}
		once, err := os.OpenFile(os.Getenv("PANICS_ONCE"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return
		}
		once.Close()
		time.Sleep(50 * time.Millisecond) // main is about to say what becomes of it
		panic("on its own \x1b[31m")
	})
}

// panicking is kaon with a panic in one of its commands, when a file is there.
func (p place) panicking(in, after string, args ...string) *process {
	cmd := p.command(args...)
	cmd.Env = append(cmd.Env, "PANICS_IN="+in, "PANICS_ONCE="+filepath.Join(p.dir, "panicked"), "PANICS_AFTER="+after)
	return p.launch(cmd)
}

// ourWords asserts that a panic was told as kaon tells it.
func ourWords(t *testing.T, text string) {
	t.Helper()
	for _, want := range []string{"kaon: this is a bug in kaon: on its own \\u001b[31m\n", reportAt, "crash_test.go"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "panic: ") {
		t.Errorf("as Go tells it:\n%s", text)
	}
}

const panicky = `name: panicky
metric: {name: cost, goal: minimize}
parameters: {x: {values: [1, 2]}}
method: grid
task: {resources: {cpus: 0.1, memory: 20MB}}
command: [sh, -c, 'echo cost=${param.x}; touch %[1]s/began; while [ ! -e %[1]s/panicked ]; do sleep 0.05; done; sleep 3']
`

// A panic on a goroutine of the scheduler or of the embedded cluster ends the run with its own code, and the run goes on when it is resumed.
func TestPanicOfRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", fmt.Sprintf(panicky, p.dir))
	r := p.panicking("run", filepath.Join(p.dir, "began"), "run", "s.yaml").wait().ends(exitCrash)
	ourWords(t, r.stderr)
	p.kaon("run", "--resume", p.sweep("panicky")).ends(exitDone).prints("2 succeeded", "x: 1")
}

// One of an executor is a loss, told in its sandbox; its trials run again.
func TestPanicOfExecutor(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", fmt.Sprintf(panicky, p.dir))
	r := p.panicking("executor", filepath.Join(p.dir, "began"), "run", "s.yaml").wait().ends(exitDone)
	if strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("a trace reaches the user:\n%s", r.stderr)
	}
	told := ""
	_ = filepath.WalkDir(filepath.Join(p.dir, "kaon-results", ".state"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "stderr" {
			data, _ := os.ReadFile(path) // what cannot be read is not what is looked for
			told += string(data)
		}
		return nil
	})
	ourWords(t, told)
}

// So it is for a cluster that is served.
func TestPanicOfCluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.panicking("cluster", "", "cluster").wait().ends(exitCrash)
	ourWords(t, r.stderr)
}
