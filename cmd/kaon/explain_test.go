package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// depending is a sweep whose values depend on a, on b a quarter as much in variance, and on nothing else.
const depending = `
name: depending
method: random
seed: 7
run_cap: 60
metric: {name: y, goal: minimize}
parameters: {a: {min: 0, max: 99}, b: {min: 0, max: 99}, c: {values: [x, y, z]}}
command: [sh, -c, 'echo y=$((${param.a} * 4 + ${param.b} * 2))']
task: {filters: ['(\w+)=(.*)'], resources: {cpus: 0.1, memory: 20MB}}
`

// The explanation stands beside the winner, as text and as JSON, and other formats have no place for it.
func TestBestExplains(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", depending)
	p.kaon("run", "s.yaml", "--quiet").ends(exitDone)
	var got struct {
		Trial       *int `json:"trial"`
		Explanation struct {
			Trials     int     `json:"trials"`
			Fit        float64 `json:"fit"`
			Importance []struct {
				Parameter string  `json:"parameter"`
				Share     float64 `json:"share"`
			} `json:"importance"`
			Interactions []json.RawMessage `json:"interactions"`
			BestSoFar    []json.RawMessage `json:"best_so_far"`
			Region       []json.RawMessage `json:"region"`
		} `json:"explanation"`
	}
	text := p.kaon("best", "--explain", "--json").ends(exitDone).stdout
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	e := got.Explanation
	if got.Trial == nil || e.Trials != 60 || e.Fit < 0.7 || len(e.Interactions) != 3 || len(e.BestSoFar) == 0 || len(e.Region) != 3 {
		t.Fatal(text)
	}
	if first := e.Importance[0]; first.Parameter != "a" || first.Share < 0.65 || e.Importance[2].Parameter != "c" || e.Importance[2].Share > 0.05 {
		t.Errorf("%+v", e.Importance)
	}
	text = p.kaon("best", "--explain").ends(exitDone).stdout
	for _, want := range []string{"winner: trial", "what y depends on, by 60 trials", "the best 6 trials have:", "best y so far:"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	p.kaon("best", "--explain", "--format", "env").ends(exitUsage)
}

// Trials that stand for the same work of an earlier sweep tell what matters, and a search that starts from them, as if they had run.
func TestCachedTrialsExplain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("s.yaml", depending+"cache: true\n")
	p.kaon("run", "s.yaml", "--quiet").ends(exitDone)
	again := contract(t, p.kaon("run", "s.yaml", "--json").ends(exitDone))
	if again.Trials.Cached != 60 {
		t.Fatalf("%+v", again)
	}
	p.kaon("best", again.Sweep, "--explain").ends(exitDone).prints("what y depends on, by 60 trials")
	p.kaon("run", "s.yaml", "--set", "name=next", "--set", "method=tpe", "--set", "run_cap=1", "--set", "from="+again.Sweep).ends(exitDone).prints("starts from 60 trials of " + again.Sweep)
	_, ready := p.serving("--listen", "127.0.0.1:0")
	far := newPlace(t)
	far.aws = []string{"KAON_SERVER=" + ready.Listen[0], "KAON_TOKEN=" + strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)}
	far.kaon("best", again.Sweep, "--explain").ends(exitDone).prints("what y depends on, by 60 trials")
}
