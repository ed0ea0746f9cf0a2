package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// gated is square, but trials from 3 on tell that they began, and wait for a file.
const gated = `
name: gated
method: grid
metric: {name: y, goal: minimize}
parameters:
  x: {values: [0, 1, 2, 3, 4, 5, 6, 7]}
command: sh trial.sh ${param.x}
task: {resources: {cpus: 0.5, memory: 16MB}}
`

const gatedTrial = `
if [ "$1" -ge 3 ] && [ ! -f open ]; then echo "$1" > began; read line < gate; fi
echo y=$(($1 * $1 - 6 * $1))
`

// gate writes the sweep of a gate, and answers with the pipe that says who waits before it.
func (p place) gate() (began *os.File) {
	p.t.Helper()
	p.write("specs/gated.yaml", gated)
	p.write("specs/trial.sh", gatedTrial)
	p.pipe("specs/gate")
	return p.pipe("specs/began")
}

// halfway starts a sweep and answers when its third trial waits for the gate.
func (p place) halfway(args ...string) *process {
	p.t.Helper()
	began := p.gate()
	x := p.start(append([]string{"run", "specs/gated.yaml"}, args...)...)
	line(p.t, began)
	return x
}

// opened lets every trial pass: those that come, and those that wait.
func (p place) opened() {
	p.t.Helper()
	p.write("specs/open", "")
	gate, err := os.OpenFile(filepath.Join(p.dir, "specs", "gate"), os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer gate.Close()
	if _, err := gate.WriteString(strings.Repeat("\n", 8)); err != nil {
		p.t.Fatal(err)
	}
}

var resumeHint = regexp.MustCompile(`go on with: kaon (run --resume .*)\n`)

// hint is the command that an interrupted run tells, as words after kaon.
func hint(t *testing.T, r ran) string {
	t.Helper()
	found := resumeHint.FindStringSubmatch(r.stderr)
	if found == nil {
		t.Fatalf("standard error does not say how to go on:\n%s", r.stderr)
	}
	return found[1]
}

// typed runs kaon with the words as a shell splits them.
func (p place) typed(words string) ran {
	p.t.Helper()
	cmd := p.command()
	cmd.Args = []string{"sh", "-c", `exec "$0" ` + words, cmd.Path}
	cmd.Path = "/bin/sh"
	return p.launch(cmd).wait()
}

// attemptCount is what of a board an interruption is allowed to change, and what covers that.
var attemptCount = regexp.MustCompile(`"(attempts?|points)": [0-9]+|"checksum": "[^"]*"`)

// withoutAttempts is a board without what an interruption is allowed to change: the attempts it cost, and so how many
// points all attempts reported together.
func withoutAttempts(board string) string {
	return attemptCount.ReplaceAllString(board, `"$1": N`)
}

func TestInterruptAndResume(t *testing.T) {
	for name, sig := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			x := p.halfway("--results", "my 'own' results")
			x.signal(sig)
			r := x.wait().ends(exitInterrupted)
			p.alone()
			p.opened()
			again := p.typed(hint(t, r)).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded")
			p.alone()
			id := strings.Fields(hint(t, r))[2]
			whole := contract(t, p.kaon("run", "specs/gated.yaml", "--json").ends(exitDone))
			got, want := withoutAttempts(p.board("my 'own' results", id)), withoutAttempts(p.board("kaon-results", whole.Sweep))
			if got != want {
				t.Errorf("after the interruption the board is\n%s\nundisturbed it is\n%s\n%s", got, want, again.stdout)
			}
		})
	}
}

// What a trial has started ends with it, in whatever session it is.
func TestInterruptEndsTheWholeTrial(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("forks.yaml", `
method: grid
parameters: {x: {value: 1}}
command: 'sleep 500 & setsid sleep 500 & echo $! > began; wait'
`)
	began := p.pipe("began")
	x := p.start("run", "forks.yaml")
	line(t, began)
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
	p.alone()
}

// Who has left may have said with nohup(1) that the sweep goes on.
func TestHangupIgnored(t *testing.T) {
	t.Parallel()
	want(t, "nohup")
	p := newPlace(t)
	began := p.gate()
	cmd := p.command()
	cmd.Args = []string{"sh", "-c", `exec nohup "$0" run specs/gated.yaml`, cmd.Path}
	cmd.Path = "/bin/sh"
	x := p.launch(cmd)
	line(t, began)
	x.signal(syscall.SIGHUP)
	p.opened()
	x.wait().ends(exitDone).prints("8 succeeded")
}

// A run whose output nobody reads any more, as in `kaon run … | head -1`, goes on to its end, and ends with its own code. On
// standard error it is the same.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		for want, last := range map[int]string{exitDone: "echo y=2", exitFailed: "exit 1"} {
			p := newPlace(t)
			p.write("long.yaml", `
name: long
method: grid
metric: {name: y}
parameters: {x: {values: [1, 2, 3, 4, 5, 6, 7, 8]}}
limits: {parallel: 1}
task: {retries: 0, resources: {cpus: 0.1, memory: 16MB}}
command: 'while [ ! -f gone ]; do sleep 0.05; done; `+last+`'
`)
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := p.command("run", "long.yaml", "--log", "info")
			cmd.Stdout = write
			if both {
				cmd.Stderr = write
			}
			x := p.launch(cmd)
			write.Close()
			line(t, read)
			read.Close()
			p.write("gone", "")
			r := x.wait()
			if strings.Contains(r.stderr, "broken pipe") || strings.Contains(r.stderr, "interrupted") {
				t.Errorf("said: %s", r.stderr)
			}
			r.ends(want)
			p.kaon("status").ends(exitDone).prints(map[int]string{exitDone: "8 succeeded", exitFailed: ": failed"}[want])
		}
	}
}

// A run that succeeds has succeeded, whether or not its last words are read, as in `kaon run … | head -1`; and one that failed
// has failed.
func TestReaderOfSuccessLeaves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, spec string
		code       int
		flags      []string
	}{
		{"success", square, exitDone, []string{"--quiet"}},
		{"json", square, exitDone, []string{"--quiet", "--json"}},
		{"failure", "name: broken\nmethod: grid\nparameters: {x: {values: [1, 2]}}\ncommand: exit 1\n", exitFailed, []string{"--quiet"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write("some.yaml", tt.spec)
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := p.command(append([]string{"run", "some.yaml"}, tt.flags...)...)
			cmd.Stdout = write
			x := p.launch(cmd)
			write.Close()
			if tt.name != "json" {
				line(t, read)
			}
			read.Close()
			if r := x.wait().ends(tt.code); strings.Contains(r.stderr, "broken pipe") {
				t.Errorf("said: %s", r.stderr)
			}
			p.kaon("status").ends(exitDone).prints(map[int]string{exitDone: ": succeeded", exitFailed: ": failed"}[tt.code])
		})
	}
}

// On a cluster of its own, tasks go on while nobody watches, and are found again.
func TestInterruptOnCluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--allocate", "20ms", "--agent", "name=a,cpus=1,mem=200")
	cluster.stdout.await(t, "\n")
	var address struct{ Cluster string }
	if err := json.Unmarshal([]byte(cluster.stdout.String()), &address); err != nil {
		t.Fatal(err)
	}
	x := p.halfway("--cluster", address.Cluster)
	x.signal(os.Interrupt)
	r := x.wait().ends(exitInterrupted).says("--cluster " + address.Cluster)
	p.opened()
	p.typed(hint(t, r)).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded")
	cluster.signal(syscall.SIGTERM)
	cluster.wait().ends(exitDone)
}

// A sweep that runs is not resumed beside itself; one whose files are gone still has its record, and is not said to have
// written nothing.
func TestOneProcessPerSweep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	id := sweepOf(x)
	for _, words := range [][]string{{"run", "--resume", id}, {"retry", id}} {
		p.kaon(words...).ends(exitUsage).says("another process works on sweep "+id, "kaon status "+id)
	}
	p.opened()
	x.wait().ends(exitDone)
	if err := os.RemoveAll(filepath.Join(p.dir, "kaon-results/.state")); err != nil {
		t.Fatal(err)
	}
	if r := p.kaon("logs", id+"/0").ends(exitDone).says("the files are on agent"); strings.Contains(r.stderr, "wrote nothing") {
		t.Errorf("and yet: %s", r.stderr)
	}
}

// A finished sweep resumes as a no-op that prints the result again.
func TestResumeOfFinished(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	first := contract(t, p.kaon("run", "square.yaml", "--json").ends(exitDone))
	before := p.read("kaon-results/sweeps/" + first.Sweep + "/sweep.json")
	again := contract(t, p.kaon("run", "--resume", first.Sweep, "--json").ends(exitDone))
	again.Seconds = first.Seconds
	one, _ := json.Marshal(first)
	other, _ := json.Marshal(again)
	if string(one) != string(other) {
		t.Errorf("resumed: %s, want %s", other, one)
	}
	if after := p.read("kaon-results/sweeps/" + first.Sweep + "/sweep.json"); after != before {
		t.Errorf("sweep.json was\n%s\nis\n%s", before, after)
	}
}

// So does one that follows another and speaks of its winner, by its own name or by the first one's.
func TestResumeOfWhatFollows(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square+"then: next.yaml\n")
	p.write("next.yaml", strings.Replace(gated, "${param.x}", "${param.x} ${winner.param.x}", 1))
	p.write("trial.sh", gatedTrial+"echo $2 >> winners\n")
	began := p.pipe("began")
	gate := p.pipe("gate")
	x := p.start("run", "square.yaml")
	line(t, began)
	x.signal(os.Interrupt)
	again := hint(t, x.wait().ends(exitInterrupted))
	p.write("open", "")
	if _, err := gate.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	p.typed(again).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded")
	if got := p.read("winners"); strings.Count(got, "3\n") < 8 || strings.Trim(got, "3\n") != "" {
		t.Errorf("the trials heard of the winners %q", got)
	}
	id := strings.TrimSuffix(strings.Fields(again)[2], "-then")
	p.kaon("run", "--resume", id).ends(exitDone).prints(id+" succeeded", id+"-then succeeded")
}

func TestResumeRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "--resume", "nobody-abc123").ends(exitUsage).says("run a sweep first", "--results")
	p.kaon("run", "--resume", "nobody-abc123", "--seed", "3").ends(exitUsage).says("--seed")
	p.kaon("run", "square.yaml", "--resume", "nobody-abc123").ends(exitUsage).says("not both")
}

// A killed run leaves its journal, and everything that had ended is not done again.
func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	x.signal(syscall.SIGKILL)
	r := x.wait()
	id, _, _ := strings.Cut(r.stdout, ":")
	p.opened()
	p.kaon("run", "--resume", id).ends(exitDone).prints("winner: trial 3, y -9", "8 succeeded")
	p.kaon("trials", id, "--limit", "3").ends(exitDone).prints("0      succeeded  0   1", "2      succeeded  -8  1")
}

// A run that is resumed from another folder works where its spec lies.
func TestResumeElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x := p.halfway()
	x.signal(os.Interrupt)
	id := strings.Fields(hint(t, x.wait().ends(exitInterrupted)))[2]
	p.opened()
	cmd := p.command("run", "--resume", id, "--results", filepath.Join(p.dir, "kaon-results"))
	cmd.Dir = t.TempDir()
	p.launch(cmd).wait().ends(exitDone).prints("8 succeeded")
}

// Results that take nothing hold a sweep up, and that is said; and so is that they take it again.
func TestStalledResultsAreTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	began := p.gate()
	x := p.start("run", "specs/gated.yaml", "--quiet")
	line(t, began)
	records := filepath.Join("kaon-results/sweeps", sweepOf(x), "records")
	p.write(records, "a file where a folder should be")
	x.stdout.await(t, "the results take nothing now: ")
	if err := os.Remove(filepath.Join(p.dir, records)); err != nil {
		t.Fatal(err)
	}
	x.stdout.await(t, "the results take what trials leave again")
	p.opened()
	x.wait().ends(exitDone).prints("8 succeeded")
}

// Nobody is sent to a pod that is gone.
func TestFilesOfAPod(t *testing.T) {
	for cluster, want := range map[string]string{
		"kubernetes": "task.logs: all", "kubernetes://kind?namespace=a": "task.logs: all", "mesos://a:5050": "agent b in /c", "": "agent b in /c",
	} {
		if got := filesOf(cluster, "b", "/c"); !strings.Contains(got, want) {
			t.Errorf("%q: %s", cluster, got)
		}
	}
	// Nor into a folder without a name, when a master refused to launch it.
	if got := filesOf("mesos://a:5050", "b", ""); strings.Contains(got, " in ") || !strings.Contains(got, "no files are known on agent b") {
		t.Error(got)
	}
}
