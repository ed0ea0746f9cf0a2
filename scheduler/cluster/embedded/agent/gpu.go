package agent

import (
	"slices"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// assign takes n devices for an executor that starts, those first that come first. A device is free again when all tasks of
// its executor have ended, as its resources are for the master.
func (n *Agent) assign(count int) []string {
	var out []string
	for _, id := range n.cfg.GPUs {
		if len(out) < count && !n.holds(id) && (n.share == nil || slices.Contains(n.share.GPUs, id)) {
			out = append(out, id)
		}
	}
	return out
}

// DevicesInUse lists the devices of executors with tasks that may run.
func (n *Agent) DevicesInUse() (ids []string) {
	for _, id := range n.cfg.GPUs {
		if n.holds(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// SetShare limits what the agent may use; changed is false when the limit was that already.
func (n *Agent) SetShare(s protocol.Share) (changed bool) {
	if n.share != nil && n.share.Equal(s) {
		return false
	}
	n.share = &s
	return true
}

// holds reports whether an executor with a task that may run has the device.
func (n *Agent) holds(device string) bool {
	for _, e := range n.containers {
		if !slices.Contains(e.gpus, device) || e.state == executorTerminated {
			continue
		}
		for _, t := range e.tasks {
			if !protocol.Terminal(t.state) {
				return true
			}
		}
	}
	return false
}
