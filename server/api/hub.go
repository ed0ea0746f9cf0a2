package api

import (
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/workflows"
)

// Event is one thing that has become true.
type Event struct {
	Sweep      string             `json:"sweep"`
	Kind       string             `json:"kind" enum:"submitted,ending,ended,trial,points,workflow,step,progress,late,registered" doc:"workflow, step, progress and late are of a run of a workflow, and of no sweep; registered is of a registered workflow."`
	Trial      *int               `json:"trial,omitempty" doc:"-1 is the step that follows the trials; absent: the sweep is meant."`
	Attempt    int                `json:"attempt,omitempty"`
	State      string             `json:"state,omitempty" doc:"Of the trial, the sweep or the registered workflow, from now on."`
	Reason     string             `json:"reason,omitempty"`
	Values     map[string]float64 `json:"values,omitempty" doc:"The last finite value of each metric that came."`
	Step       int64              `json:"step,omitempty" doc:"Of the last point that came."`
	Run        string             `json:"run,omitempty" doc:"Of a workflow."`
	RunStep    string             `json:"run_step,omitempty" doc:"Of the run: a step, in progress with its iteration."`
	Percent    *float64           `json:"percent,omitempty" doc:"How far the step is."`
	Text       string             `json:"text,omitempty" doc:"What the step said."`
	Due        int64              `json:"due,omitempty" doc:"Of late: when the run was to be done, in milliseconds since 1970."`
	Registered string             `json:"registered,omitempty" doc:"A registered workflow: it has become what state says: registered, pinned, unpinned, paused, resumed, backfilled, backfills stopped, or removed."`
}

// kept is how many events are kept for those who come back.
const kept = 1 << 16

// hub keeps the last events, by numbers that grow for ever: also from one process to the next.
type hub struct {
	mu      sync.Mutex
	first   int // number of ring's oldest
	ring    []Event
	start   int // index of the oldest
	changed chan struct{}
	waiting bool // somebody waits for changed
}

func newHub() *hub {
	return &hub{first: int(time.Now().UnixMicro()), changed: make(chan struct{})}
}

// heard takes in what the scheduler tells.
func (h *hub) heard(n scheduler.Notice) {
	switch n := n.(type) {
	case scheduler.SweepStarted:
		h.add(Event{Sweep: n.Sweep, Kind: "submitted"})
	case scheduler.SweepEnding:
		h.add(Event{Sweep: n.Sweep, Kind: "ending", Reason: n.Reason})
	case scheduler.SweepEnded:
		h.add(Event{Sweep: n.Sweep, Kind: "ended", State: string(n.Phase), Reason: n.Reason})
	case scheduler.TrialMoved:
		trial := n.Trial
		h.add(Event{Sweep: n.Sweep, Kind: "trial", Trial: &trial, Attempt: n.Attempt, State: n.To.String(),
			Reason: n.Reason})
	case scheduler.Recorded:
		if e, ok := points(n.Record); ok {
			h.add(e)
		}
	}
}

// heardRun tells what has become true of a run.
func (h *hub) heardRun(c workflows.Change) {
	e := Event{Run: c.Run, Kind: string(c.Kind), RunStep: c.Step, State: string(c.State), Reason: c.Reason,
		Percent: c.Percent, Text: c.Text}
	if c.Late != nil {
		e.Due = c.Late.Due
	}
	h.add(e)
}

// points is what a record brings, if it brings points.
func points(r results.Record) (Event, bool) {
	if len(r.Points) == 0 {
		return Event{}, false
	}
	trial := r.Trial
	e := Event{Sweep: r.Sweep, Kind: "points", Trial: &trial, Attempt: r.Attempt, Values: map[string]float64{}}
	for _, p := range r.Points {
		e.Step = p.Step
		for name, v := range p.Metrics {
			if v-v == 0 { // JSON has no other numbers
				e.Values[name] = v
			}
		}
	}
	return e, true
}

func (h *hub) add(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.ring) < kept {
		h.ring = append(h.ring, e)
	} else {
		h.ring[h.start] = e
		h.start = (h.start + 1) % kept
		h.first++
	}
	if h.waiting {
		close(h.changed)
		h.changed, h.waiting = make(chan struct{}), false
	}
}

// next is the number that the next event will have.
func (h *hub) next() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.first + len(h.ring)
}

// since is the events from a number on, at most some, and a channel that is closed when there are more. Not ok when
// those from that number are kept no more.
func (h *hub) since(from, most int) (list []Event, more <-chan struct{}, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from < h.first || from > h.first+len(h.ring) {
		return nil, nil, false
	}
	for i := from - h.first; i < len(h.ring) && len(list) < most; i++ {
		list = append(list, h.ring[(h.start+i)%len(h.ring)])
	}
	if len(list) == 0 {
		h.waiting = true
	}
	return list, h.changed, true
}
