package mesos

import (
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// frameworkInfo is how the framework of a Config introduces itself; without an id it is a new one.
func (c *Config) frameworkInfo(id cluster.FrameworkID) *mesosapi.FrameworkInfo {
	yes, seconds := true, c.FailoverTimeout.Seconds()
	info := &mesosapi.FrameworkInfo{
		User:            c.User,
		Name:            c.Name,
		Roles:           c.Roles,
		FailoverTimeout: &seconds,
		Checkpoint:      &yes,
	}
	types := []mesosapi.FrameworkInfo_Capability_Type{
		mesosapi.FrameworkInfo_Capability_MULTI_ROLE,
		mesosapi.FrameworkInfo_Capability_PARTITION_AWARE,
		mesosapi.FrameworkInfo_Capability_TASK_KILLING_STATE,
	}
	if c.GPUs {
		types = append(types, mesosapi.FrameworkInfo_Capability_GPU_RESOURCES)
	}
	for _, t := range types {
		info.Capabilities = append(info.Capabilities, mesosapi.FrameworkInfo_Capability{Type: t})
	}
	if id != "" {
		info.ID = &mesosapi.FrameworkID{Value: string(id)}
	}
	info.Principal, info.Hostname, info.WebUiURL = optional(c.Principal), optional(c.Hostname), optional(c.WebUI)
	return info
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
