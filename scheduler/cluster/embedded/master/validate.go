package master

import (
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// CheckCall validates a scheduler's call before its framework is looked at, as Mesos does; "" when it is
// valid.
func CheckCall(c *scheduler.Call, principal string) string {
	if c.Type == scheduler.Call_UNKNOWN {
		return "Expecting 'type' to be present"
	}
	if c.Type == scheduler.Call_SUBSCRIBE {
		return checkSubscribe(c, principal)
	}
	if c.FrameworkID == nil {
		return "Expecting 'framework_id' to be present"
	}
	missing := func(name string, present bool) string {
		if present {
			return ""
		}
		return fmt.Sprintf("Expecting '%s' to be present", name)
	}
	switch c.Type {
	case scheduler.Call_ACCEPT:
		return missing("accept", c.Accept != nil)
	case scheduler.Call_DECLINE:
		return missing("decline", c.Decline != nil)
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		return missing("accept_inverse_offers", c.AcceptInverseOffers != nil)
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		return missing("decline_inverse_offers", c.DeclineInverseOffers != nil)
	case scheduler.Call_KILL:
		return missing("kill", c.Kill != nil)
	case scheduler.Call_SHUTDOWN:
		return missing("shutdown", c.Shutdown != nil)
	case scheduler.Call_ACKNOWLEDGE:
		if c.Acknowledge != nil && !protocol.ValidUUID(c.Acknowledge.UUID) {
			return "Not a valid UUID"
		}
		return missing("acknowledge", c.Acknowledge != nil)
	case scheduler.Call_RECONCILE:
		return missing("reconcile", c.Reconcile != nil)
	case scheduler.Call_MESSAGE:
		return missing("message", c.Message != nil)
	case scheduler.Call_REQUEST:
		return missing("request", c.Request != nil)
	}
	return ""
}

func checkSubscribe(c *scheduler.Call, principal string) string {
	switch {
	case c.Subscribe == nil:
		return "Expecting 'subscribe' to be present"
	case c.Subscribe.FrameworkInfo == nil:
		return "Not initialized: subscribe.framework_info"
	}
	info := c.Subscribe.FrameworkInfo
	if info.GetID().GetValue() != c.FrameworkID.GetValue() {
		return "'framework_id' differs from 'subscribe.framework_info.id'"
	}
	if principal != "" && info.Principal != nil && *info.Principal != principal {
		return fmt.Sprintf("Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`",
			principal, *info.Principal)
	}
	return ""
}

// checkTask says why a task may not be launched on what is left of the offers; "" when it may. The checks
// come in Mesos's order, because the first that fails is the message that the scheduler gets.
func (m *Master) checkTask(f *framework, a *agentRecord, r *role, t *mesos.TaskInfo, running *executorRecord,
	need, left protocol.Resources) string {
	id := protocol.TaskID(t.TaskID.Value)
	if err := protocol.CheckID(t.TaskID.Value); err != "" {
		return err
	}
	if f.tasks[id] != nil {
		return "Task has duplicate ID: " + t.TaskID.Value
	}
	if _, lost := f.lost[id]; lost {
		return "Task reuses the ID of an unreachable task: " + t.TaskID.Value
	}
	if t.AgentID.Value != string(a.id) {
		return fmt.Sprintf("Task uses invalid agent %s while agent %s is expected", t.AgentID.Value, a.id)
	}
	if t.KillPolicy.GetGracePeriod().GetNanoseconds() < 0 {
		return "Task's 'kill_policy.grace_period' must be non-negative"
	}
	if len(t.Resources) == 0 {
		return "Task uses no resources"
	}
	if err := checkResources(t.Resources); err != "" {
		return "Task uses invalid resources: " + err
	}
	if (t.Executor != nil) == (t.Command != nil) {
		return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
	}
	if t.Executor != nil {
		if err := checkExecutor(f, t.Executor, running); err != "" {
			return err
		}
	}
	if !left.Contains(need) {
		return fmt.Sprintf("Total resources %s required by task and its executor is more than available %s",
			need.Text(r.name), left.Text(r.name))
	}
	return ""
}

func checkResources(rs []mesos.Resource) string {
	for i := range rs {
		x := &rs[i]
		if x.Name == "" {
			return "Empty resource name"
		}
		if x.GetType() == mesos.SCALAR && (x.Scalar == nil || !(x.Scalar.Value >= 0)) {
			return fmt.Sprintf("Invalid scalar resource: value < 0 or not set: %s", x.Name)
		}
		for _, s := range x.GetRanges().GetRange() {
			if s.Begin > s.End {
				return fmt.Sprintf("Invalid ranges resource: begin > end: %s", x.Name)
			}
		}
	}
	return ""
}

// checkExecutor validates a custom executor. One that runs already must be described in the same way: tasks
// cannot change it.
func checkExecutor(f *framework, e *mesos.ExecutorInfo, running *executorRecord) string {
	if err := protocol.CheckID(e.ExecutorID.Value); err != "" {
		return err
	}
	if e.Type == mesos.ExecutorInfo_DEFAULT {
		return "'ExecutorInfo.type' must be 'CUSTOM'"
	}
	if e.Command == nil {
		return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
	}
	if got := e.GetFrameworkID().GetValue(); got != string(f.id) {
		return fmt.Sprintf("ExecutorInfo has an invalid FrameworkID (Actual: %s vs Expected: %s)", got, f.id)
	}
	if e.GetShutdownGracePeriod().GetNanoseconds() < 0 {
		return "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
	}
	if err := checkResources(e.Resources); err != "" {
		return "Executor uses invalid resources: " + err
	}
	if running != nil && !running.info.Equal(e) {
		line := strings.Repeat("-", 60)
		return fmt.Sprintf("ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.\n"+
			"%s\nExisting ExecutorInfo:\n%s\n%s\nExecutorInfo:\n%s\n%s\n",
			line, running.info.String(), line, e.String(), line)
	}
	return ""
}
