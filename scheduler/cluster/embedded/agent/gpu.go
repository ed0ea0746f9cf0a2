package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// assign chooses count devices for an executor that starts, in the order of the configuration. A device is
// free again when all tasks of its executor have ended, as its resources are for the master.
func (a *Agent) assign(count int) []string {
	var out []string
	for _, id := range a.cfg.GPUs {
		if len(out) < count && !a.holds(id) && (a.share == nil || slices.Contains(a.share.GPUs, id)) {
			out = append(out, id)
		}
	}
	return out
}

// DevicesInUse lists the devices of executors with tasks that may still run.
func (a *Agent) DevicesInUse() (ids []string) {
	for _, id := range a.cfg.GPUs {
		if a.holds(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Reconfigure takes what the agent has by now, for when it goes to a master again.
func (a *Agent) Reconfigure(resources []mesos.Resource, gpus []string, attributes []mesos.Attribute) {
	a.info.Resources, a.info.Attributes, a.cfg.GPUs = resources, attributes, gpus
}

// SetShare limits what the agent may use; changed is false when that was the limit already.
func (a *Agent) SetShare(s protocol.Share) (changed bool) {
	if a.share != nil && a.share.Equal(s) {
		return false
	}
	a.share = &s
	return true
}

// holds reports whether an executor with a task that may run has the device.
func (a *Agent) holds(device string) bool {
	for _, e := range a.containers {
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
