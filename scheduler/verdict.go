package scheduler

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// outcome is how one attempt ended, by whose fault.
type outcome string

const (
	succeeded outcome = "succeeded"
	failed    outcome = "failed"
	timedOut  outcome = "timed out"
	stopped   outcome = "stopped"
	lost      outcome = "lost"
	preempted outcome = "preempted"
)

// verdict is the core's judgement of an ended attempt.
type verdict struct {
	kind    outcome
	reason  string        // one sentence for people; empty on success
	free    bool          // it is on no budget of the trial's
	wait    time.Duration // of a free one, before the next attempt
	hope    hope
	excused bool // its agent is not to blame
	// unbrought: its agent did not bring what it works with.
	unbrought bool
	end       *task.End
}

// judge reads how an attempt ended from its terminal update. A success stays one even when it was being
// killed: what it reported is true.
func judge(att *attempt, s cluster.Status, end *task.End) verdict {
	v := verdict{end: end}
	switch s.State {
	case cluster.Finished:
		v.kind, v.reason = judgeExit(att, end)
	case cluster.Failed:
		v.kind, v.reason = judgeFailure(att, s, end)
	case cluster.Killed:
		v.kind, v.reason = lost, say("killed, though nobody asked for it", s)
		if s.Reason == drainReason {
			v.free, v.excused = true, true
			v.reason = fmt.Sprintf("killed because agent %s is being drained", att.where())
		}
		if end != nil && end.TimedOut {
			v.kind, v.reason = timedOut, sayTimeout(att)
		}
	default:
		v.kind, v.reason = lost, say(strings.ToLower(strings.ReplaceAll(string(s.State), "_", " ")), s)
	}
	if v.kind == succeeded {
		return v
	}
	v.excused = v.excused || unmet(s) || limitation(s) && att.beside > 0
	if att.unfit != 0 && end == nil {
		v = judgeUnfit(att)
	}
	v.hope = hopeOf(s)
	if end != nil && end.Starved != "" {
		v = judgeStarved(att, end)
	}
	v.unbrought = end == nil && unbrought(att, s)
	switch att.ending {
	case endStopped:
		v.kind, v.reason = stopped, att.reason
	case endOverdue:
		v.kind, v.reason = timedOut, att.reason
	case endPreempted:
		v.kind, v.reason = preempted, att.reason
	}
	return v
}

// drainReason is of attempts that an agent ends because an operator drains it.
const drainReason = "REASON_AGENT_DRAINING"

// starvedWait is how long what an executor was short of gets to become free.
const starvedWait = 2 * time.Second

// judgeStarved is the verdict on an attempt that its executor could not start for want of what others had taken. With
// others beside it, which will give it back, that is waited for; one that is alone and lacks it still is a loss.
func judgeStarved(att *attempt, end *task.End) verdict {
	v := verdict{end: end, kind: lost, excused: true, reason: fmt.Sprintf("agent %s was short of %s", att.where(), end.Starved)}
	if att.neighbours {
		v.free, v.wait = true, starvedWait
	}
	return v
}

func judgeExit(att *attempt, end *task.End) (outcome, string) {
	if end != nil && (end.Exit != 0 || end.Error != "" || end.TimedOut) {
		return judgeEnd(att, end)
	}
	if end != nil && end.Lacks != "" {
		return failed, end.Lacks
	}
	if name := att.run.spec.Objective.Name; name != "" && att.trial != ThenTrial && att.value.Count == 0 {
		return failed, fmt.Sprintf("ended with exit code 0 but never reported the metric %q: print %s=VALUE, or a JSON line with it", name, name) + sayUnread(end)
	}
	return succeeded, ""
}

func judgeEnd(att *attempt, end *task.End) (outcome, string) {
	switch {
	case end.TimedOut && end.Lacks != "": // it had ended well, and had no time left for what comes after
		return timedOut, end.Lacks
	case end.TimedOut:
		return timedOut, sayTimeout(att)
	case end.Error != "":
		return failed, "could not be started: " + end.Error
	case end.Limit != 0:
		const mb = 1 << 20
		whose := " (executor included)"
		if end.Own {
			whose = ""
		}
		return failed, withLastLine(fmt.Sprintf("out of memory at the limit of %d MB%s: ask for more in task.resources.memory", end.Limit/mb, whose), end.Stderr)
	case end.Lacks != "": // before the signal: it is what the executor ended it for
		return failed, end.Lacks
	case end.Signal != 0:
		return failed, withLastLine(fmt.Sprintf("ended by signal %d", end.Signal), end.Stderr)
	default:
		return failed, withLastLine(fmt.Sprintf("exit code %d", end.Exit), end.Stderr)
	}
}

// judgeFailure tells a failure of the trial from one of the platform under it.
func judgeFailure(att *attempt, s cluster.Status, end *task.End) (outcome, string) {
	if end != nil && !end.Killed {
		return judgeEnd(att, end)
	}
	if end != nil {
		return lost, say("its executor was told to end it", s)
	}
	if limitation(s) && att.beside > 0 {
		return lost, say(fmt.Sprintf("ended with %d other attempts in the executor they shared, which went beyond its agent's limits; it is tried again in one of its own", att.beside), s)
	}
	if platformReason(s.Reason) && !(att.run.outfit.container != nil && imageFailure(s)) {
		return lost, say(sayFall(att), s)
	}
	return failed, say("failed", s)
}

// platformReason reports whether a reason without an exit code blames the cluster. Limits (out of memory, disk) are the
// spec's own doing and cost a retry. A container that cannot be started holds nothing but our executor, which an agent
// fetches from a scheduler that may have just died.
func platformReason(reason string) bool {
	for _, p := range []string{"REASON_EXECUTOR_", "REASON_AGENT_", "REASON_SLAVE_", "REASON_MASTER_", "REASON_GC_",
		"REASON_CONTAINER_LAUNCH_FAILED", "REASON_CONTAINER_UPDATE_FAILED", "REASON_IO_", "REASON_RESOURCES_UNKNOWN", "REASON_TASK_KILLED_DURING_LAUNCH"} {
		if strings.HasPrefix(reason, p) {
			return true
		}
	}
	return false
}

// unmet tells launches that got lost before they could begin, since an offer was stale or an agent restarted, from those
// that an agent would not or could not begin.
func unmet(s cluster.Status) bool {
	if s.State != cluster.Dropped {
		return false
	}
	switch s.Reason {
	case "REASON_INVALID_OFFERS", "REASON_RECONCILIATION", "REASON_SLAVE_RESTARTED", "REASON_AGENT_RESTARTED":
		return true
	}
	return false
}

// imageFailure tells a container that could not be made of its image, which no other agent would do better, from an
// executor that could not be fetched.
func imageFailure(s cluster.Status) bool {
	return s.Reason == "REASON_CONTAINER_LAUNCH_FAILED" && !fetchFailure(s)
}

// fetchFailure reads in a message that an agent could not fetch what a container was to start with.
func fetchFailure(s cluster.Status) bool {
	return strings.Contains(s.Message, "ailed to fetch all URIs")
}

// sayFall says how an executor or its agent failed, as far as that was told.
func sayFall(att *attempt) string {
	switch signal, code := att.wait&0x7f, att.wait>>8&0xff; {
	case att.wait > 0 && signal != 0:
		return fmt.Sprintf("its executor was ended by signal %d", signal)
	case att.wait > 0 && code != 0:
		return fmt.Sprintf("its executor ended with exit code %d", code)
	}
	return "its executor or agent failed"
}

// sayUnread adds that something may have been meant as the metric. It leaves out what, so that trials that fail alike have one
// reason; the attempt's record has it.
func sayUnread(end *task.End) string {
	if end == nil || len(end.Unread) == 0 {
		return ""
	}
	return "; lines " + end.Unread[0].Why + ": `kaon trial` shows the first"
}

func sayTimeout(att *attempt) string {
	if att.run.spec.Task.Timeout == 0 {
		return "timed out"
	}
	return fmt.Sprintf("timed out after %v", att.run.spec.Task.Timeout)
}

// messageShown bounds what is repeated of a message; masters print whole structures.
const messageShown = 300

func say(what string, s cluster.Status) string {
	s.Message, _, _ = strings.Cut(strings.TrimSpace(s.Message), "\n")
	if len(s.Message) > messageShown {
		s.Message = strings.ToValidUTF8(s.Message[:messageShown], "") + "…"
	}
	switch {
	case s.Message != "" && s.Reason != "":
		return fmt.Sprintf("%s: %s (%s)", what, s.Message, s.Reason)
	case s.Message != "":
		return what + ": " + s.Message
	case s.Reason != "":
		return fmt.Sprintf("%s (%s)", what, s.Reason)
	default:
		return what
	}
}

// withLastLine adds the last line that is not blank.
func withLastLine(what string, lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if l := strings.TrimSpace(lines[i]); l != "" {
			return what + ": " + l
		}
	}
	return what
}
