package sweep

import "testing"

func TestOutcomesOfTrials(t *testing.T) {
	for o, want := range map[Outcome]State{AttemptSucceeded: Succeeded, AttemptFailed: Failed, AttemptTimedOut: Failed,
		AttemptStopped: Stopped, AttemptCached: Cached, AttemptLost: Failed, AttemptPreempted: Failed, "of tomorrow": Failed} {
		if got := o.TrialState(); got != want || !got.Terminal() {
			t.Errorf("%s makes a trial %v, want %v", o, got, want)
		}
	}
	if AttemptTimedOut.Recorded() != AttemptFailed || AttemptLost.Recorded() != AttemptLost {
		t.Error("records hold the wrong word")
	}
}
