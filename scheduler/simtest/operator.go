package simtest

import (
	"net/http"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
)

// maintain has an operator plan to take a machine away, or take it away now, and call that off after a while. There is one schedule: the
// plan before it is called off with it.
func (w *world) maintain(m *machine, arg int) {
	w.counted(Maintenance, "agent %s", m.spec.Name)
	w.plan(m, arg)
	w.after(w.while(arg/5, 5*time.Second, 6*time.Minute), func() { w.schedule() })
}

// takeDown has an operator plan that, and then start it, in time or not, whatever runs there; and stop it after a while.
func (w *world) takeDown(m *machine, arg int) {
	w.counted(MachineDown, "agent %s", m.spec.Name)
	w.plan(m, arg)
	w.after(w.while(arg/7, 0, time.Minute), func() { w.startMaintenance(m) })
	w.after(w.while(arg/5, time.Second, 6*time.Minute), func() { w.schedule() })
}

func (w *world) plan(m *machine, arg int) {
	u := mesosapi.Unavailability{Start: mesosapi.TimeInfo{Nanoseconds: w.now.Add(w.while(arg, -20*time.Second, 4*time.Minute)).UnixNano()}}
	if arg%3 == 0 {
		u.Duration = &mesosapi.DurationInfo{Nanoseconds: int64(w.while(arg/3, time.Second, 3*time.Minute))}
	}
	w.schedule(maintenance.Window{MachineIDs: []mesosapi.MachineID{m.machineID()}, Unavailability: u})
}

func (m *machine) machineID() mesosapi.MachineID {
	ip := "10.0.0.1" // of all
	return mesosapi.MachineID{Hostname: &m.spec.Hostname, IP: &ip}
}

// startMaintenance takes a machine down, unless that was called off meanwhile.
func (w *world) startMaintenance(m *machine) {
	if w.calm || w.down != nil || len(w.windows) == 0 || *w.windows[0].MachineIDs[0].Hostname != m.spec.Hostname {
		return
	}
	if !w.operate(&operator.Call{Type: operator.Call_START_MAINTENANCE,
		StartMaintenance: &operator.Call_StartMaintenance{Machines: []mesosapi.MachineID{m.machineID()}}}) {
		w.after(time.Second, func() { w.startMaintenance(m) })
		return
	}
	w.log("machine %s is down", m.spec.Name)
	w.down = m
	m.removed()
}

// removed notes that the master has taken everything on a machine for lost, while it may run on for a moment.
func (m *machine) removed() {
	m.part()
	for _, x := range m.executors {
		for _, s := range x.senders {
			s.removed = true
		}
	}
}

// schedule puts a maintenance schedule into force, as soon as there is a master, and brings up what is down.
func (w *world) schedule(windows ...maintenance.Window) {
	if w.calm {
		windows = nil
	}
	w.windows = windows
	w.postSchedule()
}

func (w *world) postSchedule() {
	if w.down != nil {
		if !w.operate(&operator.Call{Type: operator.Call_STOP_MAINTENANCE,
			StopMaintenance: &operator.Call_StopMaintenance{Machines: []mesosapi.MachineID{w.down.machineID()}}}) {
			w.after(time.Second, w.postSchedule)
			return
		}
		w.log("machine %s is up", w.down.spec.Name)
		w.down = nil
	}
	if !w.operate(&operator.Call{Type: operator.Call_UPDATE_MAINTENANCE_SCHEDULE,
		UpdateMaintenanceSchedule: &operator.Call_UpdateMaintenanceSchedule{Schedule: maintenance.Schedule{Windows: w.windows}}}) {
		w.after(time.Second, w.postSchedule)
	}
}

// operate makes a call of an operator, and reports whether there is a master that takes it.
func (w *world) operate(call *operator.Call) bool {
	status := 0
	w.inCluster(func(c *embedded.Core) {
		a, _ := c.Operator(w.now, call, nil)
		status = a.Status
	})
	if status != http.StatusOK && status != http.StatusServiceUnavailable {
		w.fail("%v is answered by %d", call.Type, status)
	}
	return status != http.StatusServiceUnavailable
}
