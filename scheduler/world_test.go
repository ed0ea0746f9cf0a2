package scheduler

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// world is a small cluster as Mesos shows it to a framework: agents offer what is free, tasks report through updates
// that are repeated until acknowledged, one at a time per task. It has no clock; tests decide what happens when.
type world struct {
	agents  []*worldAgent
	tasks   map[cluster.TaskID]*worldTask
	offers  map[offers.OfferID]*worldAgent
	events  []cluster.Event // not yet delivered, in order
	serial  uint64
	idle    bool // suppressed
	refused int  // tasks answered by DROPPED
	kills   map[cluster.TaskID]int
	uses    map[offers.OfferID]int
	faults  []string // what a master or an agent would have refused
	script  func(o task.Order) behaviour
}

type worldAgent struct {
	id    offers.AgentID
	cpus  resource.Milli
	offer offers.OfferID // out, or empty
	away  bool           // partitioned: its tasks live on, unheard
	warm  bool
	arch  string // named by its attribute; empty: it does not say
	alien bool   // no executor is built for it
	runs  map[offers.ExecutorID]cluster.ExecutorInfo
}

// variant is the key of what starts executors on the agent.
func (a *worldAgent) variant() string {
	if a.alien {
		return ""
	}
	return a.arch
}

type worldTask struct {
	id      cluster.TaskID
	agent   *worldAgent
	cpus    resource.Milli
	order   task.Order
	will    behaviour
	points  uint64           // reported so far
	queue   []cluster.Status // updates; the first is delivered and waits for its acknowledgement
	ended   bool             // the process is over
	history []cluster.Status // acknowledged, to be delivered once more by a hostile network
}

// behaviour is what a trial does: points before its end, and how it ends.
type behaviour struct {
	points int
	exit   int
	silent bool // reports no objective
}

func newWorld(agents int, cpus resource.Milli) *world {
	w := &world{
		tasks: map[cluster.TaskID]*worldTask{}, offers: map[offers.OfferID]*worldAgent{}, kills: map[cluster.TaskID]int{}, uses: map[offers.OfferID]int{},
		script: func(task.Order) behaviour { return behaviour{points: 1} },
	}
	for i := range agents {
		w.agents = append(w.agents, &worldAgent{id: offers.AgentID(fmt.Sprintf("a%d", i)), cpus: cpus})
	}
	return w
}

func (w *world) emit(ev cluster.Event) { w.events = append(w.events, ev) }

// subscribe takes the framework in: all offers are new, what is unacknowledged is sent again.
func (w *world) subscribe() {
	w.events = nil
	clear(w.offers)
	w.idle = false
	for _, a := range w.agents {
		a.offer = ""
	}
	w.emit(cluster.Subscribed{Framework: "f1", Master: "m:5050"})
	for _, t := range w.sorted() {
		if len(t.queue) > 0 && !t.agent.away {
			w.emit(cluster.Updated{Status: t.queue[0]})
		}
	}
}

func (w *world) sorted() []*worldTask {
	return slices.SortedFunc(maps.Values(w.tasks), func(a, b *worldTask) int { return cmp.Compare(a.id, b.id) })
}

// offerAll offers what is free on every agent that has no offer out.
func (w *world) offerAll() {
	if w.idle {
		return
	}
	var list []offers.Offer
	for _, a := range w.agents {
		free := a.free(w)
		if a.offer != "" || a.away || free <= 0 {
			continue
		}
		w.serial++
		a.offer = offers.OfferID(fmt.Sprintf("o%d", w.serial))
		w.offers[a.offer] = a
		o := offers.Offer{ID: a.offer, Agent: a.id, Hostname: "host-" + string(a.id), Amounts: []offers.Amount{
			{Name: "cpus", Scalar: free}, {Name: "mem", Scalar: 1_000_000 * resource.Unit}, {Name: "disk", Scalar: 1_000_000 * resource.Unit},
		}}
		if a.arch != "" {
			o.Attributes = []offers.Attribute{{Name: "rack", Value: "r1"}, {Name: "cpu_arch", Value: a.arch}}
		}
		if a.warm {
			o.Executors = []offers.ExecutorID{(&executorSpec{template: testConfig().Executor}).executorID(strings.ToLower(a.variant()))}
		}
		list = append(list, o)
	}
	if len(list) > 0 {
		w.emit(cluster.Offered{Offers: list})
	}
}

func (a *worldAgent) free(w *world) resource.Milli {
	free := a.cpus
	if a.warm {
		free -= testConfig().Executor.Overhead.CPUs
	}
	for _, t := range w.tasks {
		if t.agent == a && !t.ended {
			free -= t.cpus
		}
	}
	return free
}

// handle is the master's side of a call.
func (w *world) handle(c cluster.Call) {
	switch c := c.(type) {
	case cluster.Accept:
		w.accept(c)
	case cluster.Decline:
		for _, id := range c.Offers {
			w.uses[id]++
			w.giveBack(id)
		}
	case cluster.Kill:
		w.kill(c)
	case cluster.Acknowledge:
		w.acknowledge(c)
	case cluster.Reconcile:
		w.reconcile(c)
	case cluster.Suppress:
		w.idle = true
	case cluster.Revive:
		w.idle = false
	}
}

func (w *world) giveBack(id offers.OfferID) {
	if a := w.offers[id]; a != nil {
		delete(w.offers, id)
		a.offer = ""
	}
}

func (w *world) accept(c cluster.Accept) {
	good := len(c.Offers) > 0
	for _, id := range c.Offers {
		a := w.offers[id]
		good = good && a != nil && a.id == c.Agent && !a.away
	}
	var agent *worldAgent
	for _, id := range c.Offers {
		w.uses[id]++
		if a := w.offers[id]; a != nil {
			agent = a
		}
		w.giveBack(id)
	}
	for _, t := range c.Tasks {
		if !good {
			w.refused++
			w.emit(cluster.Updated{Status: cluster.Status{Task: t.ID, Agent: c.Agent, State: cluster.Dropped, Source: "SOURCE_MASTER", Reason: "REASON_INVALID_OFFERS"}})
			continue
		}
		order, err := task.Decode[task.Order](t.Data)
		if err != nil {
			panic(err)
		}
		if w.tasks[t.ID] != nil {
			panic("task id used twice: " + t.ID)
		}
		if agent.alien {
			w.reject(agent, t)
			continue
		}
		w.compare(agent, t.Executor)
		warm := agent.warm
		agent.warm = true
		wt := &worldTask{id: t.ID, agent: agent, order: order, will: w.script(order)}
		for _, a := range t.Resources {
			if a.Name == "cpus" {
				wt.cpus += a.Scalar
			}
		}
		w.tasks[t.ID] = wt
		if agent.free(w) < 0 { // its executor is not there any more, or never was
			delete(w.tasks, t.ID)
			w.refused++
			agent.warm = warm
			w.emit(cluster.Updated{Status: cluster.Status{Task: t.ID, Agent: c.Agent, State: cluster.Error, Source: "SOURCE_MASTER", Reason: "REASON_TASK_INVALID"}})
		}
	}
}

// compare is Mesos's check that all tasks of an executor say the same of it.
func (w *world) compare(a *worldAgent, info cluster.ExecutorInfo) {
	if a.runs == nil {
		a.runs = map[offers.ExecutorID]cluster.ExecutorInfo{}
	}
	if running, known := a.runs[info.ID]; known && !reflect.DeepEqual(running, info) {
		w.faults = append(w.faults, fmt.Sprintf("executor %s of %s was %v, now %v", info.ID, a.id, running, info))
	}
	a.runs[info.ID] = info
	if argv := info.Argv[0]; (argv == "./kaon-amd64") != (a.arch == "AMD64") {
		w.faults = append(w.faults, fmt.Sprintf("agent %s of architecture %q starts %s", a.id, a.arch, argv))
	}
}

// reject ends an executor that the agent's machine cannot run: its end is told first, then that of its task.
func (w *world) reject(a *worldAgent, t cluster.TaskInfo) {
	if a.arch != "" {
		w.faults = append(w.faults, fmt.Sprintf("%s is launched on %s, which is %s", t.ID, a.id, a.arch))
	}
	order, err := task.Decode[task.Order](t.Data)
	if err != nil {
		panic(err)
	}
	w.emit(cluster.ExecutorGone{Agent: a.id, Executor: t.Executor.ID, Wait: cluster.ExitWrongArch << 8})
	wt := &worldTask{id: t.ID, agent: a, order: order, ended: true}
	w.tasks[t.ID] = wt
	w.serial++
	wt.queue = []cluster.Status{{
		Task: t.ID, Agent: a.id, State: cluster.Failed, Source: "SOURCE_AGENT", Reason: "REASON_EXECUTOR_TERMINATED", Message: "Executor terminated",
		UUID: binary.BigEndian.AppendUint64(make([]byte, 8), w.serial),
	}}
	w.emit(cluster.Updated{Status: wt.queue[0]})
}

func (w *world) kill(c cluster.Kill) {
	w.kills[c.Task]++
	t := w.tasks[c.Task]
	if t == nil {
		w.emit(cluster.Updated{Status: cluster.Status{Task: c.Task, Agent: c.Agent, State: cluster.Gone, Source: "SOURCE_MASTER", Reason: "REASON_RECONCILIATION"}})
		return
	}
	if t.agent.away || t.ended {
		return
	}
	t.ended = true
	w.report(t, cluster.Killed, task.Report{First: t.points, End: &task.End{Killed: true, Signal: 15, Exit: -1}})
}

func (w *world) acknowledge(c cluster.Acknowledge) {
	t := w.tasks[c.Task]
	if t == nil || len(t.queue) == 0 || string(t.queue[0].UUID) != string(c.UUID) {
		return
	}
	t.history = append(t.history, t.queue[0])
	t.queue = t.queue[1:]
	if len(t.queue) > 0 && !t.agent.away {
		w.emit(cluster.Updated{Status: t.queue[0]})
	}
}

func (w *world) reconcile(c cluster.Reconcile) {
	asked := c.Tasks
	if len(asked) == 0 {
		for _, t := range w.sorted() {
			asked = append(asked, cluster.TaskAgent{Task: t.id})
		}
	}
	for _, x := range asked {
		s := cluster.Status{Task: x.Task, Agent: x.Agent, Source: "SOURCE_MASTER", Reason: "REASON_RECONCILIATION"}
		t := w.tasks[x.Task]
		switch {
		case t == nil || t.ended && len(t.queue) == 0:
			s.State = cluster.Gone
		case t.agent.away:
			s.State = cluster.Unreachable
		case len(t.queue) > 0:
			s.State = t.queue[0].State
		default:
			s.State = cluster.Running
		}
		w.emit(cluster.Updated{Status: s})
	}
}

// report queues an update of a task; Mesos delivers it when those before are acknowledged.
func (w *world) report(t *worldTask, state cluster.TaskState, r task.Report) {
	w.serial++
	uuid := binary.BigEndian.AppendUint64(make([]byte, 8), w.serial)
	t.points = r.First + uint64(len(r.Points))
	t.queue = append(t.queue, cluster.Status{
		Task: t.id, Agent: t.agent.id, State: state, Source: "SOURCE_EXECUTOR", UUID: uuid, Data: task.Encode(r),
	})
	if len(t.queue) == 1 && !t.agent.away {
		w.emit(cluster.Updated{Status: t.queue[0]})
	}
}

// work lets a task do the next thing it has to do.
func (w *world) work(t *worldTask) {
	if t.ended {
		return
	}
	var points []results.Point
	if n := int(t.points); n < t.will.points {
		name := "loss"
		if t.will.silent {
			name = "noise"
		}
		points = []results.Point{{Step: int64(n), Metrics: map[string]float64{name: float64(t.order.Trial + n)}}}
		if n+1 < t.will.points || t.order.Trial%2 == 0 { // the last point of odd trials comes with the end
			w.report(t, cluster.Running, task.Report{First: t.points, Points: points})
			return
		}
	}
	t.ended = true
	state := cluster.Finished
	if t.will.exit != 0 {
		state = cluster.Failed
	}
	w.report(t, state, task.Report{First: t.points, Points: points, End: &task.End{Exit: t.will.exit, Stderr: []string{"boom", ""}}})
}

// part cuts an agent off; meet brings it back.
func (w *world) part(a *worldAgent) {
	if a.away {
		return
	}
	a.away = true
	if a.offer != "" {
		w.emit(cluster.Rescinded{Offer: a.offer})
		w.giveBack(a.offer)
	}
	w.emit(cluster.AgentGone{Agent: a.id})
	for _, t := range w.sorted() {
		if t.agent == a && !(t.ended && len(t.queue) == 0) {
			w.emit(cluster.Updated{Status: cluster.Status{Task: t.id, Agent: a.id, State: cluster.Unreachable, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED"}})
		}
	}
}

func (w *world) meet(a *worldAgent) {
	if !a.away {
		return
	}
	a.away = false
	for _, t := range w.sorted() {
		if t.agent != a {
			continue
		}
		// the master tells the agent's latest state of the task, even one whose update still waits in the queue
		state := cluster.Running
		if t.ended && len(t.queue) > 0 {
			state = t.queue[len(t.queue)-1].State
		}
		if !t.ended || len(t.queue) > 0 {
			w.emit(cluster.Updated{Status: cluster.Status{Task: t.id, Agent: a.id, State: state, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REREGISTERED"}})
		}
		if len(t.queue) > 0 {
			w.emit(cluster.Updated{Status: t.queue[0]})
		}
	}
}
