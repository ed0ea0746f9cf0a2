package sweep

import (
	"fmt"
	"strings"
	"testing"
)

func TestLearningMethodsSayWhatTheyDoNotLearn(t *testing.T) {
	for method, want := range map[string]int{"tpe": 2, "cma-es": 2, "random": 0} {
		s, err := Parse("s.yaml", []byte(fmt.Sprintf("method: %s\nprogram: x\nmetrics: {loss: minimize, ms: {goal: minimize, max: 20}}\n"+
			"parameters: {a: {min: 0.0, max: 1.0}}\n", method)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, w := range s.Warnings {
			if strings.Contains(w.Problem, "learns from the first goal") || strings.Contains(w.Problem, "does not learn the bounds") {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d warnings: %v", method, n, s.Warnings)
		}
	}
}
