package health_test

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/health"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func anyOther(func(offers.AgentID) bool) bool { return true }
func noOther(func(offers.AgentID) bool) bool  { return false }

// die has an attempt of an agent start and fail at once; its executor lives to tell it.
func die(t *health.Tracker, id offers.AgentID, now time.Time, could func(func(offers.AgentID) bool) bool) health.Exclusion {
	t.RecordStart(id, string(id))
	return t.RecordEnd(now, health.End{Agent: id, Launched: now, Started: now, ExecutorTold: true, Could: could})
}

func TestAnAgentThatFailsFastIsAvoidedThenTriedWithOneAttempt(t *testing.T) {
	tracker := health.New(16, func(string) bool { return false })
	for i := range 4 {
		if x := die(&tracker, "a", t0, anyOther); !x.Until.IsZero() {
			t.Fatalf("avoided after %d failures: %+v", i+1, x)
		}
	}
	x := die(&tracker, "a", t0, anyOther)
	if !x.Avoid || x.InARow != 5 || !x.Until.Equal(t0.Add(30*time.Second)) {
		t.Fatalf("after five failures: %+v", x)
	}
	if !tracker.Avoid["a"].Equal(x.Until) || tracker.Caps["a"] != 1 {
		t.Errorf("the packer is told to avoid until %v, and of %d attempts", tracker.Avoid["a"], tracker.Caps["a"])
	}
	if tracker.Readmit("a", x.Until.Add(time.Second)) || !tracker.Readmit("a", x.Until) {
		t.Error("it is readmitted when its own time is over, and then only")
	}
	if probe := tracker.RecordStart("a", ""); !probe {
		t.Error("the next attempt is not a probe")
	}
	x = tracker.RecordEnd(t0, health.End{Agent: "a", Launched: t0, ExecutorTold: true, Could: anyOther})
	if want := t0.Add(time.Minute); !x.Avoid || !x.Until.Equal(want) {
		t.Errorf("a failed probe: %+v, want until %v", x, want)
	}
	tracker.Prove("a")
	if _, capped := tracker.Caps["a"]; capped {
		t.Error("a proven agent is still capped")
	}
}

// Where no other agent could take the work, or attempts die as fast on others, the trials are to blame.
func TestAnAgentIsNotBlamedForWhatNoOtherDoesBetter(t *testing.T) {
	tracker := health.New(16, func(string) bool { return false })
	for range 20 {
		if x := die(&tracker, "a", t0, noOther); !x.Until.IsZero() {
			t.Fatalf("the only agent is avoided: %+v", x)
		}
	}
	for range 20 {
		if x := die(&tracker, "b", t0, anyOther); !x.Until.IsZero() {
			t.Fatalf("avoided, though attempts die everywhere: %+v", x)
		}
	}
}

// Losses on every agent that was tried say nothing of those that were not: they come first.
func TestWhereAttemptsAreLostOthersComeFirst(t *testing.T) {
	tracker := health.New(16, func(string) bool { return false })
	lose := func(id offers.AgentID) {
		tracker.RecordStart(id, string(id))
		tracker.RecordEnd(t0, health.End{Agent: id, Launched: t0, Lost: true, ExecutorTold: true, Could: anyOther})
	}
	for _, id := range []offers.AgentID{"a", "b", "c"} {
		if lose(id); !tracker.Last[id] {
			t.Errorf("%s, where an attempt was lost, gets the next one before agents that were not tried", id)
		}
	}
}

func TestAnIncompatibleAgentIsToldOfOnce(t *testing.T) {
	tracker := health.New(16, func(arch string) bool { return arch == "arm64" })
	arm := offers.Offer{Agent: "a", Hostname: "h", Attributes: []offers.Attribute{{Name: "arch", Value: "aarch64"}}}
	if bad, found := tracker.Observe(&arm); !found || bad.Architecture != "arm64" || bad.Host != "h" {
		t.Errorf("found %v: %+v", found, bad)
	}
	if _, found := tracker.Observe(&arm); found {
		t.Error("told of again")
	}
	if _, found := tracker.Observe(&offers.Offer{Agent: "a"}); found || len(tracker.Foreign) > 0 {
		t.Error("still kept from work, though it does not name its architecture any more")
	}
	if bad, found := tracker.ArchMismatch("a"); !found || bad.Architecture != "" {
		t.Errorf("an executor found out: %v %+v", found, bad)
	}
}

// An agent that is known to be at fault pauses at once, however long the attempt took and however well it did before.
func TestAnAgentAtFaultIsLeftAlone(t *testing.T) {
	tracker := health.New(16, func(string) bool { return false })
	for range 2 {
		tracker.RecordStart("a", "a")
	}
	tracker.Prove("a")
	end := health.End{Agent: "a", Launched: t0, Started: t0, Lost: true, ExecutorTold: true, Could: anyOther}
	later := t0.Add(time.Hour)
	if x := tracker.RecordEnd(later, end); !x.Until.IsZero() {
		t.Fatalf("a long attempt that was lost: %+v", x)
	}
	end.Faulty = true
	if x := tracker.RecordEnd(later, end); !x.Until.Equal(later.Add(5*time.Second)) || x.Avoid || !tracker.Last["a"] {
		t.Errorf("%+v", x)
	}
	tracker.RecordStart("a", "a")
	end.Could = noOther
	if x := tracker.RecordEnd(later, end); !x.Until.IsZero() {
		t.Errorf("no other agent could take it: %+v", x)
	}
}

// An agent that takes nothing, again and again, is left alone for a moment where another could have its work: nobody is to blame, and it is proven
// as before. What was launched together counts once.
func TestAnAgentThatRefusesPauses(t *testing.T) {
	tracker := health.New(16, func(string) bool { return false })
	tracker.RecordStart("a", "a")
	tracker.Prove("a")
	refuse := func(at time.Time, could func(func(offers.AgentID) bool) bool) health.Exclusion {
		tracker.RecordStart("a", "a")
		return tracker.RecordEnd(at.Add(time.Second), health.End{Agent: "a", Launched: at, Lost: true, NotBlamed: true, Refused: true, Could: could})
	}
	at := t0
	for range 20 {
		if x := refuse(at, anyOther); !x.Until.IsZero() {
			t.Fatalf("what was launched together: %+v", x)
		}
	}
	next := func() time.Time { at = at.Add(time.Minute); return at }
	if x := refuse(next(), anyOther); !x.Until.IsZero() {
		t.Fatalf("after two: %+v", x)
	}
	if x := refuse(next(), noOther); !x.Until.IsZero() {
		t.Fatalf("the only agent pauses: %+v", x)
	}
	x := refuse(next(), anyOther)
	if x.Avoid || x.Until.IsZero() {
		t.Fatalf("after four: %+v", x)
	}
	if a, _ := tracker.Agent("a"); !a.Proven || a.Failures != 0 {
		t.Errorf("it is held against it: %+v", a)
	}
	if !tracker.Readmit("a", x.Until) {
		t.Error("it is not readmitted")
	}
	tracker.RecordStart("a", "a")
	tracker.RecordEnd(next(), health.End{Agent: "a", Launched: at, Started: at, Succeeded: true, Could: anyOther})
	if x := refuse(next(), anyOther); !x.Until.IsZero() {
		t.Errorf("after one that ran: %+v", x)
	}
}
