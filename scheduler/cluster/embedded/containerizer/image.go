package containerizer

import (
	"fmt"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/docker"
)

// insideSandbox is where a container sees its sandbox, with both containerizers of Mesos.
const insideSandbox = "/mnt/mesos/sandbox"

// insideSockets is where a container without the host's network finds its agent's socket.
const insideSockets = "/mnt/mesos/agent"

// imageSpec translates an image and a command for the Docker engine. Images of either containerizer of Mesos
// run on it here; they differ in how a command meets the image's own, as they do in Mesos.
func imageSpec(info *mesos.ContainerInfo, command *mesos.CommandInfo) (s docker.Spec, pull bool, err error) {
	s.Network = "host"
	if d := info.GetDocker(); d != nil {
		s.Image, pull = d.Image, d.GetForcePullImage()
		if s.Network, err = networkOf(d); err != nil {
			return s, false, err
		}
		if command.GetShell() {
			s.Entrypoint, s.Args = []string{"/bin/sh"}, []string{"-c", command.GetValue()}
		} else {
			if command.Value != nil {
				s.Args = append(s.Args, command.GetValue())
			}
			s.Args = append(s.Args, command.GetArguments()...)
		}
		for _, p := range d.Parameters {
			if err := option(&s, p.Key, p.Value); err != nil {
				return s, false, fmt.Errorf("docker parameter %q: %w", p.Key, err)
			}
		}
	} else {
		image := info.GetMesos().GetImage()
		if image.GetDocker() == nil {
			return s, false, fmt.Errorf("image of type %s: only Docker's run here", image.GetType())
		}
		s.Image, pull = image.GetDocker().Name, !image.GetCached()
		switch arguments := command.GetArguments(); {
		case command.GetShell():
			s.Entrypoint, s.Args = []string{"/bin/sh"}, []string{"-c", command.GetValue()}
		case command.Value != nil:
			s.Entrypoint, s.Args = []string{command.GetValue()}, arguments[min(1, len(arguments)):]
		default:
			s.Args = arguments[min(1, len(arguments)):]
		}
		s.User = "0" // Mesos's own containerizer pays no heed to the image's USER
		s.ShmBytes = int64(info.GetLinuxInfo().GetSHMSize()) << 20
		for _, r := range info.GetRlimitInfo().GetRlimits() {
			s.Ulimits = append(s.Ulimits, ulimitOf(r))
		}
	}
	for i := range info.Volumes {
		bind, err := bindOf(&info.Volumes[i])
		if err != nil {
			return s, false, err
		}
		s.Binds = append(s.Binds, bind)
	}
	return s, pull, nil
}

func networkOf(d *mesos.ContainerInfo_DockerInfo) (string, error) {
	switch n := d.GetNetwork(); n {
	case mesos.ContainerInfo_DockerInfo_HOST:
		return "host", nil
	case mesos.ContainerInfo_DockerInfo_BRIDGE:
		return "bridge", nil
	case mesos.ContainerInfo_DockerInfo_NONE:
		return "none", nil
	default:
		return "", fmt.Errorf("network %s: only HOST, BRIDGE and NONE are here", n)
	}
}

// option translates one option of `docker run`.
func option(s *docker.Spec, key, value string) error {
	switch key {
	case "entrypoint":
		s.Entrypoint = []string{value}
	case "user":
		s.User = value
	case "label":
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		name, text, _ := strings.Cut(value, "=")
		s.Labels[name] = text
	case "memory-swap": // here it always follows the memory
	case "shm-size":
		mb, err := strconv.ParseInt(strings.TrimSuffix(value, "m"), 10, 40)
		if err != nil || !strings.HasSuffix(value, "m") {
			return fmt.Errorf("%q is not a number of megabytes such as 64m", value)
		}
		s.ShmBytes = mb << 20
	case "ulimit":
		var u docker.Ulimit
		name, bounds, _ := strings.Cut(value, "=")
		soft, hard, both := strings.Cut(bounds, ":")
		if !both {
			hard = soft
		}
		var err error
		if u.Soft, err = strconv.ParseInt(soft, 10, 64); err == nil {
			u.Hard, err = strconv.ParseInt(hard, 10, 64)
		}
		if err != nil {
			return fmt.Errorf("%q is not NAME=SOFT:HARD", value)
		}
		u.Name = name
		s.Ulimits = append(s.Ulimits, u)
	default:
		return fmt.Errorf("not known to the embedded cluster")
	}
	return nil
}

func ulimitOf(r mesos.RLimitInfo_RLimit) docker.Ulimit {
	u := docker.Ulimit{Name: strings.ToLower(strings.TrimPrefix(r.Type.String(), "RLMT_")), Soft: -1, Hard: -1}
	if r.Hard != nil && r.Soft != nil {
		u.Soft, u.Hard = int64(*r.Soft), int64(*r.Hard)
	}
	return u
}

func bindOf(v *mesos.Volume) (string, error) {
	if v.HostPath == nil || v.Image != nil || v.Source != nil {
		return "", fmt.Errorf("volume %s: only folders of the host are here", v.ContainerPath)
	}
	if strings.ContainsRune(*v.HostPath+v.ContainerPath, ':') {
		return "", fmt.Errorf("volume %s: a path with a colon cannot be mounted", v.ContainerPath)
	}
	bind := *v.HostPath + ":" + v.ContainerPath
	if v.GetMode() == mesos.RO {
		bind += ":ro"
	}
	return bind, nil
}
