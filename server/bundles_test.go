package server

import "testing"

// Short trials share launches and updates, whoever runs them.
func TestOperationsOfShortTrials(t *testing.T) {
	const trials = 3000
	m := onAgents(t, 2, 4, `method: random
run_cap: 3000
parameters: {x: {min: 0.0, max: 1.0}}
command: ["true"]
task: {resources: {cpus: 1, memory: 32MB}}
`)
	t.Logf("%d trials in %.1f s: %v", trials, m.seconds, m.operations)
	if n := m.count["launches"]; n > trials/10 {
		t.Errorf("%d launches of %d trials, want a tenth of them at most", n, trials)
	}
	if n := m.count["Updated"]; n > trials/5 || m.count["Acknowledge"] != n {
		t.Errorf("%d updates of %d trials and %d acknowledgements, want a fifth of them at most", n, trials, m.count["Acknowledge"])
	}
}
