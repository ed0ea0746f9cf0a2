package sweep

import (
	"strconv"
	"strings"
)

// Container is the image that trials run in, and how. Texts that are empty leave the choice to the cluster.
type Container struct {
	// as Docker writes it: [host[:port]/]name[:tag|@digest]
	Image         string `json:"image"`
	Containerizer string `json:"containerizer,omitempty"` // Docker or Mesos
	Pull          string `json:"pull,omitempty"`          // PullMissing or PullAlways; empty: missing
	// NetworkHost, NetworkBridge or NetworkNone; empty: host
	Network string `json:"network,omitempty"`
	// user[:group], names or numbers; empty: the image's
	User     string         `json:"user,omitempty"`
	Volumes  []Volume       `json:"volumes,omitempty"`
	Ulimits  []Ulimit       `json:"ulimits,omitempty"`
	ShmMB    int64          `json:"shm,omitempty"` // size of /dev/shm in MB; 0: the cluster's default
	Registry *RegistryLogin `json:"-"`
}

// The values of the keys of a Container.
const (
	Docker = "docker" // containerizer: the agent's Docker engine
	Mesos  = "mesos"  // containerizer: Mesos's own

	PullMissing = "missing"
	PullAlways  = "always"

	NetworkHost   = "host"
	NetworkBridge = "bridge"
	NetworkNone   = "none"
)

// Volume is a folder or file of the agent that trials see.
type Volume struct {
	Host     string `json:"host"`
	Path     string `json:"path"` // inside
	ReadOnly bool   `json:"read_only,omitempty"`
}

// Ulimit is one limit of setrlimit(2), in its own unit; Unlimited stands for none.
type Ulimit struct {
	Name string `json:"name"` // as Docker writes it: nofile, memlock, …
	Soft int64  `json:"soft"`
	Hard int64  `json:"hard"`
}

// Unlimited is a Ulimit without a bound.
const Unlimited = -1

// RegistryLogin names who pulls the image. The password itself is never in a spec: PasswordEnv and ConfigEnv
// name variables of the submitter's environment.
type RegistryLogin struct {
	Server      string // empty: the image's own registry
	Username    string
	PasswordEnv string
	ConfigEnv   string // holds a whole config.json of Docker; the other fields are empty then
}

// SandboxPath is where an attempt's sandbox is inside an image, with both containerizers.
const SandboxPath = "/mnt/mesos/sandbox"

// UlimitNames are the limits both containerizers know.
var UlimitNames = []string{
	"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
	"rtprio", "rttime", "sigpending", "stack",
}

// Server is the registry an image comes from, in the words of Docker's config.json.
func (c *Container) Server() string {
	const hub = "https://index.docker.io/v1/"
	host, _, found := strings.Cut(c.Image, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return hub
	}
	return host
}

func (u Ulimit) String() string {
	write := func(n int64) string { return strconv.FormatInt(n, 10) }
	return u.Name + "=" + write(u.Soft) + ":" + write(u.Hard)
}
