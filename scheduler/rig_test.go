package scheduler

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// rig puts a core, a memory journal and a world together, in virtual time, and checks the laws after every step.
type rig struct {
	core   *Core
	mem    *journal.Memory
	world  *world
	now    time.Time
	spec   testSpec
	ended  *SweepEnded
	hash   uint64 // of all that was ever Ready
	faults []string

	records   map[uint64]string // what each record number said, journaled
	heard     map[uint64]string // what each record number said, noticed
	points    map[string]map[uint64]int
	ends      map[string]int           // attempts whose end is journaled, and with how many points
	outcomes  map[string]sweep.Outcome // how
	finals    map[int]int
	winner    journal.AttemptRef // journaled
	unstarted map[int]int
	parted    map[cluster.TaskID]time.Time // when it was first seen out of reach
	corrupted map[cluster.TaskID]int
	through   uint64 // highest record number heard
}

func newRig(spec testSpec, agents int, cpus resource.Milli) *rig {
	r := &rig{
		mem: &journal.Memory{}, world: newWorld(agents, cpus), spec: spec,
		now:     time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		records: map[uint64]string{}, heard: map[uint64]string{}, points: map[string]map[uint64]int{},
		ends: map[string]int{}, outcomes: map[string]sweep.Outcome{}, finals: map[int]int{}, unstarted: map[int]int{},
		parted: map[cluster.TaskID]time.Time{}, corrupted: map[cluster.TaskID]int{},
	}
	r.core = NewCore(testConfig())
	r.do(Submit{ID: "s", Spec: spec.spec()})
	r.carryOut(-1)
	return r
}

func (r *rig) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *rig) step(ev cluster.Event) { r.core.Step(r.now, ev) }
func (r *rig) do(cmd Command)        { r.core.Do(r.now, cmd) }

// carryOut does what is Ready, or crashes on the way: at 0 before the journal, at 1 before any call, at 1+n before
// call n, later before the notices. A negative number does not crash.
func (r *rig) carryOut(crash int) {
	ready := r.core.Ready()
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", r.hash, describe(ready))
	r.hash = h.Sum64()
	if crash == 0 {
		r.restart()
		return
	}
	if err := r.mem.Append(ready.Journal); err != nil {
		r.fault("append: %v", err)
	}
	for _, e := range ready.Journal {
		r.journaled(e)
	}
	for i, c := range ready.Calls {
		if crash == 1+i {
			r.restart()
			return
		}
		r.visible(c)
		r.world.handle(c)
	}
	for _, f := range r.world.faults {
		r.fault("%s", f)
	}
	r.world.faults = nil
	if crash > 0 {
		r.restart()
		return
	}
	for _, n := range ready.Notices {
		r.notice(n)
	}
	r.oneAlive()
}

// restart loses the process and starts another from the journal.
func (r *rig) restart() {
	core, err := Restore(r.now, testConfig(), r.mem.Load())
	if err != nil {
		r.fault("restore: %v", err)
		return
	}
	r.core = core
	r.carryOut(-1)
	r.step(cluster.Disconnected{})
	r.world.subscribe()
}

// describe prints a Ready with everything in it, pointers excepted.
func describe(r Ready) string {
	var b strings.Builder
	for _, e := range r.Journal {
		if rec, ok := e.(journal.RecordEntry); ok {
			fmt.Fprintf(&b, "%d %s;", rec.Number, recorded(rec.Record))
			continue
		}
		fmt.Fprintf(&b, "%T%v;", e, e)
	}
	for _, c := range r.Calls {
		fmt.Fprintf(&b, "%T%v;", c, c)
	}
	for _, n := range r.Notices {
		switch n := n.(type) {
		case SweepStarted:
			n.Spec = nil
			fmt.Fprintf(&b, "%T%v;", n, n)
		case Recorded:
			fmt.Fprintf(&b, "%d;", n.Number)
		case ThenReported:
			fmt.Fprintf(&b, "%s;", recorded(n.Record))
		case PassDone:
			fmt.Fprintf(&b, "%d %d;", n.Launched, n.Declined)
		default:
			fmt.Fprintf(&b, "%T%v;", n, n)
		}
	}
	return b.String()
}

func recorded(r results.Record) string {
	end := r.End
	r.End = nil
	return fmt.Sprintf("%v %v", r, end)
}

func key(trial, attempt int) string { return fmt.Sprintf("%d.%d", trial, attempt) }

// journaled takes note of what is durable; law 2: no point is in two records.
func (r *rig) journaled(e journal.Entry) {
	if e, ok := e.(journal.SweepEntry); ok && e.Winner != r.winner {
		r.winner, r.finals[ThenTrial] = e.Winner, 0 // the step runs with that one, again if it has run
	}
	rec, ok := e.(journal.RecordEntry)
	if !ok {
		return
	}
	said := recorded(rec.Record)
	if old, there := r.records[rec.Number]; there && old != said {
		r.fault("law 2: record %d was %s, now %s", rec.Number, old, said)
	}
	r.records[rec.Number] = said
	k := key(rec.Record.Trial, rec.Record.Attempt)
	if r.points[k] == nil {
		r.points[k] = map[uint64]int{}
	}
	for i := range rec.Record.Points {
		n := rec.Record.First + uint64(i)
		if r.points[k][n]++; r.points[k][n] > 1 {
			r.fault("law 2: point %d of attempt %s is in two records", n, k)
		}
	}
	if end := rec.Record.End; end != nil {
		if _, twice := r.ends[k]; twice {
			r.fault("law 1: attempt %s ended twice", k)
		}
		r.ends[k], r.outcomes[k] = int(end.Points), end.State
		if len(r.points[k]) != int(end.Points) {
			r.fault("law 2: attempt %s has %d points on record, its end says %d", k, len(r.points[k]), end.Points)
		}
		if end.Final {
			r.finals[rec.Record.Trial]++
		}
	}
}

// visible checks law 5: what a call claims is in the journal.
func (r *rig) visible(c cluster.Call) {
	switch c := c.(type) {
	case cluster.Acknowledge:
		_, trial, number, _ := c.Task.Parse()
		k := key(trial, number)
		t := r.world.tasks[c.Task]
		if _, over := r.ends[k]; over || t == nil || len(t.queue) == 0 || string(t.queue[0].UUID) != string(c.UUID) {
			return
		}
		if phase, e := r.kept(trial); phase == "" || phase.Ended() || e.Attempt != number {
			return // not an attempt that counts
		}
		report, err := task.Decode[task.Report](t.queue[0].Data)
		if err != nil {
			r.fault("decode: %v", err)
		}
		if report.End != nil {
			r.fault("law 5: %s: the end is acknowledged but not journaled", c.Task)
		}
		for i := range report.Points {
			if r.points[k][report.First+uint64(i)] == 0 {
				r.fault("law 5: %s: point %d is acknowledged but not journaled", c.Task, report.First+uint64(i))
			}
		}
	case cluster.Accept:
		if arch, foreign := r.core.health.Foreign[c.Agent]; foreign {
			r.fault("law 3: %d tasks are launched on %s, known to be %q", len(c.Tasks), c.Agent, arch)
		}
		for _, t := range c.Tasks {
			_, trial, number, _ := t.ID.Parse()
			_, e := r.kept(trial)
			if e.Attempt != number || e.State != sweep.Launched {
				r.fault("law 5: %s is launched, the journal says %v", t.ID, e)
			}
		}
	}
}

// kept is what the journal holds of the sweep and of one trial.
func (r *rig) kept(trial int) (phase sweep.Phase, e journal.TrialEntry) {
	for entry := range r.mem.Load() {
		switch entry := entry.(type) {
		case journal.SweepEntry:
			phase = entry.Phase
		case journal.TrialEntry:
			if entry.Trial == trial {
				e = entry
			}
		}
	}
	return phase, e
}

func (r *rig) notice(n Notice) {
	switch n := n.(type) {
	case Recorded:
		said := recorded(n.Record)
		if r.records[n.Number] != said {
			r.fault("law 5: record %d noticed as %s, journaled as %s", n.Number, said, r.records[n.Number])
		}
		r.heard[n.Number] = said
		r.through = max(r.through, n.Number)
	case NeverStarted:
		for t := n.From; t < n.To; t++ {
			r.unstarted[t]++
		}
	case SweepEnded:
		r.ended = &n
	}
}

// oneAlive checks law 4: of two running tasks of a trial the older had been out of reach for the partition grace.
func (r *rig) oneAlive() {
	newest := map[int]int{}
	for _, t := range r.world.tasks {
		if _, known := r.parted[t.id]; t.agent.away && !known {
			r.parted[t.id] = r.now
		}
		newest[t.order.Trial] = max(newest[t.order.Trial], t.order.Attempt)
	}
	for _, t := range r.world.tasks {
		since, away := r.parted[t.id]
		if !t.ended && t.order.Attempt < newest[t.order.Trial] && (!away || r.now.Sub(since) < defaultPartitionGrace) {
			r.fault("law 4: %s runs beside attempt %d", t.id, newest[t.order.Trial])
		}
	}
	for id, n := range r.world.uses {
		if n > 1 {
			r.fault("law 3: offer %s used %d times", id, n)
		}
	}
	run := r.core.runs["s"]
	c := run.Counts()
	if c.Waiting+c.Launched+c.Running+c.Succeeded+c.Failed+c.Stopped+c.Cached != c.Total {
		r.fault("law 1: counts do not add up: %+v", c)
	}
	if c.Launched+c.Running+b2i(run.live[ThenTrial] != nil) != len(run.live) {
		r.fault("law 4: %d live attempts, counts %+v", len(run.live), c)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// heal ends all faults and lets the sweep come to its end.
func (r *rig) heal() {
	for _, a := range r.world.agents {
		r.world.meet(a)
	}
	r.do(Resume{Sweep: "s"})
	r.step(cluster.Disconnected{})
	r.world.subscribe()
	for range 3000 {
		if r.ended != nil && len(r.world.events) == 0 && len(r.world.unacknowledged()) == 0 {
			break
		}
		for len(r.world.events) > 0 {
			r.deliver()
		}
		for _, t := range r.world.sorted() {
			if run := r.core.runs["s"]; t.order.Attempt == run.lastAttempt(t.order.Trial) {
				r.world.work(t) // others never end by themselves, and have to be killed
			}
		}
		for _, s := range r.world.unacknowledged() {
			r.world.emit(cluster.Updated{Status: s})
		}
		r.world.offerAll()
		r.now = r.now.Add(5 * time.Second)
		r.core.Tick(r.now)
		if run := r.core.runs["s"]; run.entry.Phase == sweep.PhaseSelecting {
			r.won(max(run.bestTrial, 0))
		}
		r.core.Pack(r.now)
		r.carryOut(-1)
	}
	r.final()
}

// deliver hands the oldest event to the core.
func (r *rig) deliver() {
	ev := r.world.events[0]
	r.world.events = r.world.events[1:]
	r.step(ev)
}

func (w *world) unacknowledged() (all []cluster.Status) {
	for _, t := range w.sorted() {
		if len(t.queue) > 0 && !t.agent.away {
			all = append(all, t.queue[0])
		}
	}
	return all
}

// won is the answer to Select, with any trial for a winner.
func (r *rig) won(trial int) {
	w := journal.AttemptRef{Trial: trial, Attempt: max(r.core.runs["s"].lastAttempt(trial), 1)}
	r.do(Won{Sweep: "s", Winner: w, Manifest: []byte(`{}`), Params: []byte(`{"x":0}`)})
}

// final checks what must hold at the end.
func (r *rig) final() {
	if r.ended == nil {
		r.fault("law 1: the sweep never ended: %+v", r.core.runs["s"].Counts())
		return
	}
	c := r.ended.Counts
	if c.Waiting+c.Launched+c.Running != 0 {
		r.fault("law 1: ended with %+v", c)
	}
	for t := range r.spec.Trials {
		if r.finals[t] != 1 && (r.finals[t] != 0 || r.unstarted[t] == 0) {
			r.fault("law 1: trial %d has %d final records, and %d notices that it never started", t, r.finals[t], r.unstarted[t])
		}
	}
	if n, begun := r.finals[ThenTrial], r.core.runs["s"].lastAttempt(ThenTrial) > 0; n != b2i(begun) {
		r.fault("law 1: the step has %d final records, begun is %v", n, begun)
	}
	if len(r.heard) != len(r.records) {
		r.fault("law 2: %d records journaled, %d heard", len(r.records), len(r.heard))
	}
	for id, t := range r.world.tasks {
		k := key(t.order.Trial, t.order.Attempt)
		if o := r.outcomes[k]; (o == "succeeded" || o == "failed") && r.ends[k] != int(t.points) {
			r.fault("law 2: %s reported %d points, %d are on record", id, t.points, r.ends[k])
		}
		if !t.ended {
			r.fault("%s still runs after the sweep's end", id)
		}
	}
}
