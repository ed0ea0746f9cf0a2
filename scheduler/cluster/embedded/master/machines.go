package master

import (
	"fmt"
	"net"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
)

// Maintenance is when machines are to be away, and which of them are. A machine of the schedule is draining until its
// maintenance is started, and down from then until it is stopped, which takes it out of the schedule. All others are
// up.
type Maintenance struct {
	Schedule maintenance.Schedule `json:"schedule"`
	Down     []mesos.MachineID    `json:"down,omitempty"` // in the order of the schedule
}

// Check says what is wrong with a maintenance that was kept; "" when nothing is.
func (k *Maintenance) Check() string {
	if why := checkSchedule(&k.Schedule); why != "" {
		return why
	}
	planned := plannedBy(&k.Schedule)
	for i := range k.Down {
		if planned[machineOf(&k.Down[i])] == nil {
			return fmt.Sprintf("Machine '%s' is down, and not part of the schedule", machineText(&k.Down[i]))
		}
	}
	return ""
}

// machines are those that a master has heard of, and what is planned for them.
type machines struct {
	schedule maintenance.Schedule
	planned  map[machineID]*mesos.Unavailability // by the schedule
	down     map[machineID]bool                  // of these, those whose maintenance was started
	heardOf  map[machineID]bool                  // that were ever in a schedule, or have or had an agent
}

// Maintenance is what is in force.
func (m *machines) Maintenance() Maintenance {
	return Maintenance{Schedule: m.schedule, Down: within(&m.schedule, m.down)}
}

// set puts a maintenance into force.
func (m *machines) set(k Maintenance) {
	m.schedule, m.planned, m.down = k.Schedule, plannedBy(&k.Schedule), machineSet(k.Down)
	for id := range m.planned {
		m.heardOf[id] = true
	}
}

// checkSchedule says what is wrong with a schedule; "" when nothing is.
func checkSchedule(s *maintenance.Schedule) string {
	seen := map[machineID]bool{}
	for i := range s.Windows {
		w := &s.Windows[i]
		switch {
		case len(w.MachineIDs) == 0:
			return "List of machines in the maintenance window is empty"
		case w.Unavailability.Start.Nanoseconds == 0: // as one that was left out reads, which Mesos's parser refuses
			return "Missing required fields: unavailability.start.nanoseconds"
		case w.Unavailability.GetDuration().GetNanoseconds() < 0:
			return "Unavailability 'duration' is negative"
		}
		for j := range w.MachineIDs {
			if why := checkMachine(&w.MachineIDs[j], seen); why != "" {
				return why
			}
		}
	}
	return ""
}

// checkMachine says what is wrong with a machine's name, also as one of those seen, to which it is added.
func checkMachine(id *mesos.MachineID, seen map[machineID]bool) string {
	name := machineOf(id)
	switch {
	case name == machineID{}:
		return "Both 'hostname' and 'ip' for a machine are empty"
	case name.ip != "" && net.ParseIP(name.ip).To4() == nil:
		return "Failed to parse the IP"
	case seen[name]:
		return fmt.Sprintf("Machine '%s' appears more than once in the schedule", machineText(id))
	}
	seen[name] = true
	return ""
}

// machineID is how machines of a schedule are compared: by both parts, and hostnames in any case.
type machineID struct{ hostname, ip string }

func machineOf(id *mesos.MachineID) machineID {
	return machineID{strings.ToLower(id.GetHostname()), id.GetIP()}
}

func machineSet(ids []mesos.MachineID) map[machineID]bool {
	set := map[machineID]bool{}
	for i := range ids {
		set[machineOf(&ids[i])] = true
	}
	return set
}

func machineText(id *mesos.MachineID) string {
	var parts []string
	if h := id.GetHostname(); h != "" {
		parts = append(parts, fmt.Sprintf("%q:%q", "hostname", h))
	}
	if ip := id.GetIP(); ip != "" {
		parts = append(parts, fmt.Sprintf("%q:%q", "ip", ip))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// plannedBy is when machines are to be away by a schedule.
func plannedBy(s *maintenance.Schedule) map[machineID]*mesos.Unavailability {
	planned := map[machineID]*mesos.Unavailability{}
	for i := range s.Windows {
		for j := range s.Windows[i].MachineIDs {
			planned[machineOf(&s.Windows[i].MachineIDs[j])] = &s.Windows[i].Unavailability
		}
	}
	return planned
}

// within are the machines of a schedule that are in a set, as it names them and in its order.
func within(s *maintenance.Schedule, set map[machineID]bool) (list []mesos.MachineID) {
	for i := range s.Windows {
		for j := range s.Windows[i].MachineIDs {
			if id := s.Windows[i].MachineIDs[j]; set[machineOf(&id)] {
				list = append(list, id)
			}
		}
	}
	return list
}
