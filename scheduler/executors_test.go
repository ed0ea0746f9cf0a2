package scheduler

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

func imageSpec(isolation sweep.Isolation) *sweep.Spec {
	spec := testSpec{Trials: 1}.spec()
	spec.Task.Container = &sweep.Container{Image: "digits:1"}
	spec.Task.Isolation = isolation
	return spec
}

func imageCore() *Core {
	cfg := testConfig()
	cfg.Inside = ExecutorTemplate{Argv: []string{"/mnt/mesos/sandbox/kaon", "executor"}, Once: []string{"--once"}}
	cfg.Container = func(_ string, spec *sweep.Spec) (*cluster.Container, error) {
		return &cluster.Container{Container: *spec.Task.Container, Credentials: []byte("{}")}, nil
	}
	return NewCore(cfg)
}

// Whether two executors may stand for each other is decided by their id alone, so everything that tells them
// apart has to be in it.
func TestSharedExecutorsDifferByImage(t *testing.T) {
	c := imageCore()
	ids := map[string]string{}
	for name, change := range map[string]func(*sweep.Spec){
		"same":       func(*sweep.Spec) {},
		"host":       func(s *sweep.Spec) { s.Task.Container = nil },
		"image":      func(s *sweep.Spec) { s.Task.Container.Image = "digits:2" },
		"runtime":    func(s *sweep.Spec) { s.Task.Container.Containerizer = sweep.Mesos },
		"network":    func(s *sweep.Spec) { s.Task.Container.Network = sweep.NetworkNone },
		"volume":     func(s *sweep.Spec) { s.Task.Container.Volumes = []sweep.Volume{{Host: "/a", Path: "/a"}} },
		"ulimit":     func(s *sweep.Spec) { s.Task.Container.Ulimits = []sweep.Ulimit{{Name: "nofile", Soft: 1, Hard: 1}} },
		"shm":        func(s *sweep.Spec) { s.Task.Container.ShmMB = 1 },
		"pull":       func(s *sweep.Spec) { s.Task.Container.Pull = sweep.PullAlways },
		"not shared": func(s *sweep.Spec) { s.Task.Isolation = sweep.Contained },
	} {
		spec := imageSpec(sweep.Shared)
		change(spec)
		o, err := c.executorSpecFor("s", spec)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := ids[string(o.shared)]; taken {
			t.Errorf("%s and %s have the same executor %q", name, other, o.shared)
		}
		ids[string(o.shared)] = name
		if again, _ := c.executorSpecFor("s", spec); again.shared != o.shared {
			t.Errorf("%s: %q, and the second time %q", name, o.shared, again.shared)
		}
	}
}

func TestAttemptsOfAnImageAreLabelled(t *testing.T) {
	c := imageCore()
	spec := imageSpec(sweep.Contained)
	o, err := c.executorSpecFor("s", spec)
	if err != nil {
		t.Fatal(err)
	}
	att := &attempt{run: &run{id: "s", executor: o}, trial: 3, number: 2, placement: &placement{task: cluster.NewTaskID("s", 3, 2)}}
	info := c.executorInfo(att, offers.Grant{})
	if info.ID != "kaon-s.3.2" || !slices.Equal(info.Container.Labels, []string{"kaon.sweep=s", "kaon.trial=3", "kaon.attempt=2"}) {
		t.Errorf("executor %s of container %+v", info.ID, info.Container)
	}
	if !slices.Equal(info.Argv, []string{"/mnt/mesos/sandbox/kaon", "executor", "--once"}) {
		t.Errorf("argv %q", info.Argv)
	}
	if o.container.Labels != nil {
		t.Error("the sweep's own container was labelled")
	}
}

func TestImageIsRefusedByWhoCannotRunIt(t *testing.T) {
	c := NewCore(testConfig())
	c.Do(c.now, Submit{ID: "s", Spec: imageSpec("")})
	refused := slices.ContainsFunc(c.Ready().Notices, func(n Notice) bool {
		r, ok := n.(SubmitRefused)
		return ok && errors.Is(r.Err, errNoContainers)
	})
	if !refused || c.runs["s"] != nil {
		t.Errorf("refused: %v, runs: %v", refused, c.runs)
	}
	cfg := testConfig()
	cfg.Container = func(string, *sweep.Spec) (*cluster.Container, error) {
		return nil, errors.New("REGISTRY_TOKEN is not set")
	}
	if _, err := NewCore(cfg).executorSpecFor("s", imageSpec("")); err == nil || !strings.Contains(err.Error(), "image digits:1: REGISTRY_TOKEN") {
		t.Errorf("error %v", err)
	}
}

// A missing image is the spec's fault, an executor that could not be fetched is not, nor is anything of the kind where
// there is no image.
func TestWhoseFaultAContainerIs(t *testing.T) {
	boxed := &attempt{placement: &placement{}, run: &run{spec: imageSpec(""), executor: executorSpec{container: &cluster.Container{}}}}
	bare := &attempt{placement: &placement{}, run: &run{spec: testSpec{Trials: 1}.spec()}}
	for _, tt := range []struct {
		att     *attempt
		message string
		want    sweep.Outcome
	}{
		{boxed, "Failed to launch container: pull digits:1: not found", sweep.AttemptFailed},
		{boxed, "Failed to launch container: Failed to fetch all URIs for container 'x': exited with status 1", sweep.AttemptLost},
		{bare, "Failed to launch container: whatever", sweep.AttemptLost},
	} {
		if got, why := classifyFailure(tt.att, cluster.Status{Reason: "REASON_CONTAINER_LAUNCH_FAILED", Message: tt.message}, nil); got != tt.want {
			t.Errorf("%s: %s (%s), want %s", tt.message, got, why, tt.want)
		}
	}
}

// Agents that keep containers to their disk count the executor's programs with what trials write.
func TestDiskOfProgramsIsAskedForWithDisk(t *testing.T) {
	cfg := testConfig()
	cfg.Executor.Disk = 50 * resource.Unit
	c := NewCore(cfg)
	for disk, want := range map[string]resource.Milli{"": 0, ", disk: 1GB": 50 * resource.Unit} {
		spec, err := sweep.Parse("s.yaml", []byte("method: random\nrun_cap: 1\nparameters: {x: {min: 0, max: 1}}\ncommand: [a]\n"+
			"task: {resources: {cpus: 1"+disk+"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if o, err := c.executorSpecFor("s", spec); err != nil || o.template.Overhead.Disk != want {
			t.Errorf("%q: overhead %v, %v; want %v", disk, o.template.Overhead.Disk, err, want)
		}
	}
}
