package scheduler

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// classification is the core's judgement of an ended attempt.
type classification struct {
	outcome        sweep.Outcome
	reason         string        // for people; empty on success
	uncharged      bool          // it is on no budget of the trial's
	wait           time.Duration // of an uncharged one, before the next attempt
	retry          retryScope
	agentNotBlamed bool // its agent is not to blame
	agentFaulty    bool // its agent is, however long the attempt took
	unbegun        bool // it never began, so there is nothing to record of it but the end of its trial
	// dropped: its launch was, so that it never began; an uncharged one that waits the longer, the more often in a row
	dropped bool
	// prefetchFailed: its agent did not bring what it works with.
	prefetchFailed bool
	end            *task.End
}

// classify reads how an attempt ended from its terminal update. A success stays one even when it was being
// killed: what it reported is true.
func classify(att *attempt, s cluster.Status, end *task.End) classification {
	v := classification{end: end}
	switch s.State {
	case cluster.Finished:
		v.outcome, v.reason = classifyExit(att, end)
	case cluster.Failed:
		v.outcome, v.reason = classifyFailure(att, s, end)
	case cluster.Killed:
		v.outcome, v.reason = sweep.AttemptLost, describeStatus("killed, though nobody asked for it", s)
		if s.Reason == drainReason {
			v.uncharged, v.agentNotBlamed = true, true
			v.reason = fmt.Sprintf("killed because agent %s is being drained", att.where())
		}
		if end != nil && end.TimedOut {
			v.outcome, v.reason, v.uncharged = sweep.AttemptTimedOut, describeTimeout(att), false
		}
	default:
		v.outcome, v.reason = sweep.AttemptLost,
			describeStatus(strings.ToLower(strings.ReplaceAll(string(s.State), "_", " ")), s)
		if removedByOperator(s) {
			v.uncharged, v.agentNotBlamed = true, true
		}
	}
	if v.outcome == sweep.AttemptSucceeded {
		return v
	}
	if neverStarted(s) && att.started.IsZero() {
		v.uncharged, v.dropped = true, true
	}
	v.agentNotBlamed = v.agentNotBlamed || neverStarted(s) || limitation(s) && att.coTerminated > 0
	if att.startExit != 0 && end == nil {
		v = classifyStartFailure(att)
	}
	v.retry = retryScopeOf(s)
	switch {
	case end != nil && end.Starved != "":
		v = classifyStarved(att, end)
	case end != nil && end.Unanswered && !end.Killed:
		v.outcome, v.reason = sweep.AttemptLost,
			fmt.Sprintf("could not be started on agent %s: %s", att.where(), end.Error)
	case end != nil && end.Squeezed && !end.Killed && !end.TimedOut:
		v.outcome, v.reason = sweep.AttemptLost, fmt.Sprintf("agent %s had no memory left, and the kernel killed "+
			"a process of it that was below its own limit", att.where())
	case end != nil && end.Full != "" && v.outcome == sweep.AttemptFailed:
		v = classifyFull(att, v)
	}
	v.prefetchFailed = end == nil && prefetchFailed(att, s)
	return asKilled(att, v)
}

// asKilled is what the end of an attempt comes to that somebody wanted before it did. One whose executor says that it
// ended by itself was not overdue.
func asKilled(att *attempt, v classification) classification {
	byItself := v.end != nil && !v.end.Killed && !v.end.TimedOut
	if v = asWanted(att, v); att.killing == killOverdue && !byItself {
		v.outcome, v.reason = sweep.AttemptTimedOut, att.reason
	}
	return v
}

// asWanted is what the end of an attempt comes to that was to end, whoever tells of it, and if nobody does: it is not
// tried again, but for one that is to go on elsewhere.
func asWanted(att *attempt, v classification) classification {
	switch att.killing {
	case killStopped:
		v.outcome, v.reason = sweep.AttemptStopped, att.reason
	case killDone:
		v.outcome, v.reason = sweep.AttemptSucceeded, att.reason
	case killMoved: // elsewhere, and at nobody's charge
		v.outcome, v.reason, v.retry, v.wait = sweep.AttemptLost, att.reason, anywhere, 0
		v.uncharged, v.agentNotBlamed = true, true
	case killPreempted: // likewise, when there is room again
		v.outcome, v.reason, v.retry, v.wait = sweep.AttemptPreempted, att.reason, anywhere, 0
		v.uncharged, v.agentNotBlamed = true, true
	}
	return v
}

// classifyFull classifies an attempt that failed while the disk of its agent was full. That an attempt filled it that
// may not is its own failure. Else it is a loss, for which its agent is to blame however long the attempt took, so that
// it goes on elsewhere: unlike memory and descriptors, disk that is full mostly stays so. A loss is on a budget because
// a trial may fill a disk and hide it.
func classifyFull(att *attempt, v classification) classification {
	if v.end.Filled != "" {
		v.reason += fmt.Sprintf("; agent %s had no %s left: %s", att.where(), v.end.Full, v.end.Filled)
		return v
	}
	v.outcome, v.agentFaulty = sweep.AttemptLost, true
	v.reason = fmt.Sprintf("agent %s was short of %s: %s", att.where(), v.end.Full, v.reason)
	return v
}

// starvedWait is how long what an executor was short of gets to become free.
const starvedWait = 2 * time.Second

// classifyStarved classifies an attempt that its executor could not start because other processes had taken a
// resource. If other attempts share the agent they will give it back, and the attempt waits uncharged; if it is alone
// it is lost.
func classifyStarved(att *attempt, end *task.End) classification {
	v := classification{end: end, outcome: sweep.AttemptLost, agentNotBlamed: true,
		reason: fmt.Sprintf("agent %s was short of %s", att.where(), end.Starved)}
	if att.neighbours {
		v.uncharged, v.wait = true, starvedWait
	}
	return v
}

// unreadEnd is why an attempt of a bundle is lost that has ended, by what is told of others.
const unreadEnd = "ended, and the update that told how could not be read"

func classifyExit(att *attempt, end *task.End) (sweep.Outcome, string) {
	if end == nil && att.bundle { // that its task has ended well says nothing of it
		return sweep.AttemptLost, unreadEnd
	}
	if end != nil && (end.Exit != 0 || end.Error != "" || end.TimedOut) {
		return classifyEnd(att, end)
	}
	if end != nil && end.Lacks != "" {
		return sweep.AttemptFailed, end.Lacks
	}
	if name := att.run.spec.Objective.Name; name != "" && att.trial != ThenTrial && att.value.Count == 0 {
		return sweep.AttemptFailed, fmt.Sprintf("ended with exit code 0 but never reported the metric %q: print "+
			"%s=VALUE, or a JSON line with it", name, name) + describeUnread(end, name, att.run.spec.Task.Filters)
	}
	return sweep.AttemptSucceeded, ""
}

func classifyEnd(att *attempt, end *task.End) (sweep.Outcome, string) {
	switch {
	case end.TimedOut && end.Lacks != "": // it had ended well, and had no time left for what comes after
		return sweep.AttemptTimedOut, end.Lacks
	case end.TimedOut:
		return sweep.AttemptTimedOut, describeTimeout(att)
	case end.Error != "":
		return sweep.AttemptFailed, "could not be started: " + end.Error
	case end.Limit != 0:
		const mb = 1 << 20
		whose := " (executor included)"
		if end.Own {
			whose = ""
		}
		return sweep.AttemptFailed, withCause(fmt.Sprintf("out of memory at the limit of %d MB%s: ask for "+
			"more in task.resources.memory", end.Limit/mb, whose), end.Stderr)
	case end.Lacks != "": // before the signal: it is what the executor ended it for
		return sweep.AttemptFailed, end.Lacks
	case end.Signal != 0:
		return sweep.AttemptFailed, withCause(fmt.Sprintf("ended by signal %d", end.Signal), end.Stderr)
	default:
		return sweep.AttemptFailed, withCause(fmt.Sprintf("exit code %d", end.Exit), end.Stderr)
	}
}

// classifyFailure tells a failure of the trial from one of the platform under it.
func classifyFailure(att *attempt, s cluster.Status, end *task.End) (sweep.Outcome, string) {
	if end != nil && !end.Killed {
		return classifyEnd(att, end)
	}
	if end != nil {
		return sweep.AttemptLost, describeStatus("its executor was told to end it", s)
	}
	if limitation(s) && att.coTerminated > 0 {
		return sweep.AttemptLost, describeStatus(fmt.Sprintf("ended with %d other attempts in the executor they "+
			"shared, which went beyond its agent's limits; it is tried again in one of its own", att.coTerminated), s)
	}
	if platformReason(s.Reason) && !(att.run.executor.container != nil && imageFailure(s)) {
		return sweep.AttemptLost, describeStatus(describeExecutorEnd(att, s), s)
	}
	return sweep.AttemptFailed, describeStatus("failed", s)
}

// platformReason reports whether a reason without an exit code blames the cluster. Limits (out of memory, disk) are the
// spec's own doing and cost a retry. A container that cannot be started holds nothing but our executor, which an agent
// fetches from a scheduler that may have just died.
func platformReason(reason string) bool {
	for _, p := range []string{"REASON_EXECUTOR_", "REASON_AGENT_", "REASON_SLAVE_", "REASON_MASTER_", "REASON_GC_",
		"REASON_CONTAINER_LAUNCH_FAILED", "REASON_CONTAINER_UPDATE_FAILED", "REASON_IO_", "REASON_RESOURCES_UNKNOWN",
		"REASON_TASK_KILLED_DURING_LAUNCH"} {
		if strings.HasPrefix(reason, p) {
			return true
		}
	}
	return false
}

// neverStarted tells launches that got lost before they could begin, since an offer was stale or an agent restarted,
// from those that an agent would not or could not begin.
func neverStarted(s cluster.Status) bool {
	if s.State != cluster.Dropped {
		return false
	}
	switch s.Reason {
	case "REASON_INVALID_OFFERS", "REASON_RECONCILIATION", "REASON_SLAVE_RESTARTED", "REASON_AGENT_RESTARTED":
		return true
	}
	return false
}

// machineDown is in what a master says of the tasks of an agent whose machine START_MAINTENANCE takes down.
const machineDown = "Operator initiated 'Machine DOWN'"

// removedByOperator tells an agent that was taken out of the cluster, as by START_MAINTENANCE, from one that the
// master does not hear any more: we are told of that one's tasks that they are unreachable. An agent that registers
// anew at the address of one that is disconnected, as when a trial killed it and its work folder is not kept, has
// the same state and reason, so that the message tells.
func removedByOperator(s cluster.Status) bool {
	if s.Source != "SOURCE_MASTER" {
		return false
	}
	removed := s.Reason == "REASON_AGENT_REMOVED" || s.Reason == "REASON_SLAVE_REMOVED"
	return s.State == cluster.GoneByOperator ||
		s.State == cluster.Lost && removed && strings.Contains(s.Message, machineDown)
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

// describeExecutorEnd says how an executor or its agent failed, as far as that was told.
func describeExecutorEnd(att *attempt, s cluster.Status) string {
	if c := att.run.executor.container; c != nil && strings.Contains(s.Message, "unknown container") {
		return fmt.Sprintf("its agent made no container; where agents lack the %[1]s containerizer (mesos-agent "+
			"--containerizers=%[1]s), keep trials from them by task.constraints", c.Containerizer)
	}
	switch signal, code := att.executorWait&0x7f, att.executorWait>>8&0xff; {
	case att.executorWait > 0 && signal != 0:
		return fmt.Sprintf("its executor was ended by signal %d", signal)
	case att.executorWait > 0 && code != 0:
		return fmt.Sprintf("its executor ended with exit code %d", code)
	}
	return "its executor or agent failed"
}

// describeUnread adds that something may have been meant as the metric, and what reads it if that is a name and a
// colon. It leaves out the line, so that trials that fail alike have one reason; the attempt's record has it.
func describeUnread(end *task.End, name string, filters []string) string {
	if end == nil || len(end.Unread) == 0 {
		return ""
	}
	unread := end.Unread[0]
	filter := `(?:^|\s)(` + regexp.QuoteMeta(name) + `): *([-+.\deE]+)`
	if len(filters) == 0 && readWhole(filter, unread.First) {
		return fmt.Sprintf("; what it printed as %s: VALUE is read with task.filters: ['%s']", name,
			strings.ReplaceAll(filter, "'", "''"))
	}
	return "; lines " + unread.Why + ": `kaon trial` shows the first"
}

// readWhole reports whether a filter of the spec's finds something in a line behind which the number does not go on.
func readWhole(filter, line string) bool {
	re, err := regexp.Compile(filter + `(?:\s|[,;]\s|$)`)
	return err == nil && re.MatchString(line)
}

func describeTimeout(att *attempt) string {
	if att.run.spec.Task.Timeout == 0 {
		return "timed out"
	}
	return fmt.Sprintf("timed out after %v", att.run.spec.Task.Timeout)
}

// messageShown bounds what is repeated of a message; masters print whole structures.
const messageShown = 300

func describeStatus(what string, s cluster.Status) string {
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

// withCause adds what a program's last lines on standard error say of its end.
func withCause(what string, lines []string) string {
	if l := causeLine(lines); l != "" {
		return what + ": " + l
	}
	return what
}

// classifyStartFailure classifies an attempt whose executor could not be one. To have met a foreign agent costs the
// trial nothing: there may be any number of them, and each is met only once.
func classifyStartFailure(att *attempt) classification {
	if att.startExit == cluster.ExitWrongArch {
		return classification{outcome: sweep.AttemptLost, uncharged: true,
			reason: fmt.Sprintf("agent %s is of an architecture that no executor is built for", att.where())}
	}
	if att.startExit == cluster.ExitAgentUnreachable {
		return classification{outcome: sweep.AttemptLost,
			reason: fmt.Sprintf("its executor cannot reach agent %s at the address that the agent gave it: look "+
				"at the agent's --ip and "+
				"--hostname, the network of containers and firewalls; the attempt's stderr there has the address",
				att.where())}
	}
	return classification{outcome: sweep.AttemptLost,
		reason: fmt.Sprintf("the executor that agent %s fetched is not the one that was served: "+
			"it was cut short or mixed up on the way; the attempt's stderr there has both checksums", att.where())}
}

// prefetchFailed reports whether an attempt ended because its agent could not bring what it was to, or not in time.
func prefetchFailed(att *attempt, s cluster.Status) bool {
	return att.prefetched && (s.Reason == "REASON_EXECUTOR_REGISTRATION_TIMEOUT" || fetchFailure(s))
}

// limitation reports whether an agent ended a container that went beyond its resources. Where attempts share it, one
// did so, and nobody can tell which: none is charged, and each of their trials goes on in an executor of its own, where
// the one shows itself and harms nobody.
func limitation(s cluster.Status) bool {
	return strings.HasPrefix(s.Reason, "REASON_CONTAINER_LIMITATION")
}

// retryScope is who could do better after an attempt that never became one.
type retryScope uint8

const (
	anywhere  retryScope = iota // anybody, another time
	elsewhere                   // other agents: this one lacks what the spec names, a user or an image
	nowhere                     // nobody: the task itself is wrong
	noTrial                     // nobody, and that goes for every trial of the sweep
)

// lackingAgents that all lack what the spec names stand for the cluster, however large it is.
const lackingAgents = 3

// unknownUsers and unknownImages are what agents and container engines say, in lower case, of a user or an image that
// there is not. Registries that are out of reach, or want credentials first, say other things.
var (
	unknownUsers = []string{
		"no such user", "unknown user", "unable to find user", "failed to get user information", "failed to getuid",
		"failed to get uid", "failed to get gid",
	}
	unknownImages = []string{
		"no such image", "manifest unknown", "manifest for", "name unknown", "repository does not exist",
		"pull access denied",
		"invalid reference format", "failed to parse image",
	}
)

// retryScopeOf reads from an update whether what it tells can become right.
func retryScopeOf(s cluster.Status) retryScope {
	message := strings.ToLower(s.Message)
	says := func(words string) bool { return strings.Contains(message, words) }
	switch {
	case strings.HasSuffix(s.Reason, "_UNAUTHORIZED"):
		return noTrial
	case s.Reason == "REASON_TASK_INVALID" || s.Reason == "REASON_TASK_GROUP_INVALID":
		if says("more than available") || says("not compatible") || says("duplicate") {
			return anywhere // what runs on the agent was not what we believed
		}
		return nowhere
	case s.Source == fromExecutor || !s.State.Final():
		return anywhere
	case slices.ContainsFunc(unknownUsers, says), slices.ContainsFunc(unknownImages, says):
		return elsewhere
	}
	return anywhere
}
