package scheduler

import (
	"regexp"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// What the executor killed an attempt for is the reason, not the signal that it did so with.
func TestReasonBeforeTheSignal(t *testing.T) {
	for _, end := range []task.End{{Exit: -1, Signal: 9, Lacks: "had more than 20 processes"}, {Exit: 1, Lacks: "had more than 20 processes"}} {
		if out, why := classifyEnd(&attempt{}, &end); out != sweep.AttemptFailed || why != end.Lacks {
			t.Errorf("%+v: %v %q", end, out, why)
		}
	}
}

// What is lost with an agent that an operator takes out of the cluster is at nobody's charge, and no fault of the agent; whoever else says
// the same is not believed.
func TestRemovedByOperator(t *testing.T) {
	const down = "Agent a removed: Operator initiated 'Machine DOWN'"
	const anew = "Agent a removed: a new agent registered at the same address"
	for _, c := range []struct {
		s    cluster.Status
		free bool
	}{
		{cluster.Status{State: cluster.Lost, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED", Message: down}, true},
		{cluster.Status{State: cluster.Lost, Source: "SOURCE_MASTER", Reason: "REASON_SLAVE_REMOVED", Message: down}, true},
		{cluster.Status{State: cluster.Lost, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED", Message: anew}, false},
		{cluster.Status{State: cluster.Lost, Source: "SOURCE_MASTER", Reason: "REASON_SLAVE_REMOVED"}, false},
		{cluster.Status{State: cluster.GoneByOperator, Source: "SOURCE_MASTER"}, true},
		{cluster.Status{State: cluster.Unreachable, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_REMOVED"}, false},
		{cluster.Status{State: cluster.Lost, Source: "SOURCE_MASTER", Reason: "REASON_AGENT_DISCONNECTED"}, false},
		{cluster.Status{State: cluster.Lost, Source: fromExecutor, Reason: "REASON_AGENT_REMOVED", Message: down}, false},
		{cluster.Status{State: cluster.GoneByOperator, Source: fromExecutor}, false},
	} {
		v := classify(&attempt{placement: &placement{}}, c.s, nil)
		if v.outcome != sweep.AttemptLost || v.uncharged != c.free || v.agentNotBlamed != c.free {
			t.Errorf("%+v: %+v", c.s, v)
		}
	}
}

// A Mesos agent without the containerizer that an image needs says no more than that it knows no such container.
func TestAgentWithoutTheContainerizer(t *testing.T) {
	att := &attempt{placement: &placement{executorWait: -1}, run: &run{}}
	att.run.executor.container = &cluster.Container{Container: sweep.Container{Containerizer: sweep.Docker}}
	out, why := classifyFailure(att, cluster.Status{State: cluster.Failed, Source: "SOURCE_SLAVE", Reason: "REASON_EXECUTOR_TERMINATED",
		Message: "Abnormal executor termination: unknown container"}, nil)
	if out != sweep.AttemptLost || !strings.Contains(why, "--containerizers=docker") {
		t.Errorf("%v %q", out, why)
	}
}

// Where a program prints its metric for people, the failure names a filter that reads it, and that filter does.
func TestUnreadMetricsNameTheirFilter(t *testing.T) {
	advice := regexp.MustCompile(`task\.filters: \['(.*)'\]$`)
	for _, c := range []struct{ name, line, value string }{
		{"binary_logloss", "[1]\tvalid_0's binary_logloss: 0.617003", "0.617003"},
		{"val_accuracy", "10/10 - 0s - accuracy: 0.5 - loss: 0.7 - val_accuracy: 0.625", "0.625"},
		{"loss", "val_loss: 0.5", ""}, // another metric's
		{"it's", "it's: 1e-3", "1e-3"},
		{"loss", "loss ~ 0.5", ""},
		{"loss", "loss: 93.2%", ""}, // no filter reads that
		{"loss", "loss: 0,75", ""},
		{"loss", "loss: 9910/10000", ""},
	} {
		end := &task.End{Unread: []results.Unread{{Lines: 3, Why: "looked like metrics and were not read", First: c.line}}}
		why := describeUnread(end, c.name, nil)
		m := advice.FindStringSubmatch(why)
		if c.value == "" {
			if m != nil || !strings.Contains(why, "kaon trial") {
				t.Errorf("%s: %s", c.line, why)
			}
			continue
		}
		if m == nil {
			t.Errorf("%s: %s", c.line, why)
			continue
		}
		if again := describeUnread(end, c.name, []string{m[1]}); advice.MatchString(again) {
			t.Errorf("%s: the filter is there, and advised again: %s", c.line, again)
		}
		filter := regexp.MustCompile(strings.ReplaceAll(m[1], "''", "'"))
		if got := filter.FindStringSubmatch(c.line); len(got) != 3 || got[1] != c.name || got[2] != c.value {
			t.Errorf("%s: %s finds %q", c.line, filter, got)
		}
	}
}
