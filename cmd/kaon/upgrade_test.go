package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// formerBuild is another build of kaon: the one that KAON_FORMER_BUILD names, or this source as of another version.
func formerBuild(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("KAON_FORMER_BUILD"); named != "" {
		return named
	}
	former := filepath.Join(t.TempDir(), "kaon")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v0.0.1-former", "-o", former, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return former
}

// outcomes is what each trial of a sweep came to.
func (p place) outcomes(args ...string) (all []map[string]any) {
	p.t.Helper()
	out := p.kaon(append([]string{"trials", "--json"}, args...)...).ends(exitDone).stdout
	for lines := json.NewDecoder(strings.NewReader(out)); lines.More(); {
		var one map[string]any
		if err := lines.Decode(&one); err != nil {
			p.t.Fatal(err)
		}
		kept := map[string]any{}
		for _, key := range []string{"trial", "state", "attempt", "params", "value", "metrics", "seed"} {
			kept[key] = one[key]
		}
		attempts, _ := one["attempts"].([]any)
		kept["attempts"] = len(attempts)
		all = append(all, kept)
	}
	return all
}

// A server of a former build is replaced, at once or as it is killed, by one of this that stands by: the trials that run go on, each
// ends once, in its first attempt, and the board is that of a sweep that nobody disturbed.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	former := formerBuild(t)
	for name, end := range map[string]syscall.Signal{"stopped": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write("s.yaml", `
name: rolling
method: grid
seed: 7
metric: {name: loss, goal: minimize}
parameters: {x: {values: [5, 3, 1, 2, 4, 6, 8, 7]}}
command: "echo loss=9; while [ ! -e `+p.dir+`/go ]; do sleep 0.05; done; echo loss=${param.x}"
task: {resources: {cpus: 1, memory: 16MB}, bundle: "off"}
`)
			machines := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms",
				"--agent", "name=a,cpus=4.2,mem=2000")
			var at struct{ Cluster string }
			testkit.Await(t, "the cluster", func() bool { return json.Unmarshal([]byte(machines.stdout.String()), &at) == nil })
			flags := []string{"serve", "--json", "--standby", "--take-over-after", "10s", "--cluster", at.Cluster}
			works := func(x *process) {
				t.Helper()
				var ready served
				testkit.Await(t, "its turn", func() bool { return json.Unmarshal([]byte(x.stdout.String()), &ready) == nil })
			}
			cmd := p.command(flags...)
			cmd.Path, cmd.Args[0] = former, former
			first := p.launch(cmd)
			works(first)
			p.kaon("submit", "s.yaml").ends(exitDone)
			running := func() int {
				var s api.Sweep
				p.kaon("status", "@latest", "--json").ends(exitDone).json(&s)
				return s.Trials.Running
			}
			testkit.Await(t, "four trials", func() bool { return running() == 4 })
			second := p.start(flags...)
			testkit.Await(t, "what it waits for", func() bool { return strings.Contains(second.stderr.String(), "standing by: process ") })
			first.signal(end)
			first.wait()
			works(second)
			p.write("go", "")
			p.kaon("watch", "@latest").ends(exitDone)
			got := p.outcomes("@latest")
			second.signal(os.Interrupt)
			second.wait().ends(exitDone)
			machines.signal(os.Interrupt)
			machines.wait()
			p.endProcesses() // executors, which wait for more, as on any Mesos

			p.kaon("run", "s.yaml", "--server", "none", "--results", "undisturbed", "--quiet").ends(exitDone)
			want := p.outcomes("@latest", "--results", "undisturbed")
			if len(want) != 8 || !reflect.DeepEqual(got, want) {
				t.Errorf("the board has\n%v\nundisturbed it has\n%v", got, want)
			}
		})
	}
}
