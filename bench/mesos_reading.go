package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// mesosReading is a cluster at one moment.
type mesosReading struct {
	counters             map[string]float64 // the master's
	masterCPU, agentsCPU *float64           // seconds; nil: not known
}

// read takes a reading; nil when the master has no metrics, which is noted.
func (m *meter) read(ctx context.Context) *mesosReading {
	got, err := mesos.Measure(ctx, m.config)
	if err != nil {
		m.note("operations and the master's CPU are not known: " + err.Error())
		return nil
	}
	m.last = got.Master
	out := &mesosReading{counters: got.Of}
	out.masterCPU = m.cpu("master", got.Master, got.Of)
	if got.Lacking != nil {
		m.note("the agents' CPU is not known: " + got.Lacking.Error())
		return out
	}
	if len(got.Agents) == 0 {
		m.note("the agents run in the master's process, whose CPU is theirs too")
		return out
	}
	sum := 0.0
	for _, a := range got.Agents {
		cpu := m.cpu("agent", a.Address, a.Of)
		if cpu == nil {
			return out
		}
		sum += *cpu
	}
	out.agentsCPU = &sum
	return out
}

// cpu is the time of a process on processors, from its own metrics, or from the kernel when it runs on this machine:
// Mesos's metrics do not tell it.
func (m *meter) cpu(what, address string, metrics map[string]float64) *float64 {
	if v, ok := metrics[embedded.ProcessCPU]; ok {
		return &v
	}
	pid := listen.ProcessAt(address)
	if pid == 0 {
		m.note(fmt.Sprintf("the CPU of the %s at %s is not known: Mesos's metrics do not tell it, and "+
			"its process is not "+
			"to be seen on this machine", what, address))
		return nil
	}
	seconds, err := processCPU(pid)
	if err != nil {
		m.note(fmt.Sprintf("the CPU of the %s at %s is not known: %v", what, address, err))
		return nil
	}
	return &seconds
}

func (m *meter) note(text string) {
	if !slices.Contains(m.notes, text) {
		m.notes = append(m.notes, text)
	}
}

// ticksPerSecond is USER_HZ, in which /proc tells times: 100 on every architecture that kaon is built for.
const ticksPerSecond = 100

// processCPU is the time of a process on processors, in seconds.
func processCPU(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	const user, system = 11, 12 // fields after the name, proc(5)
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) <= system {
		return 0, fmt.Errorf("read /proc/%d/stat: it has %d fields", pid, len(f))
	}
	u, err := strconv.ParseFloat(f[user], 64)
	if err != nil {
		return 0, err
	}
	s, err := strconv.ParseFloat(f[system], 64)
	return (u + s) / ticksPerSecond, err
}
