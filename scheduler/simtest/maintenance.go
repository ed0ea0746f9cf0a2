package simtest

import (
	"net/http"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
)

// maintain has an operator plan to take a machine away, or take it away now, and call that off after a while. There is one schedule: the
// plan before it is called off with it.
func (w *world) maintain(m *machine, arg int) {
	u := mesosapi.Unavailability{Start: mesosapi.TimeInfo{Nanoseconds: w.now.Add(w.while(arg, -20*time.Second, 4*time.Minute)).UnixNano()}}
	if arg%3 == 0 {
		u.Duration = &mesosapi.DurationInfo{Nanoseconds: int64(w.while(arg/3, time.Second, 3*time.Minute))}
	}
	ip := "10.0.0.1" // of all
	w.counted(Maintenance, "agent %s", m.spec.Name)
	w.schedule(maintenance.Window{MachineIDs: []mesosapi.MachineID{{Hostname: &m.spec.Hostname, IP: &ip}}, Unavailability: u})
	w.after(w.while(arg/5, 5*time.Second, 6*time.Minute), func() { w.schedule() })
}

// schedule puts a maintenance schedule into force, as soon as there is a master.
func (w *world) schedule(windows ...maintenance.Window) {
	if w.calm {
		windows = nil
	}
	w.windows = windows
	w.postSchedule()
}

func (w *world) postSchedule() {
	call := operator.Call{Type: operator.Call_UPDATE_MAINTENANCE_SCHEDULE,
		UpdateMaintenanceSchedule: &operator.Call_UpdateMaintenanceSchedule{Schedule: maintenance.Schedule{Windows: w.windows}}}
	status := 0
	w.inCluster(func(c *embedded.Core) {
		a, _ := c.Operator(w.now, &call)
		status = a.Status
	})
	switch status {
	case http.StatusOK:
	case http.StatusServiceUnavailable: // there is no master
		w.after(time.Second, w.postSchedule)
	default:
		w.fail("a maintenance schedule is answered by %d", status)
	}
}

// away reports whether an offer that is taken in says that its agent is away, with no end.
func (l *laws) away(o *offers.Offer) bool {
	p := l.w.process
	return p != nil && o.Unavailable.End.IsZero() && o.Unavailable.Began(p.clock())
}
