package executor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// Another user who takes on the tag of an attempt, which everybody can read, does not have it ended for his processes.
func TestAttackTagOfAnother(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs to be root, to be others")
	}
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.MaxProcesses, c.MemoryPoll = 30, 10*time.Millisecond })
	over := filepath.Join(t.TempDir(), "over")
	a.launch("s.1.1", task.Order{Shell: fmt.Sprintf(`echo "{\"pid\": $$}"; while [ ! -e %s ]; do sleep 0.05; done`, over)})
	pid := 0
	a.await("its process", func() bool {
		for _, s := range a.mu.updates {
			if r, err := task.Decode[task.Report](s.Data); err == nil && s.TaskID.Value == "s.1.1" && len(r.Points) > 0 {
				pid = int(r.Points[0].Metrics["pid"])
			}
		}
		return pid != 0
	})
	tag := proc.TagFrom(pid)
	if tag == 0 {
		t.Fatal("it has no tag")
	}
	tagged := func() (all []proc.Stat) {
		for _, s := range proc.All(1) {
			if s.PID != pid && s.Parent != pid && proc.TagFrom(s.PID) == tag {
				all = append(all, s)
			}
		}
		return all
	}
	// They begin when they are nobody's here: as long as the first shell lives, all that it starts descends from this process.
	cmd := exec.Command("/bin/sh", "-c", `sh -c 'while [ "$(cut -d\  -f4 /proc/$$/stat)" = '$$' ]; do sleep 0.01; done
		for i in $(seq 60); do sleep 1000 & done' &`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	if _, err := proc.WithTag(tag, func() (int, error) { return 0, cmd.Run() }); err != nil {
		t.Fatal(err)
	}
	defer proc.KillAll(testkit.Patience, tagged)
	testkit.Await(t, "the other's processes", func() bool { return len(tagged()) == 60 })
	for i := range 2 { // by then it has been looked
		id := fmt.Sprintf("bomb.%d", i)
		a.launch(id, task.Order{Shell: "for i in $(seq 60); do sleep 1000 & done; wait"})
		if o := a.finished(id); !strings.Contains(o.message, "more than 30 processes") {
			t.Errorf("%s: %s %q", id, o.state, o.message)
		}
	}
	if err := os.WriteFile(over, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("%s %q", o.state, o.message)
	}
}

// When the machine has no memory left, the kernel prefers trials to an executor of like size, which all of them would end with.
func TestAttackMemoryOfTheMachine(t *testing.T) {
	text, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		t.Skip(err)
	}
	own, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || own > 1000-morePreferred {
		t.Skipf("it is preferred itself: %q", text)
	}
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.1.1", task.Order{Metrics: []string{"score"},
		Shell: fmt.Sprintf(`while [ $(cat /proc/self/oom_score_adj) = %d ]; do sleep 0.01; done; echo score=$(cat /proc/self/oom_score_adj)`, own)})
	if o := a.finished("s.1.1"); len(o.points) != 1 || o.points[0].Metrics["score"] != float64(own+morePreferred) {
		t.Errorf("%s %q %+v, want a score of %d", o.state, o.message, o.points, own+morePreferred)
	}
}
