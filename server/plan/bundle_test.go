package plan

import (
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

func TestPlanOfBundles(t *testing.T) {
	const head = "command: \"true\"\nparameters: {x: {values: [1, 2]}}\n"
	for _, c := range []struct{ name, text, want string }{
		{"short", "method: grid", "trials of less than a second share tasks of the cluster, about 2 seconds of work each"},
		{"number", "method: grid\ntask: {bundle: 20}", "up to 20 trials share a task of the cluster, one after the other"},
		{"off", "method: grid\ntask: {bundle: \"off\"}", "each trial is a task of its own on the cluster: task.bundle is off"},
		{"learns", "method: tpe\nrun_cap: 3\nmetric: {name: loss}", "each trial is a task of its own on the cluster: the search learns from each result"},
		{"early", "method: grid\nmetric: {name: loss}\nearly_terminate: {type: median}", "each trial is a task of its own on the cluster: early stopping compares trials that run beside each other"},
		{"own executor", "method: grid\ntask: {isolation: container}", "each trial is a task of its own on the cluster: task.isolation promises each an executor of its own"},
		{"ports", "method: grid\ntask: {resources: {ports: 1}}", "each trial is a task of its own on the cluster: they have ports"},
		{"counted", "method: grid\ntask: {constraints: [[hostname, UNIQUE]]}", "each trial is a task of its own on the cluster: a constraint counts them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec, err := sweep.Parse("sweep.yaml", []byte(head+c.text+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := New(spec, 1, func(string) (string, bool) { return "", false })
			if err != nil || p.Bundle == nil || p.Bundle.Sentence != c.want {
				t.Errorf("%+v, %v; want %q", p.Bundle, err, c.want)
			}
		})
	}
}
