package simtest

import (
	"net/http"
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// inject does a fault, or arms it for the next occasion.
func (w *world) inject(f Fault) {
	if w.calm {
		return
	}
	arg := int(f.Arg)
	switch f.Kind {
	case DelayEvents:
		w.counted(f.Kind, "for a while")
		w.slow.events = w.now.Add(w.while(arg, time.Second, 20*time.Second))
	case DelayCalls:
		w.counted(f.Kind, "for a while")
		w.slow.calls = w.now.Add(w.while(arg, time.Second, 20*time.Second))
	case Stall:
		if w.process != nil {
			w.counted(f.Kind, "the scheduler stands still")
			w.slow.process = w.now.Add(w.while(arg, 100*time.Millisecond, 40*time.Second))
		}
	case HalfOpen:
		w.halfOpen()
	case AgentDeath, AgentReboot, Partition, ExecutorDeath:
		w.machineFault(f.Kind, w.machines[arg%len(w.machines)], arg/len(w.machines))
	case AgentBroken:
		m := w.machines[arg%len(w.machines)]
		w.counted(f.Kind, "agent %s", m.spec.Name)
		m.broken = w.now.Add(w.while(arg, 10*time.Second, 5*time.Minute))
	case PodEvicted, PodGone, PodLog, WatchReplayed:
		w.podFault(f.Kind, w.machines[arg%len(w.machines)], arg/len(w.machines))
	case MachineDown:
		w.takeDown(w.machines[arg%len(w.machines)], arg/len(w.machines))
	case Maintenance:
		w.maintain(w.machines[arg%len(w.machines)], arg/len(w.machines))
	case MasterDeath:
		w.masterDies(arg)
	case BucketSlow:
		w.counted(f.Kind, "for a while")
		w.bucket.slow = w.now.Add(w.while(arg, 5*time.Second, time.Minute))
	case BucketDown:
		w.counted(f.Kind, "for a while")
		w.bucket.down = w.now.Add(w.while(arg, 5*time.Second, 2*time.Minute))
	case ClockForward:
		w.jump(f.Kind, w.while(arg, time.Second, 2*time.Hour))
	case ClockBack:
		w.jump(f.Kind, -w.while(arg, time.Second, 10*time.Minute))
	case UserStop, UserPause, UserRetry, UserStopTrial, UserTell, UserExtend:
		w.user(f.Kind, sweepID(arg%w.story.Sweeps), arg/2)
	default:
		w.armed[f.Kind] = append(w.armed[f.Kind], f.Arg)
	}
}

// while is a time between two bounds that the argument decides.
func (w *world) while(arg int, least, most time.Duration) time.Duration {
	return least + time.Duration(float64(most-least)*float64(mix(uint64(arg))%1000)/1000)
}

// takeArmed uses up an armed fault.
func (w *world) takeArmed(k Kind) (arg uint32, ok bool) {
	if w.calm || len(w.armed[k]) == 0 {
		return 0, false
	}
	arg = w.armed[k][0]
	w.armed[k] = w.armed[k][1:]
	return arg, true
}

// halfOpen has the master lose the stream, while the scheduler believes in it until heartbeats have failed to
// come.
func (w *world) halfOpen() {
	d := w.driver
	if d.owner == nil || !d.subscribed {
		return
	}
	w.counted(HalfOpen, "%s", d.stream)
	stream := d.stream
	w.inCluster(func(c *embedded.Core) { c.StreamClosed(w.now, stream) })
	w.after(75*time.Second, func() { d.ended(stream) })
}

func (w *world) machineFault(k Kind, m *machine, arg int) {
	switch k {
	case AgentDeath:
		if m.up {
			w.counted(k, "agent %s", m.spec.Name)
			m.die()
			w.after(w.while(arg, 100*time.Millisecond, 3*time.Minute), m.start)
		}
	case AgentReboot:
		w.counted(k, "machine of %s", m.spec.Name)
		m.reboot()
		w.after(w.while(arg, 5*time.Second, 3*time.Minute), m.start)
	case Partition:
		if m.up && !m.cut {
			w.counted(k, "agent %s", m.spec.Name)
			m.cutOff()
			w.after(w.while(arg, 500*time.Millisecond, 5*time.Minute), m.heal)
		}
	case ExecutorDeath:
		if all := m.running(); len(all) > 0 {
			w.counted(k, "on %s", m.spec.Name)
			all[arg%len(all)].exit(9)
		}
	}
}

// masterDies lets the next master start later, with no memory.
func (w *world) masterDies(arg int) {
	w.counted(MasterDeath, "")
	for _, m := range w.machines {
		m.part()
	}
	w.inCluster(func(c *embedded.Core) { c.KillMaster(w.now) })
	if d := w.driver; d.owner != nil && d.stream != "" {
		stream := d.stream
		w.after(w.between(0, 50*time.Millisecond), func() { d.ended(stream) })
	}
	w.after(w.while(arg, 100*time.Millisecond, 90*time.Second), w.startMaster)
}

func (w *world) startMaster() {
	w.inCluster(func(c *embedded.Core) { c.StartMaster(w.now) })
}

// jump sets the scheduler's clock.
func (w *world) jump(k Kind, by time.Duration) {
	w.counted(k, "by %v", by)
	w.skew += by
	if p := w.process; p != nil {
		p.planTurn(w.between(0, time.Second)) // the loop looks at least once a second
	}
}

// flap breaks an agent's connection when its offer is on its way: the offer is rescinded behind itself.
func (w *world) flap(ev *api.Event) {
	list := ev.GetOffers().GetOffers()
	if len(list) == 0 || len(w.armed[Flap]) == 0 {
		return
	}
	for _, m := range w.machines {
		if m.up && !m.cut && string(m.id) == list[0].AgentID.Value {
			if _, ok := w.takeArmed(Flap); !ok {
				return
			}
			w.counted(Flap, "agent %s, offer %s", m.spec.Name, list[0].ID.Value)
			w.after(0, func() {
				if m.up && !m.cut {
					m.cutOff()
					w.after(w.between(10*time.Millisecond, time.Second), m.heal)
				}
			})
			return
		}
	}
}

// arrive takes an event off the stream: some faults change it on the way.
func (p *process) arrive(ev cluster.Event) {
	w := p.w
	u, ok := ev.(cluster.Updated)
	if !ok {
		p.deliver(ev)
		return
	}
	if len(u.Status.Data) > 1 && len(u.Status.UUID) > 0 && w.laws.mayCorrupt(u.Status.Task) {
		if arg, ok := w.takeArmed(Corrupt); ok {
			w.counted(Corrupt, "update of %s", u.Status.Task)
			w.laws.corrupted(u.Status.Task)
			u.Status.Data = append([]byte(nil), u.Status.Data[:int(arg)%len(u.Status.Data)]...)
			if len(u.Status.Data) == 0 {
				u.Status.Data = []byte{0xff}
			}
			p.deliver(u)
			return
		}
	}
	if _, ok := w.takeArmed(Duplicate); ok {
		w.counted(Duplicate, "update of %s", u.Status.Task)
		p.deliver(u)
		w.after(w.between(0, 2*time.Second), func() { p.deliver(u) })
		return
	}
	if n := len(p.inbox); n > 0 {
		if before, isUpdate := p.inbox[n-1].event.(cluster.Updated); isUpdate && before.Status.Task != u.Status.Task {
			if _, ok := w.takeArmed(Reorder); ok {
				w.counted(Reorder, "%s before %s", u.Status.Task, before.Status.Task)
				p.inbox[n-1].event = u
				p.deliver(before)
				return
			}
		}
	}
	p.deliver(u)
}

// strayWinner gives the answer to a question that was not asked: twice, or by another part of the process
// that is late. It is taken at once, as the question may come in this very turn.
func (p *process) strayWinner() {
	w := p.w
	if len(w.armed[StrayWinner]) == 0 {
		return
	}
	for _, x := range p.core.Snapshot().Sweeps {
		if x.Phase == sweep.PhaseSelecting {
			return
		}
	}
	arg, ok := w.takeArmed(StrayWinner)
	if !ok {
		return
	}
	id, trial := sweepID(int(arg)%w.story.Sweeps), int(arg/2)%w.story.Trials
	w.counted(StrayWinner, "trial %d of %s", trial, id)
	p.core.Do(p.clock(), scheduler.Won{
		Sweep: id, Winner: journal.AttemptRef{Trial: trial, Attempt: 1}, Manifest: []byte("{}"), Params: []byte("{}"),
	})
}

// notPromising is why the user stops a trial.
const notPromising = "not promising"

// user gives a command, as far as there is a scheduler to take it.
func (w *world) user(k Kind, id string, arg int) {
	p := w.process
	if p == nil {
		return
	}
	w.counted(k, "sweep %s", id)
	trial := arg % w.story.Trials
	if w.story.Then {
		trial = arg%(w.story.Trials+1) + scheduler.ThenTrial
	}
	switch k {
	case UserStop:
		p.do(scheduler.Stop{Sweep: id, Reason: "the user had enough"})
	case UserPause:
		p.do(scheduler.Pause{Sweep: id})
		w.after(w.while(arg, time.Second, time.Minute), func() {
			if q := w.process; q != nil {
				q.do(scheduler.Resume{Sweep: id})
			}
		})
	case UserRetry:
		p.do(scheduler.Retry{Sweep: id})
	case UserStopTrial:
		p.do(scheduler.StopTrial{Sweep: id, Trial: trial, Reason: notPromising})
	case UserExtend:
		w.extend(id, arg)
	case UserTell:
		p.do(scheduler.SendMessage{Sweep: id, Trial: trial, Body: []byte(`{"say":"hello"}`)})
	}
}

// calmDown ends all faults, and mends what they broke.
func (w *world) calmDown() {
	w.log("the faults are over")
	w.calm = true
	w.armed = [Kinds][]uint32{}
	w.slow.events, w.slow.calls, w.slow.process = w.now, w.now, w.now
	w.bucket.down, w.bucket.slow = w.now, w.now
	w.startMaster()
	w.schedule()
	for _, m := range w.machines {
		m.broken = w.now
		m.start()
		m.heal()
	}
	if p := w.process; p != nil {
		p.planTurn(0)
	}
	for i := range w.story.Sweeps {
		w.resume(sweepID(i))
	}
}

// resume undoes a pause, as often as it takes.
func (w *world) resume(id string) {
	if p := w.process; p != nil {
		p.do(scheduler.Resume{Sweep: id})
		return
	}
	w.after(time.Second, func() { w.resume(id) })
}

// extend is a user's `kaon extend`: on top of what was set before, something is set. What may not be is refused, and
// changes nothing.
func (w *world) extend(id string, arg int) {
	for _, x := range w.process.core.Snapshot().Sweeps {
		if x.ID != id || slices.ContainsFunc(w.process.inbox, func(in input) bool {
			e, is := in.command.(scheduler.Extend)
			return is && e.Sweep == id
		}) {
			continue // a server takes one extension of a sweep at a time
		}
		set := w.story.change(x.Spec, arg)
		next, err := w.specs.with(id, append(append([]string(nil), x.Spec.Overrides...), set...))
		if err != nil {
			w.fail("parse the spec of %s with %q: %v", id, set, err)
			return
		}
		w.log("the user extends %s by %q", id, set)
		w.process.do(scheduler.Extend{Sweep: id, Spec: next, Overrides: set})
	}
}

// maintain has an operator plan to take a machine away, or take it away now, and call that off after a while. There is
// one schedule: the plan before it is called off with it.
func (w *world) maintain(m *machine, arg int) {
	w.counted(Maintenance, "agent %s", m.spec.Name)
	w.plan(m, arg)
	w.after(w.while(arg/5, 5*time.Second, 6*time.Minute), func() { w.schedule() })
}

// takeDown has an operator plan that, and then start it, in time or not, whatever runs there; and stop it after a
// while.
func (w *world) takeDown(m *machine, arg int) {
	w.counted(MachineDown, "agent %s", m.spec.Name)
	w.plan(m, arg)
	w.after(w.while(arg/7, 0, time.Minute), func() { w.startMaintenance(m) })
	w.after(w.while(arg/5, time.Second, 6*time.Minute), func() { w.schedule() })
}

func (w *world) plan(m *machine, arg int) {
	u := mesosapi.Unavailability{Start: mesosapi.TimeInfo{Nanoseconds: w.now.Add(w.while(arg, -20*time.Second,
		4*time.Minute)).UnixNano()}}
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
	if w.posting || !w.operate(&operator.Call{Type: operator.Call_START_MAINTENANCE,
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
	w.windows, w.posting = windows, true
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
		return
	}
	w.posting = false
}

// operate makes a call of an operator, and reports whether there is a master that takes it.
func (w *world) operate(call *operator.Call) bool {
	status := 0
	w.inCluster(func(c *embedded.Core) {
		a, _ := c.Operator(w.now, call)
		status = a.Status
	})
	if status != http.StatusOK && status != http.StatusServiceUnavailable {
		w.fail("%v is answered by %d", call.Type, status)
	}
	return status != http.StatusServiceUnavailable
}
