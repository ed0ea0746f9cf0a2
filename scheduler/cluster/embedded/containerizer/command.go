package containerizer

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// commandExecutor runs one command task: what mesos-executor is to a Mesos agent, as a goroutine of this
// process. It speaks the executor API, only without HTTP, and survives its agent's death, but not its
// process's.
type commandExecutor struct {
	agent     *Agent
	container *container
	start     protocol.StartExecutor
	quit      chan struct{} // closed when the container is to be killed
	once      sync.Once

	// Everything below belongs to the goroutine of run.
	ctx      context.Context // ends when the container is to be killed before it runs
	process  program
	task     mesos.TaskInfo
	killed   bool
	expired  bool
	unacked  []mesos.TaskStatus
	ended    bool
	reaped   bool // the process and all it left behind are gone
	graceEnd <-chan time.Time
	tooLong  <-chan time.Time
}

// stockGrace is Mesos's default between SIGTERM and SIGKILL of a command task.
const stockGrace = 3 * time.Second

func newCommandExecutor(a *Agent, c *container, e protocol.StartExecutor) *commandExecutor {
	return &commandExecutor{agent: a, container: c, start: e, quit: make(chan struct{})}
}

// abort kills the container.
func (x *commandExecutor) abort() { x.once.Do(func() { close(x.quit) }) }

// run subscribes, and again whenever the agent was away, until all updates of the task are acknowledged.
func (x *commandExecutor) run(ctx context.Context) {
	a := x.agent
	x.ctx = ctx
	pid := os.Getpid()
	if x.start.Executor.Container.GetDocker() != nil {
		pid = 0 // Mesos does not tell it of Docker's
	}
	a.host.Started(x.container.id, pid)
	// As quick as a person would not notice; the agent is in this process
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	for !x.done() {
		answer, events, done := a.host.Call(x.start.Claims(), x.call(executor.Call_SUBSCRIBE))
		if events != nil {
			x.follow(events)
		}
		done()
		if x.done() || events == nil && answer.Status == 400 {
			break
		}
		select {
		case <-a.ctx.Done():
			return
		case <-x.quit:
			x.finish(9)
			return
		case ws := <-x.ends():
			x.exited(ws)
		case <-retry.C:
		}
	}
	x.finish(0)
}

func (x *commandExecutor) done() bool { return x.ended && len(x.unacked) == 0 }

// finish kills what is left of the task and reports the executor's own end.
func (x *commandExecutor) finish(wait int32) {
	if x.process != nil && !x.reaped {
		x.process.destroy()
	}
	x.agent.exited(x.container.id, wait)
}

// ends is the channel of the process's end; nil when there is none to wait for.
func (x *commandExecutor) ends() <-chan syscall.WaitStatus {
	if x.process == nil || x.ended {
		return nil
	}
	return x.process.ends()
}

// follow handles the events of one subscription until it ends or the task is done.
func (x *commandExecutor) follow(events Events) {
	for !x.done() {
		select {
		case <-x.agent.ctx.Done():
			return
		case <-x.quit:
			x.ended, x.unacked = true, nil
			return
		case ws := <-x.ends():
			x.exited(ws)
		case <-x.graceEnd:
			x.process.signal(syscall.SIGKILL)
		case <-x.tooLong:
			x.expired = true
			x.kill(nil)
		case <-events.Ready():
			list, closed := events.Take()
			for _, ev := range list {
				x.event(ev)
			}
			if closed {
				return
			}
		}
	}
}

func (x *commandExecutor) event(ev *executor.Event) {
	switch ev.Type {
	case executor.Event_LAUNCH:
		x.launch(ev.Launch.Task)
	case executor.Event_KILL:
		if x.task.TaskID == ev.Kill.TaskID {
			x.kill(ev.Kill.KillPolicy)
		}
	case executor.Event_ACKNOWLEDGED:
		for i := range x.unacked {
			if string(x.unacked[i].UUID) == string(ev.Acknowledged.UUID) {
				x.unacked = append(x.unacked[:i], x.unacked[i+1:]...)
				break
			}
		}
	case executor.Event_SHUTDOWN:
		if x.process == nil || x.ended {
			x.ended, x.unacked = true, nil
			return
		}
		x.kill(nil)
	}
}

func (x *commandExecutor) launch(task mesos.TaskInfo) {
	if x.task.TaskID.Value != "" {
		return
	}
	x.task = task
	x.update(mesos.TASK_STARTING, nil, "")
	p, inspection, err := x.program()
	if err != nil {
		x.ended = true
		x.update(mesos.TASK_FAILED, mesos.REASON_COMMAND_EXECUTOR_FAILED.Enum(),
			"Failed to launch command: "+err.Error())
		return
	}
	x.process = p
	if limit := task.GetMaxCompletionTime(); limit != nil {
		x.tooLong = time.After(time.Duration(limit.GetNanoseconds()))
	}
	x.sendUpdate(mesos.TASK_RUNNING, nil, "", inspection)
}

// program starts the command. inspection is what the first update of a Docker container carries: the engine's
// description of it.
func (x *commandExecutor) program() (p program, inspection []byte, err error) {
	a := x.agent
	if protocol.HasImage(x.task.Container) {
		b, err := a.startDocker(x.ctx, x.container, x.start)
		if err != nil {
			return nil, nil, err
		}
		if x.task.Container.GetDocker() != nil {
			inspection, _ = b.engine.Inspect(a.ctx, b.name) // it may have ended and gone
		}
		a.spawn(func() { b.follow() })
		return b, inspection, nil
	}
	q, err := startProcess(x.task.Command, x.container.sandbox, environment(a.environment(x.container, x.start),
		x.task.Command))
	if err != nil {
		return nil, nil, err
	}
	a.writePID(x.container.id, q.pid)
	return q, nil, nil
}

// kill sends SIGTERM, and SIGKILL after the grace period: that of the call, else of the task, else 3 s.
func (x *commandExecutor) kill(policy *mesos.KillPolicy) {
	if x.process == nil || x.ended {
		return
	}
	grace := stockGrace
	for _, p := range []*mesos.KillPolicy{x.task.KillPolicy, policy} {
		if g := p.GetGracePeriod(); g != nil {
			grace = time.Duration(g.GetNanoseconds())
		}
	}
	if !x.killed {
		x.killed = true
		for _, c := range x.start.Framework.Capabilities {
			if c.Type == mesos.FrameworkInfo_Capability_TASK_KILLING_STATE && !x.expired {
				x.update(mesos.TASK_KILLING, nil, "")
			}
		}
		x.process.signal(syscall.SIGTERM)
	}
	x.graceEnd = time.After(grace)
}

// exited reports how the command ended, in the words of Mesos's command executor.
func (x *commandExecutor) exited(ws syscall.WaitStatus) {
	x.ended = true
	x.graceEnd, x.tooLong = nil, nil
	x.process.destroy()
	x.reaped = true
	message := fmt.Sprintf("Command exited with status %d", ws.ExitStatus())
	if b, ok := x.process.(*dockerContainer); ok && x.start.Executor.Container.GetDocker() != nil {
		message = fmt.Sprintf("Container exited with status %d", b.exit.Code)
	} else if ws.Signaled() {
		message = "Command terminated with signal " + signalName(ws.Signal())
		if ws.CoreDump() {
			message += " (core dumped)"
		}
	}
	switch {
	case x.expired:
		x.update(mesos.TASK_FAILED, mesos.REASON_MAX_COMPLETION_TIME_REACHED.Enum(), message)
	case x.killed:
		x.update(mesos.TASK_KILLED, nil, message)
	case ws.Exited() && ws.ExitStatus() == 0:
		x.update(mesos.TASK_FINISHED, nil, message)
	default:
		x.update(mesos.TASK_FAILED, nil, message)
	}
}

// signalName is a signal's name as strsignal(3) has it, which Mesos's messages use.
func signalName(sig syscall.Signal) string {
	s := sig.String()
	switch unix.SignalName(sig) {
	case "SIGABRT":
		return "Aborted"
	case "SIGPIPE":
		return "Broken pipe"
	case "":
		return fmt.Sprintf("Unknown signal %d", int(sig))
	}
	return string(s[0]-'a'+'A') + s[1:]
}

func (x *commandExecutor) update(state mesos.TaskState, reason *mesos.TaskStatus_Reason, message string) {
	x.sendUpdate(state, reason, message, nil)
}

func (x *commandExecutor) sendUpdate(state mesos.TaskState, reason *mesos.TaskStatus_Reason, message string,
	data []byte) {
	at, id := float64(time.Now().UnixMicro())/1e6, uuid.New()
	s := mesos.TaskStatus{
		TaskID: x.task.TaskID, State: &state, Reason: reason, Source: mesos.SOURCE_EXECUTOR.Enum(), UUID: id[:],
		Timestamp:  &at,
		ExecutorID: &x.start.Executor.ExecutorID, Data: data,
	}
	if message != "" {
		s.Message = &message
	}
	x.unacked = append(x.unacked, s)
	c := x.call(executor.Call_UPDATE)
	c.Update = &executor.Call_Update{Status: s}
	x.agent.host.Call(x.start.Claims(), c)
}

// call makes a call; a SUBSCRIBE says what the agent may have missed.
func (x *commandExecutor) call(kind executor.Call_Type) *executor.Call {
	c := &executor.Call{Type: kind, ExecutorID: x.start.Executor.ExecutorID, FrameworkID: *x.start.Framework.ID}
	if kind == executor.Call_SUBSCRIBE {
		c.Subscribe = &executor.Call_Subscribe{}
		for _, s := range x.unacked {
			c.Subscribe.UnacknowledgedUpdates = append(c.Subscribe.UnacknowledgedUpdates,
				executor.Call_Update{Status: s})
		}
		if x.task.TaskID.Value != "" && !x.ended {
			c.Subscribe.UnacknowledgedTasks = []mesos.TaskInfo{x.task}
		}
	}
	return c
}
