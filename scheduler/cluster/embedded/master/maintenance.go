package master

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/allocator"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Operator answers a call of the operator API; a response of nil is one without a body. It knows those about
// maintenance.
func (m *Master) Operator(c *operator.Call) (protocol.Answer, *operator.Response) {
	ok := protocol.Answer{Status: http.StatusOK}
	switch c.Type {
	case operator.Call_UNKNOWN:
		return protocol.BadRequest("Failed to validate master::Call: Expecting 'type' to be present"), nil
	case operator.Call_UPDATE_MAINTENANCE_SCHEDULE:
		if c.UpdateMaintenanceSchedule == nil {
			return protocol.BadRequest("Failed to validate master::Call: Expecting 'update_maintenance_schedule' " +
				"to be present"), nil
		}
		return m.updateSchedule(c.UpdateMaintenanceSchedule.Schedule), nil
	case operator.Call_START_MAINTENANCE:
		if c.StartMaintenance == nil {
			return protocol.BadRequest("Failed to validate master::Call: Expecting 'start_maintenance' to be present"),
				nil
		}
		return m.startMaintenance(c.StartMaintenance.Machines), nil
	case operator.Call_STOP_MAINTENANCE:
		if c.StopMaintenance == nil {
			return protocol.BadRequest("Failed to validate master::Call: Expecting 'stop_maintenance' to be present"),
				nil
		}
		return m.stopMaintenance(c.StopMaintenance.Machines), nil
	case operator.Call_GET_MAINTENANCE_SCHEDULE:
		return ok, &operator.Response{Type: operator.Response_GET_MAINTENANCE_SCHEDULE,
			GetMaintenanceSchedule: &operator.Response_GetMaintenanceSchedule{Schedule: m.schedule}}
	case operator.Call_GET_MAINTENANCE_STATUS:
		return ok, &operator.Response{Type: operator.Response_GET_MAINTENANCE_STATUS,
			GetMaintenanceStatus: &operator.Response_GetMaintenanceStatus{Status: m.maintenanceStatus()}}
	}
	return protocol.Answer{Status: http.StatusNotImplemented, Body: "This master knows no " + c.Type.String()}, nil
}

// change puts a maintenance into force and does what follows from it, once it is kept.
func (m *Master) change(to Maintenance, then func()) protocol.Answer {
	if m.cfg.Keep != nil {
		if err := m.cfg.Keep(to); err != nil {
			return protocol.Answer{Status: http.StatusInternalServerError,
				Body: "Nothing was changed, as it could not be kept: " + err.Error()}
		}
	}
	m.set(to)
	then()
	return protocol.Answer{Status: http.StatusOK}
}

// updateSchedule puts a schedule into force, in place of the one before. All agents begin anew, also those of which it
// says what was said before, or nothing: their offers are rescinded and made again with what holds now, and who has
// something there is asked for it.
func (m *Master) updateSchedule(s maintenance.Schedule) protocol.Answer {
	if why := checkSchedule(&s); why != "" {
		return protocol.BadRequest("%s", why)
	}
	planned := plannedBy(&s)
	for _, id := range within(&m.schedule, m.down) {
		if planned[machineOf(&id)] == nil {
			return protocol.BadRequest("Machine '%s' is deactivated and cannot be removed from the schedule",
				machineText(&id))
		}
	}
	return m.change(Maintenance{Schedule: s, Down: within(&s, m.down)}, func() {
		list := m.sortedAgents()
		for _, a := range list {
			m.plan(a, m.planned[m.machine(&a.info)])
		}
		m.allocate(list)
	})
}

// startMaintenance takes machines of the schedule down: agents there are told to shut down and are removed at once.
func (m *Master) startMaintenance(ids []mesos.MachineID) protocol.Answer {
	draining := func(id machineID) bool { return m.planned[id] != nil && !m.down[id] }
	if why := m.checkMachines(ids, draining, "is not in DRAINING mode and cannot be brought down"); why != "" {
		return protocol.BadRequest("%s", why)
	}
	asked := machineSet(ids)
	down := maps.Clone(asked)
	maps.Copy(down, m.down)
	return m.change(Maintenance{Schedule: m.schedule, Down: within(&m.schedule, down)}, func() {
		for _, a := range m.sortedAgents() {
			if asked[m.machine(&a.info)] {
				m.removeAgent(a, "Operator initiated 'Machine DOWN'")
			}
		}
	})
}

// stopMaintenance brings machines up again, and takes them out of the schedule.
func (m *Master) stopMaintenance(ids []mesos.MachineID) protocol.Answer {
	down := func(id machineID) bool { return m.down[id] }
	if why := m.checkMachines(ids, down, "is not in DOWN mode and cannot be brought up"); why != "" {
		return protocol.BadRequest("%s", why)
	}
	up := machineSet(ids)
	var next maintenance.Schedule
	for _, w := range m.schedule.Windows {
		w.MachineIDs = slices.DeleteFunc(slices.Clone(w.MachineIDs), func(id mesos.MachineID) bool {
			return up[machineOf(&id)]
		})
		if len(w.MachineIDs) > 0 {
			next.Windows = append(next.Windows, w)
		}
	}
	return m.change(Maintenance{Schedule: next, Down: within(&next, m.down)}, func() {})
}

// checkMachines says why machines cannot be brought into another mode; "" when they can.
func (m *Master) checkMachines(ids []mesos.MachineID, may func(machineID) bool, not string) string {
	if len(ids) == 0 {
		return "List of machines is empty"
	}
	seen := map[machineID]bool{}
	for i := range ids {
		if why := checkMachine(&ids[i], seen); why != "" {
			return why
		}
	}
	for i := range ids {
		switch id := machineOf(&ids[i]); {
		case !m.heardOf[id]:
			return fmt.Sprintf("Machine '%s' is not part of a maintenance schedule", machineText(&ids[i]))
		case !may(id):
			return fmt.Sprintf("Machine '%s' %s", machineText(&ids[i]), not)
		}
	}
	return ""
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

// maintenanceStatus is the machines of the schedule, in its order, those that drain with what frameworks answered of
// their agents.
func (m *Master) maintenanceStatus() (s maintenance.ClusterStatus) {
	statuses := map[machineID][]allocator.InverseOfferStatus{}
	for _, a := range m.sortedAgents() {
		if len(a.statuses) > 0 {
			id := m.machine(&a.info)
			statuses[id] = append(statuses[id], a.statuses...)
		}
	}
	for i := range m.schedule.Windows {
		for _, id := range m.schedule.Windows[i].MachineIDs {
			if !m.down[machineOf(&id)] {
				s.DrainingMachines = append(s.DrainingMachines,
					maintenance.ClusterStatus_DrainingMachine{ID: id, Statuses: statuses[machineOf(&id)]})
			}
		}
	}
	s.DownMachines = within(&m.schedule, m.down)
	return s
}
