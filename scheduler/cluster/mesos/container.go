package mesos

import (
	"strconv"
	"strings"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// inContainer puts an executor into its image. The two containerizers differ in how a program other than the
// image's own is started: Mesos's takes it from the command; Docker's appends the command to the image's
// ENTRYPOINT, so the program has to take ENTRYPOINT's place.
func inContainer(info *mesosapi.ExecutorInfo, e *cluster.ExecutorInfo) {
	c := e.Container
	if c.Containerizer == sweep.Mesos {
		info.Container = mesosContainer(c)
		return
	}
	info.Container = dockerContainer(c)
	if len(e.Argv) > 0 {
		info.Command.Value, info.Command.Arguments = nil, e.Argv[1:]
		info.Container.Docker.Parameters = append([]mesosapi.Parameter{{Key: "entrypoint", Value: e.Argv[0]}},
			info.Container.Docker.Parameters...)
	}
}

// dockerContainer describes an image to the Docker containerizer. Parameters are options of `docker run`. It
// has no place for credentials: the agent takes them from its own files, or from .docker/config.json in the
// sandbox.
func dockerContainer(c *cluster.Container) *mesosapi.ContainerInfo {
	network := mesosapi.ContainerInfo_DockerInfo_HOST
	switch c.Network {
	case sweep.NetworkBridge:
		network = mesosapi.ContainerInfo_DockerInfo_BRIDGE
	case sweep.NetworkNone:
		network = mesosapi.ContainerInfo_DockerInfo_NONE
	}
	pull := c.Pull == sweep.PullAlways
	d := &mesosapi.ContainerInfo_DockerInfo{Image: c.Image, Network: &network, ForcePullImage: &pull}
	option := func(key, value string) {
		d.Parameters = append(d.Parameters, mesosapi.Parameter{Key: key, Value: value})
	}
	// The sandbox belongs to the agent's user and is closed to others, the executor in it too: it starts as root
	// and gives each trial its own user.
	option("user", "0:0")
	if c.ResizesWithTasks {
		// Docker bounds memory and swap together at twice the first memory. The agent raises only the one, and the
		// kernel does not let it pass the other: the container would be killed.
		option("memory-swap", "-1")
	}
	for _, u := range c.Ulimits {
		option("ulimit", u.String())
	}
	if c.ShmMB > 0 {
		option("shm-size", strconv.FormatInt(c.ShmMB, 10)+"m")
	}
	for _, label := range c.Labels {
		option("label", label)
	}
	return &mesosapi.ContainerInfo{Type: mesosapi.ContainerInfo_DOCKER.Enum(), Docker: d,
		Volumes: volumes(c.Volumes)}
}

// mesosContainer describes an image to Mesos's own containerizer.
func mesosContainer(c *cluster.Container) *mesosapi.ContainerInfo {
	cached := c.Pull != sweep.PullAlways
	image := &mesosapi.Image{
		Type: mesosapi.Image_DOCKER.Enum(), Docker: &mesosapi.Image_Docker{Name: c.Image}, Cached: &cached,
	}
	if c.Credentials != nil {
		image.Docker.Config = &mesosapi.Secret{Type: mesosapi.Secret_VALUE,
			Value: &mesosapi.Secret_Value{Data: c.Credentials}}
	}
	info := &mesosapi.ContainerInfo{
		Type: mesosapi.ContainerInfo_MESOS.Enum(), Mesos: &mesosapi.ContainerInfo_MesosInfo{Image: image},
		Volumes: volumes(c.Volumes),
	}
	if c.ShmMB > 0 {
		size := uint32(c.ShmMB)
		info.LinuxInfo = &mesosapi.LinuxInfo{IPCMode: mesosapi.LinuxInfo_PRIVATE.Enum(), SHMSize: &size}
	}
	for _, u := range c.Ulimits {
		if info.RlimitInfo == nil {
			info.RlimitInfo = &mesosapi.RLimitInfo{}
		}
		info.RlimitInfo.Rlimits = append(info.RlimitInfo.Rlimits, rlimit(u))
	}
	return info
}

func volumes(list []sweep.Volume) []mesosapi.Volume {
	var out []mesosapi.Volume
	for _, v := range list {
		mode := mesosapi.RW
		if v.ReadOnly {
			mode = mesosapi.RO
		}
		out = append(out, mesosapi.Volume{Mode: &mode, HostPath: &v.Host, ContainerPath: v.Path})
	}
	return out
}

// rlimit writes a limit; Mesos knows only both bounds or none, so one without a hard bound is unlimited, and
// one with only the hard bound has it for both.
func rlimit(u sweep.Ulimit) mesosapi.RLimitInfo_RLimit {
	number := mesosapi.RLimitInfo_RLimit_Type_value["RLMT_"+strings.ToUpper(u.Name)]
	kind := mesosapi.RLimitInfo_RLimit_Type(number)
	out := mesosapi.RLimitInfo_RLimit{Type: kind}
	if u.Hard != sweep.Unlimited {
		soft, hard := uint64(u.Soft), uint64(u.Hard)
		out.Soft, out.Hard = &soft, &hard
	}
	return out
}
