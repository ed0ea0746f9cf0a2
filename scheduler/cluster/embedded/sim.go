package embedded

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/agent"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// Behaviour says what a task does on a simulated agent. It must depend on nothing but its arguments.
type Behaviour func(task *mesos.TaskInfo, agent protocol.AgentID) Script

// Script is the life of one simulated task, from the moment its executor gets it.
type Script struct {
	Duration time.Duration   // until it ends
	State    mesos.TaskState // TASK_FINISHED or TASK_FAILED; the zero value (TASK_STARTING) means finished
	Message  string
	Data     []byte // of the terminal update
	Updates  []SimUpdate
	Starting bool // report TASK_STARTING before TASK_RUNNING, as Mesos's own executors do
}

// SimUpdate is a TASK_RUNNING with data, some time into a task.
type SimUpdate struct {
	At   time.Duration
	Data []byte
}

// simulated runs the executors of simulated agents: no processes, no connections, the core's own time. Each
// speaks to its agent by the same calls as a real one.
type simulated struct {
	core  *Core
	conns map[string]*simExecutor
	rng   protocol.IDSource
}

type simExecutor struct {
	agent *agent.Agent
	conn  string
	id    mesos.ExecutorID
	frame mesos.FrameworkID
	cont  string
	tasks map[string]*simTask
	once  bool // ends with its only task
}

type simTask struct{ ended bool }

func newSimulated(c *Core) simulated {
	return simulated{core: c, conns: map[string]*simExecutor{}, rng: protocol.NewIDSource(c.cfg.Seed, 99)}
}

// effect carries an agent's effect out.
func (s *simulated) effect(n *agent.Agent, e protocol.Effect) {
	switch e := e.(type) {
	case protocol.StartExecutor:
		x := &simExecutor{
			agent: n, conn: "sim-" + e.Container, id: e.Executor.ExecutorID, frame: *e.Framework.ID, cont: e.Container,
			tasks: map[string]*simTask{}, once: e.Command,
		}
		s.conns[x.conn] = x
		s.soon(n, func() {
			n.Started(x.cont, 1)
			s.call(x, &executor.Call{Type: executor.Call_SUBSCRIBE, Subscribe: &executor.Call_Subscribe{}})
		})
	case protocol.SendExecutor:
		if x := s.conns[e.Conn]; x != nil {
			s.event(x, e.Event)
		}
	case protocol.KillContainer:
		s.exit(n, s.conns["sim-"+e.Container], 9)
	}
}

// soon runs something after the messages that are on their way now, unless the agent was killed.
func (s *simulated) soon(n *agent.Agent, do func()) {
	s.core.queue = append(s.core.queue, func() {
		if !n.Dead() {
			n.Advance(s.core.now)
			do()
		}
	})
}

func (s *simulated) call(x *simExecutor, c *executor.Call) {
	c.ExecutorID, c.FrameworkID = x.id, x.frame
	x.agent.Call(x.conn, protocol.Claims{Framework: protocol.FrameworkID(x.frame.Value),
		Executor: protocol.ExecutorID(x.id.Value), Container: x.cont}, c)
}

func (s *simulated) event(x *simExecutor, ev *executor.Event) {
	switch ev.Type {
	case executor.Event_LAUNCH:
		task := ev.Launch.Task
		s.soon(x.agent, func() { s.launch(x, &task) })
	case executor.Event_KILL:
		id := ev.Kill.TaskID.Value
		const how = "Command terminated with signal Terminated"
		s.soon(x.agent, func() { s.end(x, id, mesos.TASK_KILLED, how, nil) })
	case executor.Event_SHUTDOWN:
		s.exit(x.agent, x, 0)
	}
}

func (s *simulated) exit(n *agent.Agent, x *simExecutor, wait int32) {
	if x == nil || s.conns[x.conn] == nil {
		return
	}
	delete(s.conns, x.conn)
	s.soon(n, func() { n.Exited(x.cont, wait) })
}

func (s *simulated) launch(x *simExecutor, task *mesos.TaskInfo) {
	var script Script
	if s.core.cfg.Behave != nil {
		script = s.core.cfg.Behave(task, x.agent.ID())
	}
	id := task.TaskID.Value
	t := &simTask{}
	x.tasks[id] = t
	if script.Starting {
		s.update(x, id, mesos.TASK_STARTING, "", nil)
	}
	s.update(x, id, mesos.TASK_RUNNING, "", nil)
	for _, u := range script.Updates {
		s.after(x, t, u.At, func() { s.update(x, id, mesos.TASK_RUNNING, "", u.Data) })
	}
	state := script.State
	if !protocol.Terminal(state) {
		state = mesos.TASK_FINISHED
	}
	s.after(x, t, script.Duration, func() { s.end(x, id, state, script.Message, script.Data) })
}

// after runs part of a task's script, unless the task ended before.
func (s *simulated) after(x *simExecutor, t *simTask, wait time.Duration, do func()) {
	n := x.agent
	s.core.deadlines.Set(s.core.now.Add(wait), func(time.Time) {
		if !n.Dead() && !t.ended && s.conns[x.conn] != nil {
			n.Advance(s.core.now)
			do()
		}
	})
}

func (s *simulated) end(x *simExecutor, id string, state mesos.TaskState, message string, data []byte) {
	t := x.tasks[id]
	if t == nil || t.ended {
		return
	}
	t.ended = true
	delete(x.tasks, id)
	s.update(x, id, state, message, data)
	if x.once {
		s.exit(x.agent, x, 0)
	}
}

func (s *simulated) update(x *simExecutor, id string, state mesos.TaskState, message string, data []byte) {
	st := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: id}, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(), Data: data,
		UUID: s.rng.UUID(),
	}
	if message != "" {
		st.Message = &message
	}
	s.call(x, &executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: st}})
}
