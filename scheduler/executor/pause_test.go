package executor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// What ended by itself while the executor was stopped has ended by itself, though its time was over when the
// executor woke.
func TestEndDuringAPauseBeatsTheTimeout(t *testing.T) {
	for _, c := range []struct {
		exit int
		want cluster.TaskState
	}{{0, cluster.Finished}, {3, cluster.Failed}} {
		t.Run(fmt.Sprint(c.exit), func(t *testing.T) {
			r := newRig(t, 2)
			dir := t.TempDir()
			const limit = 3 * time.Second
			r.launch(r.offer(), 500, 0, task.Order{Sweep: "s", Dir: dir, Timeout: limit,
				Shell: fmt.Sprintf(`echo $$ > pid; echo $PPID > parent.new; mv parent.new parent; until [ -e go ]; do sleep 0.01; done; exit %d`, c.exit)})
			number := func(name string) (pid int) {
				testkit.Await(t, "a number in "+name, func() bool {
					text, err := os.ReadFile(filepath.Join(dir, name))
					if err == nil {
						pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
					}
					return err == nil
				})
				return pid
			}
			parent, trial := number("parent"), number("pid")
			if err := syscall.Kill(parent, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			await := func(pid int, state string) {
				testkit.Await(t, fmt.Sprintf("process %d to be %s", pid, state), func() bool {
					stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
					return err == nil && strings.Contains(string(stat), ") "+state+" ")
				})
			}
			await(parent, "T")
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			await(trial, "Z")
			time.Sleep(limit) // its time is over
			if err := syscall.Kill(parent, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			s := r.finish(1, nil)["s.0.0"]
			if s.state != c.want || s.end.TimedOut || s.end.Exit != c.exit {
				t.Errorf("got %s, %+v", s.state, s.end)
			}
		})
	}
}
