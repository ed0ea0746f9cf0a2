package main

import (
	"strings"
	"testing"
)

// An attempt that follows another goes on from the checkpoint that it left, and so does one that a user's retry begins.
func TestAttemptsGoOnFromACheckpoint(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", `
name: resumed
method: grid
metric: {name: epoch, goal: maximize}
parameters: {x: {values: [1, 2]}}
command: [sh, -c, 'from=0; if [ -n "$KAON_RESUME_FROM" ]; then from=$(cat "$KAON_RESUME_FROM/deep/check point"); fi; mkdir "$KAON_ARTIFACTS/deep"; echo $((from+1)) > "$KAON_ARTIFACTS/deep/check point"; echo epoch=$((from+1)); test $from -ge 3']
task: {retries: 2, filters: ['(\w+)=(.*)'], resources: {cpus: 0.1, memory: 20MB}}
`)
	p.kaon("run", "s.yaml", "--quiet").ends(exitFailed)
	id := p.sweep("resumed")
	p.kaon("retry", id, "--quiet").ends(exitDone)
	got := p.kaon("trials", id, "--json").ends(exitDone).stdout
	if strings.Count(got, `"state":"succeeded","value":4`) != 2 {
		t.Errorf("after three attempts and a retry the trials are at\n%s", got)
	}
}
