package simtest

import (
	"strings"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// laws watches a run and compares what the scheduler does with what its journal holds and with the truth.
type laws struct {
	w       *world
	sweeps  map[string]*ledger
	tasks   map[cluster.TaskID]*taskLedger
	sent    map[string]update // updates on their way, by uuid, undamaged
	held    map[offers.OfferID]holding
	used    map[offers.OfferID]bool // ever used or declined
	rebuff  map[cluster.TaskID]int
	turn    turnLedger
	out     map[offers.OfferID]bool // offered by the master and neither used nor taken back, as far as its stream tells
	quiet   bool                    // the last word about offers was SUPPRESS
	offers  int                     // offers that came since
	watches map[string]*watch
	backs   struct{ told, lost int } // attempts that never began, on the word of their executor, and with their task
	foreign map[offers.AgentID]bool  // executors found out there, and told this process, that none is built for it
	below   time.Time                // when the first queue was first below its guarantee; zero: it is not
	seen    time.Time                // the highest time that the process's clock has shown
}

// ledger is what is durable of one sweep.
type ledger struct {
	phase   sweep.Phase
	halted  bool // it was ended before its trials were
	trials  map[int]journal.TrialEntry
	records uint64
	all     []results.Record
	finals  map[int]int
	params  map[int]string // of the first attempt that told
	lost    map[int]int    // attempts lost
	stopped map[int]bool
	unbegun map[int]bool             // stopped before they began, and not brought back
	turns   struct{ kept, back int } // of those: that the journal was told of as stopped, and as waiting
	winner  journal.AttemptRef       // that the step is given
	used    journal.AttemptRef       // that it was last launched with
	first   journal.AttemptRef       // that it was first launched with
	early   *stopReplay
	race    *raceReplay
	growth  *growth
	cached  int // trials that ended by earlier work
	dropped int // by their race
}

// taskLedger is what is durable of one attempt.
type taskLedger struct {
	points map[uint64]bool
	ended  bool
	last   *update   // terminal update with a uuid that reached the core
	back   bool      // its executor has said that it never will begin
	killed time.Time // when the latest KILL for it left
	killer int       // the process that sent it
	parted time.Time // when the master first said that it is out of reach; zero: never
}

// update is what an update really said.
type update struct {
	task     cluster.TaskID
	state    cluster.TaskState
	source   string
	parts    []told
	terminal bool
}

// told is what an update said of one attempt.
type told struct {
	attempt cluster.TaskID
	first   uint64
	points  int
	end     bool // that it ended, or went back
	back    bool
}

// read takes in what the report of an update says.
func (u *update) read(r *task.Report) {
	if len(r.Points) > 0 || r.End != nil {
		u.parts = append(u.parts, told{attempt: u.task, first: r.First, points: len(r.Points), end: r.End != nil})
	}
	for _, p := range r.Others {
		u.parts = append(u.parts, told{attempt: cluster.TaskID(p.Task), first: p.First, points: len(p.Points)})
	}
	for _, p := range r.Attempts {
		u.parts = append(u.parts, told{attempt: cluster.TaskID(p.Attempt), first: p.First, points: len(p.Points),
			end: p.End != nil || p.Back, back: p.Back})
	}
}

// holding is an offer in the scheduler's hands.
type holding struct {
	agent offers.AgentID
	offer offers.Offer
	away  bool // its agent was, as it said
}

// turnLedger is what happened in the present turn.
type turnLedger struct {
	orphans []cluster.TaskID // alive, and not believed in when the turn began
}

func newLaws(w *world) laws {
	return laws{
		w: w, sweeps: map[string]*ledger{}, tasks: map[cluster.TaskID]*taskLedger{}, sent: map[string]update{},
		held: map[offers.OfferID]holding{}, used: map[offers.OfferID]bool{}, rebuff: map[cluster.TaskID]int{},
		out: map[offers.OfferID]bool{}, watches: map[string]*watch{}, foreign: map[offers.AgentID]bool{},
	}
}

func (l *laws) sweep(id string) *ledger {
	s := l.sweeps[id]
	if s == nil {
		spec := l.w.story.Sharing.spec(id, l.w.specs.first)
		s = &ledger{
			trials: map[int]journal.TrialEntry{}, finals: map[int]int{}, params: map[int]string{},
			lost: map[int]int{}, stopped: map[int]bool{}, unbegun: map[int]bool{}, early: newStopReplay(spec),
			race: newRaceReplay(spec), growth: newGrowth(spec, l.w.story.Learns),
		}
		l.sweeps[id] = s
	}
	return s
}

func (l *laws) task(id cluster.TaskID) *taskLedger {
	t := l.tasks[id]
	if t == nil {
		t = &taskLedger{points: map[uint64]bool{}}
		l.tasks[id] = t
	}
	return t
}

// submitted says that a sweep is durable.
func (l *laws) submitted(id string) bool {
	s := l.sweeps[id]
	return s != nil && s.phase != ""
}

// believed says that the journal holds a task for alive.
func (l *laws) believed(task cluster.TaskID) bool {
	id, trial, number, ok := task.Parse()
	if !ok || l.sweeps[id] == nil {
		return false
	}
	e, known := l.sweeps[id].trials[trial]
	return known && e.Attempt == number && (e.State == sweep.Launched || e.State == sweep.Running)
}

// taskBelieved says that the journal holds a task for alive: some attempt of it.
func (l *laws) taskBelieved(id cluster.TaskID) bool { return len(l.attemptsOf(id)) > 0 }

// attemptsOf is the attempts of a task that the journal holds for alive.
func (l *laws) attemptsOf(id cluster.TaskID) (all []cluster.TaskID) {
	sweepID, _, _, _ := id.Parse()
	s := l.sweeps[sweepID]
	if s == nil {
		return nil
	}
	for _, e := range s.trials {
		if (e.State == sweep.Launched || e.State == sweep.Running) && taskOf(&e) == id {
			all = append(all, cluster.NewTaskID(e.Sweep, e.Trial, e.Attempt))
		}
	}
	return all
}

// taskOf is the task that an attempt runs in.
func taskOf(e *journal.TrialEntry) cluster.TaskID {
	if e.Task != "" {
		return e.Task
	}
	return cluster.NewTaskID(e.Sweep, e.Trial, e.Attempt)
}

// outOfReach notes that the master has said so of a task.
func (l *laws) outOfReach(id cluster.TaskID) {
	if t := l.task(id); t.parted.IsZero() {
		t.parted = l.w.now
	}
}

// partedSince is when a task was first out of reach: as the master says, of those too that begin when their agent is
// back; else as it was. Zero: it never was.
func (l *laws) partedSince(s *sender) time.Time {
	if t := l.task(s.task); !t.parted.IsZero() { // a bundle has the id of its first attempt
		return t.parted
	}
	return s.parted
}

// mayCorrupt bounds how often a task's reports are damaged: the core takes the fourth in a row for damaged at
// its source.
func (l *laws) mayCorrupt(task cluster.TaskID) bool { return l.rebuff[task] < 3 }

func (l *laws) corrupted(task cluster.TaskID) { l.rebuff[task]++ }

// born is a new process: it holds nothing.
func (l *laws) born(p *process) {
	clear(l.held)
	clear(l.foreign)
	l.seen = p.clock()
	l.read(p, true)
	l.quiet = false
	for _, t := range l.tasks {
		if !t.ended {
			t.last = nil // what a former process heard and did not keep, the agent has to say again
		}
	}
}

// emitted sees an event as the master sends it.
func (l *laws) emitted(ev *api.Event) {
	switch ev.Type {
	case api.Event_SUBSCRIBED:
		clear(l.out)
		l.quiet = false
	case api.Event_OFFERS:
		for _, o := range ev.GetOffers().GetOffers() {
			l.out[offers.OfferID(o.ID.Value)] = true
		}
		l.offers++
	case api.Event_RESCIND:
		delete(l.out, offers.OfferID(ev.GetRescind().GetOfferID().Value))
	case api.Event_UPDATE:
		s := ev.GetUpdate().GetStatus()
		if s.GetState() == mesosapi.TASK_UNREACHABLE {
			l.outOfReach(cluster.TaskID(s.TaskID.Value))
		}
		if len(s.UUID) == 0 {
			return
		}
		u := update{task: cluster.TaskID(s.TaskID.Value),
			state:  cluster.TaskState(s.GetState().String()[len("TASK_"):]),
			source: s.GetSource().String()}
		u.terminal = over(u.state)
		if len(s.Data) > 0 {
			r, err := task.Decode[task.Report](s.Data)
			if err != nil {
				l.w.fail("law 2: the cluster damaged a report of %s: %v", u.task, err)
			}
			u.read(&r)
		}
		l.sent[string(s.UUID)] = u
	}
}

func over(s cluster.TaskState) bool {
	switch s {
	case cluster.Finished, cluster.Failed, cluster.Killed, cluster.Error, cluster.Lost, cluster.Dropped,
		cluster.Gone, cluster.GoneByOperator:
		return true
	}
	return false
}

func (l *laws) turnBegins(p *process) {
	l.turn = turnLedger{}
	l.pass(p)
}

// stepping sees an event before the core does.
func (l *laws) stepping(ev cluster.Event) {
	switch ev := ev.(type) {
	case cluster.Subscribed, cluster.Disconnected:
		clear(l.held)
	case cluster.Offered:
		for _, o := range ev.Offers {
			l.held[o.ID] = holding{o.Agent, o, l.away(&o)}
		}
	case cluster.Rescinded:
		delete(l.held, ev.Offer)
	case cluster.AgentGone:
		for id, h := range l.held {
			if h.agent == ev.Agent {
				delete(l.held, id)
			}
		}
	case cluster.ExecutorGone:
		if ev.Wait == cluster.ExitWrongArch<<8 {
			l.foreign[ev.Agent] = true
		}
	case cluster.Updated:
		l.stepUpdate(ev.Status)
	}
}

func (l *laws) stepUpdate(s cluster.Status) {
	l.w.log("update of %s: %s from %s %s", s.Task, s.State, s.Source, s.Reason)
	if u, ok := l.sent[string(s.UUID)]; ok && len(s.UUID) > 0 && readable(s.Data) {
		for _, p := range u.parts {
			if p.end {
				t := l.task(p.attempt)
				t.last, t.back = &u, p.back
			}
		}
		if u.terminal {
			for _, id := range l.attemptsOf(s.Task) {
				if t := l.task(id); t.last == nil {
					t.last = &u
				}
			}
		}
	}
	if s.State == cluster.Error && (l.w.story.Isolated || !strings.Contains(s.Message, "more than available")) {
		// An ACCEPT that was to start a shared executor may have been dropped on the way: the next one then
		// counts on it.
		l.w.fail("law 3: the master refuses %s: %s", s.Task, s.Message)
	}
	switch s.State {
	case cluster.Staging, cluster.Starting, cluster.Running:
		if !l.taskBelieved(s.Task) {
			l.turn.orphans = append(l.turn.orphans, s.Task)
		}
	}
}

// readable says that a report was not damaged on its way.
func readable(data []byte) bool {
	if len(data) == 0 {
		return true
	}
	_, err := task.Decode[task.Report](data)
	return err == nil
}

// turnEnds checks what must hold between two turns.
func (l *laws) turnEnds(p *process) {
	for _, task := range l.turn.orphans {
		t := l.task(task)
		if l.taskBelieved(task) || t.killer == p.number && l.w.now.Sub(t.killed) < 3*time.Minute {
			continue
		}
		l.w.fail("law 4: %s runs, nobody believes in it, and it is not killed", task)
	}
	s := p.core.Snapshot()
	if n := p.packer.Offers(); n > 0 && s.Connected {
		l.w.fail("law 8: %d offers are neither used nor declined after a pass", n)
	}
	live := 0
	for _, x := range s.Sweeps {
		c := x.Counts
		if c.Waiting+c.Launched+c.Running+c.Succeeded+c.Failed+c.Stopped+c.Cached != c.Total {
			l.w.fail("law 1: the counts of %s do not add up: %+v", x.ID, c)
		}
		live += c.Launched + c.Running
		if x.Then == sweep.Launched || x.Then == sweep.Running {
			live++
		}
	}
	l.read(p, false)
	if why := l.w.story.Sharing.broken(s); why != "" {
		l.w.fail("law 3: %s", why)
	}
	if l.w.story.guarantees() {
		l.guaranteed(l.w.story.below(s, p.core.Shares()))
	}
	if live != s.Live {
		l.w.fail("law 4: %d attempts are believed alive, %d trials run", s.Live, live)
	}
}

// guaranteed checks that a queue is not below its guarantee for longer than it takes to end others for it.
func (l *laws) guaranteed(below bool) {
	switch {
	case !below:
		l.below = time.Time{}
	case l.below.IsZero():
		l.below = l.w.now
	case l.w.now.Sub(l.below) > owedWithin:
		l.w.fail("law 3: a queue is below its guarantee for %v, and others have more than theirs", l.w.now.Sub(l.below))
	}
}

// noticed sees what the process is told.
func (l *laws) noticed(p *process, n scheduler.Notice) {
	switch n := n.(type) {
	case scheduler.Recorded:
		s := l.sweep(n.Record.Sweep)
		if n.Number > s.records {
			l.w.fail("law 5: record %d of %s is told before it is durable", n.Number, n.Record.Sweep)
			return
		}
		if want := &s.all[n.Number-1]; !sameRecord(want, &n.Record) {
			l.w.fail("law 5: record %d of %s is told as %+v, durable is %+v", n.Number, n.Record.Sweep, n.Record, *want)
		}
	case scheduler.SweepEnded:
		l.w.log("sweep %s has ended: %s, %s", n.Sweep, n.Phase, n.Reason)
		if c := n.Counts; c.Waiting+c.Launched+c.Running > 0 {
			l.w.fail("law 1: sweep %s ended with %+v", n.Sweep, c)
		}
	case scheduler.SweepExtended:
		if broken := l.sweep(n.Sweep).growth.told(&n); broken != "" {
			l.w.fail("law 5: %s", broken)
		}
	case scheduler.Anomaly:
		l.w.log("anomaly: %s %s %v", n.Message, n.Task, n.Err)
	case scheduler.NeverStarted:
		l.w.log("trials %d to %d of %s never start: %s", n.From, n.To-1, n.Sweep, n.Reason)
		for t := n.From; t < n.To; t++ {
			if l.sweep(n.Sweep).trials[t].Attempt > 0 {
				l.w.fail("law 1: trial %d of %s is said never to have started", t, n.Sweep)
			}
		}
	}
}
