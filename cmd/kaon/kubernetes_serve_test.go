package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// podSpec is a sweep of two trials in pods, whose shells run a line with their parameter as $0.
func podSpec(name, line string) string {
	return fmt.Sprintf(`
name: %s
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1, 2]}}
command: [/bin/sh, -c, '%s', '${param.x}']
task: {resources: {cpus: 0.25, memory: 32MB}}
`, name, line)
}

// A server on Kubernetes runs several sweeps at once: each is shown its own trials, what a trial writes is followed while it runs,
// one is stopped and the others go on, a server that is killed loses nothing, and when all is deleted nothing is left.
func TestKubernetesServe(t *testing.T) {
	onKubernetes(t, func(t *testing.T, e kubernetesEngine) {
		p := newPlace(t)
		p.write("ends.yaml", podSpec("ends", `i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "{\"step\": $i, \"loss\": $0}"; sleep 0.05; done`))
		p.write("stays.yaml", podSpec("stays", `i=0; echo "{\"loss\": $0}"; while :; do i=$((i+1)); echo "line $i"; echo "aside $i" >&2; sleep 0.05; done`))
		x, _ := p.serving("--cluster", e.address)
		p.kaon("submit", "ends.yaml").ends(exitDone)
		var stays api.Sweep
		p.kaon("submit", "stays.yaml", "--json").ends(exitDone).json(&stays)
		follow := p.start("logs", "-f", stays.ID+"/0")
		testkit.Await(t, "lines of a running trial", func() bool { return strings.Contains(follow.stdout.String(), "line 20\n") })
		aside := p.start("logs", "-f", "--stderr", stays.ID+"/1")
		testkit.Await(t, "lines of its standard error", func() bool { return strings.Contains(aside.stdout.String(), "aside 20\n") })
		var st struct{ Running []struct{ Sweep string } }
		p.kaon("status", stays.ID, "--json").ends(exitDone).json(&st)
		if len(st.Running) != 2 || slices.ContainsFunc(st.Running, func(r struct{ Sweep string }) bool { return r.Sweep != stays.ID }) {
			t.Errorf("running are %v", st.Running)
		}
		x.signal(syscall.SIGKILL)
		x.wait()
		seen := strings.Count(follow.stdout.String(), "\n")
		y, _ := p.serving("--cluster", e.address)
		testkit.Await(t, "who follows to go on", func() bool { return strings.Count(follow.stdout.String(), "\n") > seen+20 })
		p.kaon("stop", stays.ID).ends(exitDone)
		checkLines(t, follow.wait().ends(exitDone).stdout, "line")
		checkLines(t, aside.wait().ends(exitDone).stdout, "aside")
		p.kaon("watch", "ends").ends(exitDone).prints("winner: trial 0, loss 1")
		testkit.Await(t, "both sweeps to have ended", func() bool {
			return !strings.Contains(p.kaon("list", "--json").ends(exitDone).stdout, `"state":"running"`)
		})
		p.kaon("rm", "ends", stays.ID).ends(exitDone)
		var last api.Sweep
		p.kaon("submit", "stays.yaml", "--json").ends(exitDone).json(&last)
		testkit.Await(t, "its trials to run", func() bool {
			return strings.Contains(p.kaon("status", last.ID).ends(exitDone).stdout, "2 running")
		})
		y.signal(syscall.SIGKILL)
		y.wait()
		uninstall := []string{"kubernetes", "uninstall", "--cluster", e.address}
		p.kaon(append(uninstall, "--owner", "another's")...).ends(exitDone).says("no pods of kaon's are there")
		p.kaon(append(uninstall, "--dry-run")...).ends(exitDone).prints("kaon-trials  kaon-").says("none of these was deleted")
		if len(e.pods()) == 0 {
			t.Error("a dry run deleted pods")
		}
		p.kaon(append(uninstall, "--json")...).ends(exitDone).prints(`"owner":`)
		testkit.Await(t, "the pods to be gone", func() bool { return len(e.pods()) == 0 })
		p.kaon(uninstall...).ends(exitDone).says("no pods of kaon's are there")
		p.alone()
	})
}

// checkLines checks that a followed output has every line once, in order.
func checkLines(t *testing.T, text, word string) {
	t.Helper()
	for i, line := range regexp.MustCompile(`(?m)^`+word+` (\d+)$`).FindAllStringSubmatch(text, -1) {
		if line[1] != fmt.Sprint(i+1) {
			t.Fatalf("line %d is %q", i+1, line[0])
		}
	}
}
