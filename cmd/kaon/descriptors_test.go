package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A run starts no more trials at a time than the files that its processes may open are enough for, and says so; none is lost for it.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		isolation    string
		most, trials int
	}{{"shared", 5, 60}, {"container", 6, 20}} { // of containers each trial has an executor of its own, which takes a while to start
		t.Run(c.isolation, func(t *testing.T) {
			p := newPlace(t)
			p.write("s.yaml", fmt.Sprintf("metric: {name: cost, goal: minimize}\nparameters: {x: {min: 1, max: %d}}\nmethod: grid\n"+
				"task: {resources: {cpus: 0.01, memory: 1MB}, isolation: %s}\ncommand: [sh, -c, 'sleep 0.1; echo cost=${param.x}']\n", c.trials, c.isolation))
			cmd := p.command("run", "s.yaml")
			cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // or executors with the race detector take a second to end
			cmd.Args = []string{"sh", "-c", `ulimit -n 100 && exec "$0" "$@"`, cmd.Path, "run", "s.yaml"}
			cmd.Path = "/bin/sh"
			r := p.launch(cmd).wait().ends(exitDone).prints(fmt.Sprintf("at most %d trials at a time, not the %d that fit", c.most, c.trials),
				"100 files", "ulimit -Hn", fmt.Sprintf("%d succeeded", c.trials))
			if strings.Contains(r.stdout+r.stderr, "was lost") {
				t.Errorf("trials were lost:\n%s%s", r.stdout, r.stderr)
			}
			p.write("two.yaml", strings.Replace(p.read("s.yaml"), fmt.Sprint("max: ", c.trials), "max: 2", 1))
			cmd = p.command("run", "two.yaml")
			cmd.Args = []string{"sh", "-c", `ulimit -n 100 && exec "$0" "$@"`, cmd.Path, "run", "two.yaml"}
			cmd.Path = "/bin/sh"
			if r := p.launch(cmd).wait().ends(exitDone); strings.Contains(r.stdout, "at a time") {
				t.Errorf("said of a sweep that has room:\n%s", r.stdout)
			}
		})
	}
}

// Where too few files can be opened for any sweep, one sentence says so, and nothing is left behind.
func TestTooFewFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", "method: grid\nparameters: {x: {value: 1}}\ncommand: echo y=1\n")
	cmd := p.command()
	cmd.Args = []string{"sh", "-c", `ulimit -n 24 && exec "$0" "$@"`, cmd.Path, "run", "s.yaml"}
	cmd.Path = "/bin/sh"
	r := p.launch(cmd).wait().ends(exitUsage).says("needs at least 64 open files")
	if strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("said %s", r.stderr)
	}
	if _, err := os.Stat(p.dir + "/kaon-results"); err == nil {
		t.Error("results are left")
	}
	p.kaon("run", "s.yaml", "--gpus", "-1").ends(exitUsage).says("from 0 to")
}
