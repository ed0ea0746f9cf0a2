package simtest

import (
	"testing"
	"time"
)

// TestSweepsGoOn guards against a simulation in which no sweep is extended, races, or meets results of earlier work.
func TestSweepsGoOn(t *testing.T) {
	var sum struct{ running, ended, elsewhere, cached, dropped int }
	for seed := range uint64(60) {
		s := Draw(seed)
		if s.Racing+s.Known == 0 && s.Faults[len(s.Faults)-1].Kind != UserExtend {
			continue
		}
		for _, l := range played(t, s).laws.sweeps {
			g := l.growth.counts
			sum.running, sum.ended, sum.elsewhere = sum.running+g.running, sum.ended+g.ended, sum.elsewhere+g.elsewhere
			sum.cached, sum.dropped = sum.cached+l.cached, sum.dropped+l.dropped
		}
	}
	if sum.running < 5 || sum.ended < 5 || sum.elsewhere < 3 || sum.cached < 30 || sum.dropped < 10 {
		t.Errorf("%+v", sum)
	}
	t.Logf("%+v", sum)
}

// TestStoppedBeforeTheyBegan has users stop sweeps, retry them, make them smaller and larger, and processes die in between: trials that
// were stopped before they began stay so until their sweep is extended after its end.
func TestStoppedBeforeTheyBegan(t *testing.T) {
	var kept, back int
	for seed := range uint64(90) {
		s := Draw(seed)
		s.Hard, s.Retries, s.FailLimit, s.Target, s.Then, s.Steps, s.Slow, s.Wall = true, 0, 0, false, false, 0, false, 0
		s.Trials, s.Parallel, s.Sweeps, s.Sharing, s.Learns = 20, 2, 1, sharing{}, false // a learner is to be asked in order
		fewer, more := uint32(2*(seed%7)), uint32(2*(35+seed%7))
		s.Faults = []Fault{
			{At: 40 * time.Second, Kind: UserStop}, {At: 60 * time.Second, Kind: UserRetry}, {At: 60*time.Second + time.Millisecond, Kind: UserExtend, Arg: fewer},
			{At: 61 * time.Second, Kind: CrashSilent}, {At: 70 * time.Second, Kind: UserExtend, Arg: more}, {At: 71 * time.Second, Kind: CrashEarly},
			{At: lateExtension, Kind: UserExtend, Arg: more}, {At: lateExtension + time.Second, Kind: CrashSilent},
		}
		for _, l := range played(t, s).laws.sweeps {
			kept, back = kept+l.turns.kept, back+l.turns.back
		}
	}
	if kept < 100 || back < 100 {
		t.Errorf("trials that had not begun were kept as stopped %d times, and as waiting %d times", kept, back)
	}
}
