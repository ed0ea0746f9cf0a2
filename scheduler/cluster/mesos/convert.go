package mesos

import (
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// The pure half of the driver, for whoever brings calls and events to a master by another way than HTTP, such
// as the simulation.

// EncodeCall is a call as a Driver for that framework sends it. role is what resources of unknown origin are
// taken from. The error names a call of unknown type.
func EncodeCall(call cluster.Call, framework cluster.FrameworkID, role string) (*api.Call, error) {
	return translate(call, string(framework), role)
}

// DecodeEvent is a master's event as a Driver delivers it; nil when there is nothing to deliver. SUBSCRIBED,
// ERROR and HEARTBEAT belong to the session and give nil.
func DecodeEvent(e *api.Event) cluster.Event { return events(e) }

// SubscribeCall is the SUBSCRIBE of a Driver made from c. id is empty for a framework that has none yet. The
// error is that of the configuration.
func SubscribeCall(c Config, id cluster.FrameworkID) (*api.Call, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	d := &Driver{conf: c}
	return calls.Subscribe(d.frameworkInfo(id)), nil
}
