package embedded

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"path/filepath"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Config says what cluster to run.
type Config struct {
	Listen    string        // of the master, host:port; empty: a free port on 127.0.0.1
	Private   bool          // listen for no scheduler: those of this process come by Server.Transport
	Hostname  string        // the master's, as it presents itself; empty: the listening address
	Agents    []AgentConfig // local ones, which run processes on this machine
	Simulated *Simulation   // agents without processes; nil: none
	WorkDir   string        // sandboxes, and what agents remember; must be set when there are local agents
	// Bytes of what an agent keeps of what it fetched; 0: 2 GB, as Mesos's --fetcher_cache_size
	Cache  int64
	Timing protocol.Timing
	Seed   uint64       // of ids; 0: different every time
	Log    *slog.Logger // nil: nothing is logged
	// Principal to secret; not empty: the scheduler API asks for basic authentication
	Auth map[string]string
	// Users that tasks may not run as: they get TASK_ERROR, as where a Mesos's ACLs forbid it
	Refused []string
	TLS     *tls.Config // of the scheduler API; nil: plain HTTP
	Leader  string      // host:port of the leading master: this one then only redirects
}

// AgentConfig describes one local agent. Zero resources get: all CPUs, no memory, no disk, no ports.
type AgentConfig struct {
	Name       string // unique; names its folder under WorkDir; empty: agent-<n>
	Hostname   string // empty: localhost
	Listen     string // of its executor API; empty: a free port on 127.0.0.1
	CPUs       float64
	MemoryMB   float64
	DiskMB     float64
	GPUs       float64
	Ports      [2]uint64          // first and last offered port; zero: none
	Shared     bool               // it offers no cpus, memory or GPUs before Server.Share says how much
	Devices    containerizer.GPUs // which ones the GPUs are; none: by their indices
	Attributes []Attribute
}

// Attribute is an agent's attribute: Text, or when that is empty the scalar Number.
type Attribute struct {
	Name   string
	Text   string
	Number float64
}

// Simulation adds agents that run nothing.
type Simulation struct {
	Agents int
	Agent  func(i int) AgentConfig // what agent i has; nil: 8 CPUs, 32 GB of memory, 100 GB of disk
	Behave Behaviour               // nil: tasks end at once, successfully
}

// Resources returns the agent's resources in the order Mesos lists them: cpus, mem, disk, gpus, ports.
func (c AgentConfig) Resources() []mesos.Resource {
	var out []mesos.Resource
	scalar := func(name string, v float64) {
		if v > 0 {
			out = append(out, mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(),
				Scalar: &mesos.Value_Scalar{Value: v}})
		}
	}
	scalar("cpus", c.CPUs)
	scalar("mem", c.MemoryMB)
	scalar("disk", c.DiskMB)
	scalar("gpus", c.GPUs)
	if c.Ports[1] > 0 {
		out = append(out, mesos.Resource{Name: "ports", Type: mesos.RANGES.Enum(), Ranges: &mesos.Value_Ranges{
			Range: []mesos.Value_Range{{Begin: c.Ports[0], End: c.Ports[1]}},
		}})
	}
	return out
}

// devices are the ids of the agent's GPUs.
func (c AgentConfig) devices() []string {
	if len(c.Devices.IDs) == 0 {
		return containerizer.NumberedGPUs(int(c.GPUs)).IDs
	}
	return c.Devices.IDs
}

func (c AgentConfig) attributes() []mesos.Attribute {
	var out []mesos.Attribute
	for _, a := range c.Attributes {
		if a.Text == "" {
			out = append(out, mesos.Attribute{Name: a.Name, Type: mesos.SCALAR,
				Scalar: &mesos.Value_Scalar{Value: a.Number}})
			continue
		}
		out = append(out, mesos.Attribute{Name: a.Name, Type: mesos.TEXT, Text: &mesos.Value_Text{Value: a.Text}})
	}
	return out
}

// maintenanceFile is where what is said of maintenance lies; empty: nowhere.
func (c *Config) maintenanceFile() string {
	if c.Private || c.WorkDir == "" {
		return ""
	}
	return filepath.Join(c.WorkDir, "maintenance.json")
}

// check refuses configurations that cannot run.
func (c *Config) check() error {
	if len(c.Agents) > 0 && c.WorkDir == "" {
		return fmt.Errorf("start cluster: local agents need a work folder; set WorkDir")
	}
	seen := map[string]bool{}
	for i := range c.Agents {
		a := &c.Agents[i]
		if a.Name == "" {
			a.Name = fmt.Sprintf("agent-%d", i+1)
		}
		if err := protocol.CheckID(a.Name); err != "" {
			return fmt.Errorf("start cluster: agent name %q: %s", a.Name, err)
		}
		if seen[a.Name] {
			return fmt.Errorf("start cluster: two agents named %q", a.Name)
		}
		seen[a.Name] = true
		if a.Hostname == "" {
			a.Hostname = "localhost"
		}
	}
	return nil
}
