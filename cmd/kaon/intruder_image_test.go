package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
	"github.com/kaon-sweep/kaon/testkit"
)

const intruders = `name: intruders
metric: {name: cost, goal: minimize}
parameters: {role: {values: [victim, intruder]}}
method: grid
command: [/intruder]
artifacts: [kept]
task:
  image: %[1]q
  isolation: container
  resources: {cpus: 0.1, memory: 64MB}
  code: .
  secrets: [SWEEP_SECRET]
  volumes: ["%[2]s:/data:ro"]
  env: {PORTS_FILE: /data/ports, DONE_FILE: /data/done, SECRETS: hunter2-of-s3,
    NOT_IN_ENVIRONMENT: "MESOS_EXECUTOR_AUTHENTICATION_TOKEN AWS_SECRET_ACCESS_KEY KAON_PRINCIPAL KAON_CREDENTIALS"}
`

// A trial that is root in a container on the host's network gets into no listener of its run, not to the executor beside it, and to
// none of the host's doors.
func TestAttackFromAContainerOnTheHostsNetwork(t *testing.T) {
	s := ship{engine: dockertest.Engine(t), kaon: filepath.Join(t.TempDir(), "kaon")}
	dockertest.Program(t, ".", s.kaon)
	folder := intruder(t)
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte("FROM scratch\nCOPY intruder /intruder\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.image = dockertest.Build(t, folder)
	p := newPlace(t)
	data := t.TempDir()
	p.write("specs/s.yaml", fmt.Sprintf(intruders, s.image, data))
	cmd := p.command("run", "specs/s.yaml")
	cmd.Path, cmd.Args[0] = s.kaon, s.kaon
	cmd.Env = append(cmd.Env, "SWEEP_SECRET=hunter2-of-the-sweep", "AWS_SECRET_ACCESS_KEY=hunter2-of-s3", "KAON_METRICS_AUTH=me:hunter2-of-s3")
	x := p.launch(cmd)
	var open []string // agents and the file server; the scheduler has none
	testkit.Await(t, "the containers and the listeners", func() bool {
		x.lives()
		open = ports(t, []int{x.cmd.Process.Pid})
		return len(s.containers(p)) == 2 && len(open) == 2
	})
	slices.Sort(open)
	p.hand(data, "ports", strings.Join(open, " "))
	testkit.Await(t, "what the intruder says", func() bool {
		x.lives()
		return strings.Contains(p.kaon("logs", "1").stdout, "tried all")
	})
	p.hand(data, "done", "done")
	x.within(patience)
	harmless(t, p.kaon("logs", "1").ends(exitDone).stdout)
	s.none(p)
}

// hand puts a file where somebody waits for it, whole at once.
func (p place) hand(folder, name, text string) {
	p.t.Helper()
	fresh := filepath.Join(folder, name+".new")
	if err := os.WriteFile(fresh, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(fresh, filepath.Join(folder, name)); err != nil {
		p.t.Fatal(err)
	}
}
