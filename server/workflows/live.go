package workflows

import (
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// live is a run that is worked on.
type live struct {
	m     *Manager
	id    string
	run   *run.Run
	ended chan struct{} // closed when nobody works on it any more
}

// Change is something that has become true of a run.
type Change struct {
	Run     string
	Kind    ChangeKind
	Step    string
	State   engine.State
	Reason  string
	Percent *float64
	Text    string
	Late    *run.Late // of RunLate
}

// ChangeKind is what a change is of.
type ChangeKind string

// The kinds of changes.
const (
	RunChanged  ChangeKind = "workflow" // the run's State
	StepChanged ChangeKind = "step"     // the State of Step, of all its iterations together
	StepSaid    ChangeKind = "progress" // Percent and Text, of Step with its iteration
	RunLate     ChangeKind = "late"     // it is not done by when it was to be
)

// said takes what a step says.
func (l *live) said(key string, p steps.Progress) { l.hear(key, p.Percent, p.Text) }

// hear tells of what a step says.
func (l *live) hear(key string, percent *float64, text string) {
	l.m.tell(Change{Run: l.id, Kind: StepSaid, Step: key, Percent: percent, Text: text})
}

// watchEvery is how long nothing is looked at behind a look; a run of many iterations, which takes long to look at, is
// less often.
const (
	watchEvery = 100 * time.Millisecond
	watchShare = 20
)

// watch tells what changes until nobody works on the run.
func (l *live) watch() {
	shown := map[string]engine.State{}
	state := engine.State("")
	for last := false; ; {
		changed := l.run.Changed()
		began := time.Now()
		view := l.run.View(false)
		for _, s := range view.Steps {
			if s.State != shown[s.Key] && (s.State != engine.Waiting || shown[s.Key] != "") {
				l.m.tell(Change{Run: l.id, Kind: StepChanged, Step: s.Key, State: s.State, Reason: s.Reason})
			}
			shown[s.Key] = s.State
		}
		if view.State != state || last {
			state = view.State
			l.m.tell(Change{Run: l.id, Kind: RunChanged, State: state, Reason: view.Reason})
		}
		if last {
			return
		}
		select {
		case <-changed:
			rest := time.NewTimer(max(watchEvery, watchShare*time.Since(began)))
			select {
			case <-rest.C:
			case <-l.ended:
				rest.Stop()
				last = true
			}
		case <-l.ended:
			last = true
		}
	}
}

// settling is how long a call waits for a run to be let go of that has ended.
const settling = 10 * time.Second

// Settle waits until nobody works any more on a run that has ended: its end is seen before its sweeps are forgotten.
func (m *Manager) Settle(id string) {
	l := m.working(id)
	if l == nil || !l.run.View(false).State.Ended() {
		return
	}
	rest := time.NewTimer(settling)
	defer rest.Stop()
	select {
	case <-l.ended:
	case <-rest.C:
	case <-m.ctx.Done():
	}
}
