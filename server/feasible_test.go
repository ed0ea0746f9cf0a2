package server

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

func TestPlanNamesTrialsThatFitNowhere(t *testing.T) {
	const text = `
method: grid
parameters: {x: {values: [1, 100000]}}
command: ["true"]
task:
  resources: {cpus: "x * 1", memory: 1MB}
`
	for _, c := range []struct{ extra, want string }{
		{"", "1 trial needs 100000 cpus, and this machine has "},
		{"\n  constraints: [[hostname, IS, nowhere]]\n", "excluded by [hostname, IS, nowhere]"},
	} {
		spec, err := sweep.Parse("fit.yaml", []byte(text+c.extra))
		if err != nil {
			t.Fatal(err)
		}
		found, err := Cluster{}.FindInfeasible(t.Context(), spec, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 || !strings.Contains(found[len(found)-1].Sentence, c.want) {
			t.Errorf("with %q: %+v, want a sentence with %q", c.extra, found, c.want)
		}
		if c.extra == "" && (len(found) != 1 || found[0].Trials != 1) {
			t.Errorf("the trial that needs one cpu is refused too: %+v", found)
		}
	}
}
