package simtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// process is one life of the scheduler's process: the real core and packer, the boards, and what the loop
// around them does, in the loop's order: journal, calls, notices. It dies and another is made from the
// journal.
type process struct {
	w         *world
	number    int
	core      *scheduler.Core
	packer    *packer
	journal   journal.Journal
	boards    map[string]*board.Board
	writers   map[string]*writer
	inbox     []input
	planned   time.Time // of the next turn; zero: none
	dead      bool
	mutations mutationState
}

// input is an event of the cluster or a command.
type input struct {
	event   cluster.Event
	command scheduler.Command
}

// buildAMD64 is the executor's program for agents that say they are of that architecture.
const buildAMD64 = "kaon-amd64"

// sweepID names the sweeps of a run.
func sweepID(i int) string { return fmt.Sprintf("s%d", i) }

// parseSpec reads the story's spec as `kaon run` does.
func parseSpec(src []byte, seed uint64) (*sweep.Spec, error) {
	return sweep.Parse("sweep.yaml", src, sweep.WithSeed(seed))
}

// launchScheduler starts a process, unless one runs, and again later when it cannot start.
func (w *world) launchScheduler() {
	if w.process != nil {
		return
	}
	w.lives++
	p := &process{w: w, number: w.lives, boards: map[string]*board.Board{}, writers: map[string]*writer{}}
	w.log("scheduler starts (life %d)", p.number)
	if w.bucket.isDown() {
		w.log("it cannot read the bucket")
		w.after(w.between(time.Second, 5*time.Second), w.launchScheduler)
		return
	}
	if err := p.open(); err != nil {
		w.fail("start the scheduler: %v", err)
		return
	}
	w.process = p
	w.laws.born(p)
	w.driver.connect(p)
	p.carryOut(p.core.Ready())
	if w.process != p {
		return
	}
	w.laws.rebuilt(p)
	for i := range w.story.Sweeps {
		if !w.laws.submitted(sweepID(i)) { // whoever submitted got no answer, and tries again
			sub := w.story.Sharing.submission(sweepID(i), w.specs.first)
			if wait := w.story.Sharing.late(sub.ID, w.now.Sub(w.begin)); wait > 0 {
				w.after(wait, func() { p.do(sub) })
				continue
			}
			p.do(sub)
		}
	}
	p.planTurn(0)
}

// open restores the core, and the boards from the bucket.
func (p *process) open() error {
	w := p.w
	var err error
	if p.journal, err = w.disk.open(); err != nil {
		return err
	}
	for i := range w.story.Sweeps {
		id := sweepID(i)
		board, _, err := store.LoadRecords(context.Background(), &w.bucket.real, w.boardConfig(id))
		if err != nil {
			return err
		}
		p.boards[id], p.writers[id] = board, newWriter(p, id)
	}
	p.packer = &packer{Index: offers.NewIndex(), w: w}
	p.core, err = scheduler.Restore(p.clock(), p.config(), w.mutation.read(p.journal.Load()))
	return err
}

func (w *world) boardConfig(id string) board.Config {
	spec := w.laws.sweep(id).growth.spec
	return board.Config{Sweep: id, Trials: spec.Trials, Objective: spec.Objective, Metrics: spec.Metrics,
		Repeat: spec.Repeat}
}

func (p *process) config() scheduler.Config {
	w := p.w
	return scheduler.Config{
		Packer:         p.packer,
		PartitionGrace: w.mutation.grace(&w.story),
		PointUpdates:   w.story.pointUpdates(),
		ReviveEvery:    time.Second,
		Queues:         w.story.Sharing.queues(),
		Executor: scheduler.ExecutorTemplate{
			Argv: []string{"kaon", "executor"}, Isolated: w.story.Isolated,
			Builds:   map[string]scheduler.Build{"amd64": {Argv: []string{buildAMD64, "executor"}}},
			Overhead: resource.Resources{CPUs: 100, Mem: 32 * resource.Unit},
		},
		Builder: w.earlier.builder,
		Cached:  w.earlier.find,
		Values:  p.values,
		Search: func(spec *sweep.Spec) (search.Method, error) {
			made, err := search.New(spec)
			if err != nil || !w.story.Learns {
				return made, err
			}
			return &learner{Method: made}, nil
		},
		Parse: func(e journal.SweepEntry) (*sweep.Spec, error) {
			if string(e.Source) != string(w.specs.first.Source) || e.Seed != w.specs.first.Seed {
				return nil, fmt.Errorf("the journal has another spec")
			}
			return w.specs.of(&e)
		},
	}
}

// values is what the objective was at the end of each trial, as the board has it.
func (p *process) values(id string) iter.Seq2[int, sweep.Series] {
	return func(yield func(int, sweep.Series) bool) {
		for t := range p.boards[id].Trials(board.Query{}) {
			var value sweep.Series
			if !t.State.Terminal() || t.Value == nil {
				continue
			}
			if value.Add(float64(*t.Value)); !yield(t.Trial, value) {
				return
			}
		}
	}
}

// packer is the real index, watched.
type packer struct {
	*offers.Index
	w *world
}

// Rescind implements scheduler.Packer.
func (x *packer) Rescind(id offers.OfferID) bool {
	if x.w.mutation == UseRescinded {
		return false
	}
	return x.Index.Rescind(id)
}

// clock is the time as the process sees it.
func (p *process) clock() time.Time { return p.w.now.Add(p.w.skew) }

// deliver hands an event to the process, in order.
func (p *process) deliver(ev cluster.Event) { p.put(input{event: ev}) }

// do hands a command to the process, which may cause it itself.
func (p *process) do(cmd scheduler.Command) { p.put(input{command: cmd}) }

func (p *process) put(in input) {
	if p.dead {
		return
	}
	p.inbox = append(p.inbox, in)
	p.planTurn(p.w.between(200*time.Microsecond, 3*time.Millisecond))
}

// planTurn has a turn happen within a time.
func (p *process) planTurn(wait time.Duration) {
	at := p.w.now.Add(wait)
	if stall := p.w.slow.process; at.Before(stall) {
		at = stall
	}
	if !p.planned.IsZero() && !at.Before(p.planned) {
		return
	}
	p.planned = at
	p.w.queue.Set(at, func(time.Time) {
		if !p.dead && p.planned.Equal(at) {
			p.planned = time.Time{}
			p.turn()
		}
	})
}

// turn is one round of the loop.
func (p *process) turn() {
	w := p.w
	if w.now.Before(w.slow.process) {
		p.planTurn(w.slow.process.Sub(w.now))
		return
	}
	inputs := p.inbox
	p.inbox = nil
	w.laws.turnBegins(p)
	p.strayWinner()
	for _, in := range inputs {
		p.step(in)
	}
	p.carryOut(p.core.Turn(p.clock()))
	if p.dead || w.failure != "" {
		return
	}
	w.laws.turnEnds(p)
	if len(p.inbox) > 0 {
		p.planTurn(w.between(200*time.Microsecond, 3*time.Millisecond))
		return
	}
	if due := p.core.Due(); !due.IsZero() {
		p.planTurn(min(max(due.Sub(p.clock()), 0), time.Hour))
	}
}

// step gives the core one event or command.
func (p *process) step(in input) {
	if in.command != nil {
		if retry, ok := in.command.(scheduler.Retry); ok {
			p.w.log("the user retries %s", retry.Sweep)
		}
		p.core.Do(p.clock(), in.command)
		return
	}
	p.w.laws.stepping(in.event)
	p.core.Step(p.clock(), p.mutations.incoming(p.w.mutation, in.event))
}

// carryOut does what is ready, or dies on the way when a fault says so.
func (p *process) carryOut(r scheduler.Ready) {
	w := p.w
	if !r.Empty() {
		w.mixReady(r)
	}
	r.Calls = slices.DeleteFunc(r.Calls, func(c cluster.Call) bool {
		now := w.mutation.skipsJournal(c)
		if now {
			p.post(c)
		}
		return now
	})
	if err := r.CarryOut(&effects{p: p, ready: r}); errors.Is(err, errDies) {
		p.die()
	} else if err != nil {
		w.fail("carry out what is ready: %v", err)
	}
}

// post sends one call.
func (p *process) post(c cluster.Call) {
	if p.mutations.swallowed(p, c) {
		return
	}
	p.w.laws.sending(p, c)
	p.w.driver.post(c)
}

// die ends the process; someone starts it again.
func (p *process) die() {
	w := p.w
	if p.dead {
		return
	}
	w.log("scheduler dies")
	p.dead = true
	w.process = nil
	w.disk.closed()
	w.driver.disconnect()
	w.after(w.between(50*time.Millisecond, 8*time.Second), w.launchScheduler)
}

// hear is the listener: the board, the writer, and the answer to Select, as `kaon run` has them.
func (p *process) hear(n scheduler.Notice) {
	p.w.laws.noticed(p, n)
	switch n := n.(type) {
	case scheduler.Recorded:
		board := p.boards[n.Record.Sweep]
		if board == nil {
			p.w.fail("law 1: a record of the unknown sweep %q", n.Record.Sweep)
			return
		}
		if err := board.Fold(n.Record); err != nil {
			p.w.fail("law 1: the board refuses a record: %v", err)
			return
		}
		p.writers[n.Record.Sweep].add(n.Number, n.Record)
	case scheduler.SweepExtended:
		p.boards[n.Sweep].Extend(n.Spec.Trials)
	case scheduler.Select:
		p.choose(n.Sweep)
	case scheduler.FrameworkRejected:
		p.w.fail("the master bars the framework: %v", n.Err)
	}
}

// choose answers with the winner as the board has it.
func (p *process) choose(id string) {
	winner, ok := p.boards[id].Winner()
	if !ok {
		p.do(scheduler.Stop{Sweep: id, Reason: "no winner"})
		return
	}
	manifest, err := json.Marshal(winner)
	if err != nil {
		p.w.fail("encode the winner: %v", err)
		return
	}
	p.do(scheduler.Won{Sweep: id, Winner: journal.AttemptRef{Trial: winner.Trial, Attempt: winner.Attempt},
		Manifest: manifest, Params: winner.Params})
}
