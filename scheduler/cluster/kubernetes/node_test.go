package kubernetes

import "testing"

func TestNodesOfOtherSystemsAreNotUsed(t *testing.T) {
	for system, want := range map[string]string{
		"": "", "linux": "", "windows": "it runs windows, for which kaon has no program",
	} {
		o := &nodeObject{}
		o.Status.Conditions = []condition{{Type: "Ready", Status: "True"}}
		o.Status.NodeInfo.OperatingSystem = system
		if got := o.usable(nil); got != want {
			t.Errorf("a node of %q: %q, want %q", system, got, want)
		}
	}
}
