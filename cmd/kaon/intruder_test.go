package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker/dockertest"
	"github.com/kaon-sweep/kaon/testkit"
)

const nobody = 65534

// intruder is a folder that every user may enter, with the program in it.
func intruder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "kaon-intruder-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	dockertest.Program(t, "./testdata/intruder", filepath.Join(folder, "intruder"))
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// harmless asserts that an intruder tried all and could nothing.
func harmless(t *testing.T, said string) {
	t.Helper()
	tried := 0
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "could ") {
			t.Error(strings.TrimSpace(line))
		}
		if strings.HasPrefix(line, "tried all") {
			tried++
		}
	}
	if tried == 0 {
		t.Errorf("it did not try all:\n%.2000s", said)
	}
}

// ports are where processes listen by TCP.
func ports(t *testing.T, pids []int) (out []string) {
	t.Helper()
	sockets := map[string]bool{}
	for _, pid := range pids {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if to, err := os.Readlink(fd); err == nil {
				sockets[to] = true
			}
		}
	}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) > 9 && fields[3] == "0A" && sockets["socket:["+fields[9]+"]"] {
				_, text, _ := strings.Cut(fields[1], ":")
				port, err := strconv.ParseUint(text, 16, 16)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, strconv.FormatUint(port, 10))
			}
		}
	}
	return out
}

const intruded = `metric: {name: cost, goal: minimize}
parameters: {x: {values: [1, 2]}}
method: grid
task: {resources: {cpus: 0.1, memory: 20MB}, code: ., secrets: [SWEEP_SECRET]}
artifacts: [kept]
command: [sh, -c, 'echo cost=${param.x}; echo mine > $KAON_ARTIFACTS/kept; echo in >> $PLACE/began; read line < $PLACE/wait']
`

// Another user of the machine gets nowhere with a sweep that runs: not into its listeners, sockets, processes and folders, even if the
// umask closes nothing, and reads no secret in the list of processes.
func TestAttackAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("plays another user, which only root may become")
	}
	p := newPlace(t)
	for dir := p.dir; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) { // what tests are given is closed by itself
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	folder := intruder(t)
	secret := "hunter2-of-the-sweep"
	p.write("specs/intruded.yaml", intruded)
	began, wait := filepath.Join(p.dir, "began"), filepath.Join(p.dir, "wait")
	for _, pipe := range []string{began, wait} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := p.command("run", "specs/intruded.yaml")
	cmd.Args = []string{"sh", "-c", `umask 000; exec "$0" "$@"`, cmd.Path, "run", "specs/intruded.yaml"}
	cmd.Path = "/bin/sh"
	cmd.Env = append(cmd.Env, "SWEEP_SECRET="+secret, "AWS_SECRET_ACCESS_KEY=hunter2-of-s3", "PLACE="+p.dir)
	x := p.launch(cmd)
	first, err := os.Open(began)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	line(t, first)
	pids := p.processes()
	open := ports(t, pids)
	if len(pids) < 3 || len(open) < 2 { // the agent, and what serves files
		t.Fatalf("processes %v listen at %v", pids, open)
	}
	var names []string
	for _, pid := range pids {
		names = append(names, strconv.Itoa(pid))
	}
	attack := exec.Command(filepath.Join(folder, "intruder"))
	attack.Dir = "/"
	attack.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	attack.Env = []string{"PIDS=" + strings.Join(names, " "), "PORTS=" + strings.Join(open, " "), "SECRETS=hunter2",
		"FOLDERS=" + filepath.Join(p.dir, "kaon-results") + " " + filepath.Join(p.dir, "kaon-results", ".state") + " " + p.states(t)}
	said, err := attack.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, said)
	}
	harmless(t, string(said))
	gate, err := os.OpenFile(wait, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	if _, err := gate.WriteString(strings.Repeat("\n", 8)); err != nil {
		t.Fatal(err)
	}
	x.wait().ends(exitDone)
}

// states is all folders of a run, by name: a closed one does not help if one below it is open and known.
func (p place) states(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "kaon-results/.state/*/*"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	return strings.Join(found, " ")
}

// A trial gets into none of the listeners of the run that it belongs to, and is not given what would let it in.
func TestAttackAsATrial(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	folder := intruder(t)
	p.write("trial.yaml", "metric: {name: cost, goal: minimize}\nparameters: {x: {values: [1]}}\nmethod: grid\ntask: {resources: {cpus: 0.1, memory: 20MB}}\n"+
		"command: [sh, -c, 'echo cost=1; while [ ! -s ports ]; do sleep 0.05; done; PORTS=$(cat ports) "+folder+"/intruder']\n")
	cmd := p.command("run", "trial.yaml")
	cmd.Env = append(cmd.Env, "KAON_PRINCIPAL=me:hunter2", "KAON_METRICS_AUTH=me:hunter2",
		"NOT_IN_ENVIRONMENT=MESOS_EXECUTOR_AUTHENTICATION_TOKEN KAON_PRINCIPAL KAON_CREDENTIALS KAON_METRICS_AUTH")
	x := p.launch(cmd)
	var open []string
	const listeners = 2 // the agent, and what serves files
	testkit.Await(t, "the listeners", func() bool {
		x.lives()
		open = ports(t, p.processes())
		return len(open) >= listeners
	})
	slices.Sort(open)
	p.write("ports.new", strings.Join(open, " "))
	if err := os.Rename(filepath.Join(p.dir, "ports.new"), filepath.Join(p.dir, "ports")); err != nil {
		t.Fatal(err)
	}
	x.wait().ends(exitDone)
	harmless(t, p.kaon("logs", "0").ends(exitDone).stdout)
}
