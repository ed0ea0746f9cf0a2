package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/testkit"
)

// sharedSpec is a sweep whose trials note when they began and ended, and which devices they had. All but the first two wait while there
// is a file hold-NAME.
func sharedSpec(p place, name string, trials int, resources string) {
	var xs []string
	for i := range trials {
		xs = append(xs, strconv.Itoa(i))
	}
	p.write(name+".yaml", fmt.Sprintf(`name: %[1]s
method: grid
parameters: {x: {values: [%[2]s]}}
task: {resources: {%[3]s}}
command: |
  began=$(date +%%s%%N); while [ ${param.x} -ge 2 ] && [ -e hold-%[1]s ]; do sleep 0.05; done
  sleep 0.3; echo "$began $(date +%%s%%N) $CUDA_VISIBLE_DEVICES" >> noted-%[1]s
`, name, strings.Join(xs, ", "), resources))
}

// noted is one trial's interval.
type noted struct {
	began, ended int64
	cpus         float64
	devices      []string
}

func (p place) noted(name string, cpus float64) (all []noted) {
	p.t.Helper()
	for line := range strings.Lines(p.read("noted-" + name)) {
		f := strings.Fields(line)
		n := noted{cpus: cpus}
		n.began, _ = strconv.ParseInt(f[0], 10, 64)
		n.ended, _ = strconv.ParseInt(f[1], 10, 64)
		if len(f) > 2 {
			n.devices = strings.Split(f[2], ",")
		}
		all = append(all, n)
	}
	return all
}

// within asserts that trials never had more cpus at once than there are, and no device twice.
func within(t *testing.T, all []noted, cpus float64) {
	t.Helper()
	for _, at := range all {
		sum := 0.0
		var devices []string
		for _, n := range all {
			if n.began <= at.began && at.began < n.ended {
				sum += n.cpus
				devices = append(devices, n.devices...)
			}
		}
		slices.Sort(devices)
		if sum > cpus || len(slices.Compact(slices.Clone(devices))) != len(devices) {
			t.Errorf("at %d trials had %g of %g cpus and the devices %v", at.began, sum, cpus, devices)
		}
	}
}

// entries are what runs of the place say of themselves to each other.
func (p place) entries() int {
	files, _ := filepath.Glob(p.dir + ".run/kaon/run-*")
	return len(files)
}

func TestTwoRunsShareTheMachine(t *testing.T) {
	machine, err := server.ThisMachine(".", "none")
	if err != nil {
		t.Fatal(err)
	}
	if machine.CPUs < 1 {
		t.Skip("too small a machine")
	}
	p := newPlace(t)
	half := machine.CPUs / 2
	sharedSpec(p, "first", 12, fmt.Sprintf("cpus: %g, memory: 10MB, gpus: 1", half))
	sharedSpec(p, "second", 6, fmt.Sprintf("cpus: %g, memory: 10MB, gpus: 1", half))
	hold := p.write("hold-first", "")
	first := p.start("run", "first.yaml", "--gpus", "2")
	testkit.Await(t, "the first runs", func() bool { _, err := os.Stat(filepath.Join(p.dir, "noted-first")); return err == nil })
	second := p.start("run", "second.yaml", "--gpus", "2")
	second.stdout.await(t, "waiting: another kaon run (pid ")
	first.stdout.await(t, "sharing this machine with another kaon run (pid ")
	if err := os.Remove(hold); err != nil {
		t.Fatal(err)
	}
	first.wait().ends(exitDone).prints("sharing this machine with another kaon run (pid ", "sweep second-")
	second.wait().ends(exitDone).prints("waiting: another kaon run (pid ", "sharing this machine with another kaon run (pid ", "sweep first-")
	one, two := p.noted("first", half), p.noted("second", half)
	if len(one) != 12 || len(two) != 6 {
		t.Fatalf("%d and %d trials ran", len(one), len(two))
	}
	within(t, append(slices.Clone(one), two...), machine.CPUs)
	if two[0].began > one[11].ended {
		t.Error("the second waited for all of the first")
	}
	if n := p.entries(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// A run whose trials do not fit beside the first one's waits, says so, can be interrupted, and begins when the first is killed.
func TestRunWaitsForTheMachine(t *testing.T) {
	p := newPlace(t)
	machine, err := server.ThisMachine(".", "none")
	if err != nil {
		t.Fatal(err)
	}
	sharedSpec(p, "first", 400, fmt.Sprintf("cpus: %g, memory: 10MB", machine.CPUs))
	sharedSpec(p, "second", 2, fmt.Sprintf("cpus: %g, memory: 10MB", machine.CPUs))
	first := p.start("run", "first.yaml", "--state", "state")
	testkit.Await(t, "the first runs", func() bool { _, err := os.Stat(filepath.Join(p.dir, "noted-first")); return err == nil })
	const says = "this one starts when there is room for its trials"
	left := p.start("run", "second.yaml")
	testkit.Await(t, "it waits", func() bool { return strings.Contains(left.stdout.String(), says) })
	left.signal(syscall.SIGINT)
	left.wait().ends(exitInterrupted)
	second := p.start("run", "second.yaml")
	testkit.Await(t, "the other waits", func() bool { return strings.Contains(second.stdout.String(), says) })
	if n := p.entries(); n != 2 {
		t.Errorf("%d entries of two runs", n)
	}
	first.signal(syscall.SIGKILL)
	<-first.ended
	second.wait().ends(exitDone).prints("no other kaon run is on this machine any more")
	for _, pid := range p.processes() { // executors of the killed run would wait for a resume
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// What a trial waits for is said of it too, and it is not that the machine is too small.
func TestTrialSaysWhichRunItWaitsFor(t *testing.T) {
	p := newPlace(t)
	machine, err := server.ThisMachine(".", "none")
	if err != nil {
		t.Fatal(err)
	}
	sharedSpec(p, "first", 400, fmt.Sprintf("cpus: %g, memory: 10MB", machine.CPUs))
	first := p.start("run", "first.yaml")
	testkit.Await(t, "the first runs", func() bool { _, err := os.Stat(filepath.Join(p.dir, "noted-first")); return err == nil })
	sharedSpec(p, "second", 1, fmt.Sprintf("cpus: %g, memory: 10MB", machine.CPUs))
	second := p.start("run", "second.yaml")
	testkit.Await(t, "it waits", func() bool { return strings.Contains(second.stdout.String(), "waiting: another kaon run") })
	id, _, _ := strings.Cut(second.stdout.String(), ":")
	testkit.Await(t, "its trial says why", func() bool {
		var said struct{ Waiting string }
		_ = json.Unmarshal([]byte(p.kaon("trial", id+"/0", "--json").stdout), &said)
		return strings.Contains(said.Waiting, "another kaon run (pid ")
	})
	time.Sleep(stuckAfter + time.Second)
	if out := second.stdout.String(); strings.Contains(out, "fits no agent") {
		t.Errorf("it blames the machine:\n%s", out)
	}
	second.signal(syscall.SIGINT)
	first.signal(syscall.SIGINT)
	second.wait().ends(exitInterrupted)
	first.wait().ends(exitInterrupted)
}

// A folder that cannot be used, as one that another session left in the environment, does not keep a run from running.
func TestRunWithoutALedger(t *testing.T) {
	p := newPlace(t)
	sharedSpec(p, "only", 2, "cpus: 0.5")
	cmd := p.command("run", "only.yaml")
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+p.write("file", "not a folder"))
	p.launch(cmd).wait().ends(exitDone).prints("does not see others on this machine")
}
