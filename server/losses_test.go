package server

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
)

func TestLossesAreToldOfButNotEachOne(t *testing.T) {
	var l losses
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after  time.Duration
		trial  int
		agent  string
		reason string
		want   string
	}{
		{0, 3, "a", "it broke", "trial 3 was lost on agent a: it broke"},
		{time.Second, 4, "a", "it broke", ""},
		{2 * time.Second, 5, "a", "it broke", ""},
		{3 * time.Second, 6, "b", "it broke", "trial 6 was lost on agent b (3 attempts lost since the last such line): it broke"},
		{4 * time.Second, 7, "b", "no user", "trial 7 was lost on agent b: no user"},
		{15 * time.Second, scheduler.ThenTrial, "b", "no user", "the `then` step was lost on agent b: no user"},
	} {
		n := scheduler.AttemptLost{Loss: scheduler.Loss{Trial: step.trial, Agent: step.agent, Reason: step.reason, At: begin.Add(step.after)}}
		if got := l.lost(n, false); got != step.want {
			t.Errorf("after %v: %q, want %q", step.after, got, step.want)
		}
	}
	if got := l.lost(scheduler.AttemptLost{}, true); got != "trials that were under way when the sweep was interrupted start again" {
		t.Errorf("after an interrupt: %q", got)
	}
	for before, reason := range map[bool]string{true: "", false: "dropped: Executor terminated"} {
		if got := l.lost(scheduler.AttemptLost{Loss: scheduler.Loss{Reason: reason}}, before); got != "" {
			t.Errorf("of the next: %q", got)
		}
	}
}

// Which of both a resumed sweep hears of first, an attempt of before or one that met an executor of before, is chance.
func TestLossesOfAnInterrupt(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	dropped := func(after time.Duration) scheduler.AttemptLost {
		return scheduler.AttemptLost{Loss: scheduler.Loss{Trial: 5, Agent: "a", Reason: "dropped: Executor terminated", At: begin.Add(after)}}
	}
	l := losses{resumed: begin}
	if got := l.lost(dropped(time.Second), false); got != "trials that were under way when the sweep was interrupted start again" {
		t.Errorf("dropped first: %q", got)
	}
	if got := l.lost(scheduler.AttemptLost{}, true); got != "" {
		t.Errorf("then of before: %q", got)
	}
	l = losses{resumed: begin}
	if got := l.lost(dropped(time.Minute), false); got != "trial 5 was lost on agent a: dropped: Executor terminated" {
		t.Errorf("a minute later: %q", got)
	}
}
