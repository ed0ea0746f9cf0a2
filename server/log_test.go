package server

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler"
)

// The log calls an agent by its host, and its id by another name.
func TestLogNamesAgents(t *testing.T) {
	for name, n := range map[string]scheduler.Notice{
		"agent":    scheduler.AttemptLost{Sweep: "s", Loss: scheduler.Loss{Agent: "it"}},
		"agent_id": scheduler.Anomaly{Message: "strange", Agent: "it"},
	} {
		_, text, attrs := logLine(n)
		found := ""
		for _, a := range attrs {
			if a.Value.String() == "it" {
				found = a.Key
			}
		}
		if text == "" || found != name {
			t.Errorf("%T: %q names its agent %q, want %q", n, text, found, name)
		}
	}
}
