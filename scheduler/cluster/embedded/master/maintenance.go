package master

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Operator answers a call of the operator API; a response of nil is one without a body. It knows those about maintenance schedules.
func (m *Master) Operator(c *operator.Call) (protocol.Answer, *operator.Response) {
	ok := protocol.Answer{Status: http.StatusOK}
	switch c.Type {
	case operator.Call_UNKNOWN:
		return protocol.BadRequest("Failed to validate master::Call: Expecting 'type' to be present"), nil
	case operator.Call_UPDATE_MAINTENANCE_SCHEDULE:
		if c.UpdateMaintenanceSchedule == nil {
			return protocol.BadRequest("Failed to validate master::Call: Expecting 'update_maintenance_schedule' to be present"), nil
		}
		if err := checkSchedule(&c.UpdateMaintenanceSchedule.Schedule); err != "" {
			return protocol.BadRequest("%s", err), nil
		}
		m.setSchedule(c.UpdateMaintenanceSchedule.Schedule)
		return ok, nil
	case operator.Call_GET_MAINTENANCE_SCHEDULE:
		return ok, &operator.Response{Type: operator.Response_GET_MAINTENANCE_SCHEDULE,
			GetMaintenanceSchedule: &operator.Response_GetMaintenanceSchedule{Schedule: m.schedule}}
	case operator.Call_GET_MAINTENANCE_STATUS:
		return ok, &operator.Response{Type: operator.Response_GET_MAINTENANCE_STATUS,
			GetMaintenanceStatus: &operator.Response_GetMaintenanceStatus{Status: m.maintenanceStatus()}}
	}
	return protocol.Answer{Status: http.StatusNotImplemented, Body: "This master knows no " + c.Type.String()}, nil
}

// Schedule is the maintenance schedule in force.
func (m *Master) Schedule() maintenance.Schedule { return m.schedule }

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
			id := &w.MachineIDs[j]
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
		}
	}
	return ""
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

// setSchedule puts a schedule into force, in place of the one before. Agents that it names, or named, begin anew: their offers are
// rescinded and made again with what holds now, and who has something there is asked for it.
func (m *Master) setSchedule(s maintenance.Schedule) {
	before := m.planned
	m.schedule, m.planned = s, plannedBy(&s)
	var list []*agentRecord
	for _, a := range m.sortedAgents() {
		id := m.machine(a)
		if before[id] != nil || m.planned[id] != nil {
			m.plan(a, m.planned[id])
			list = append(list, a)
		}
	}
	m.allocate(list)
}

func (m *Master) sortedAgents() []*agentRecord {
	all := make([]*agentRecord, 0, len(m.agents))
	for _, a := range m.agents {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *agentRecord) int { return a.seq - b.seq })
	return all
}

// plan says when an agent is to be away; nil: never.
func (m *Master) plan(a *agentRecord, u *mesos.Unavailability) {
	for _, o := range a.sortedOffers() {
		m.rescind(o)
	}
	m.rescindInverse(a)
	for _, f := range m.order {
		delete(f.inverseUntil, a.id)
	}
	a.unavailable, a.statuses = u, nil
}

// maintenanceStatus is the machines of the schedule, in its order, with what frameworks answered of their agents.
func (m *Master) maintenanceStatus() (s maintenance.ClusterStatus) {
	statuses := map[machineID][]allocator.InverseOfferStatus{}
	for _, a := range m.sortedAgents() {
		if len(a.statuses) > 0 {
			id := m.machine(a)
			statuses[id] = append(statuses[id], a.statuses...)
		}
	}
	for i := range m.schedule.Windows {
		for _, id := range m.schedule.Windows[i].MachineIDs {
			s.DrainingMachines = append(s.DrainingMachines, maintenance.ClusterStatus_DrainingMachine{ID: id, Statuses: statuses[machineOf(&id)]})
		}
	}
	return s
}
