package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
)

// listener hears what the scheduler makes true, in the loop's goroutine: records go to boards and writers,
// and people are told.
func (s *Server) listener() scheduler.Listener {
	return scheduler.Listener{
		All:       s.log,
		Connected: s.onConnected,
		SweepStarted: func(n scheduler.SweepStarted) {
			s.mustHave(n.Sweep).onSweepStarted()
			s.cfg.Heard(n)
		},
		TrialMoved: func(n scheduler.TrialMoved) {
			s.mustHave(n.Sweep).onTrialMoved(n)
			s.cfg.Heard(n)
		},
		SweepExtended: func(n scheduler.SweepExtended) { s.mustHave(n.Sweep).onSweepExtended(n) },
		Recorded: func(n scheduler.Recorded) {
			s.mustHave(n.Record.Sweep).onRecorded(n)
			s.cfg.Heard(n)
		},
		NeverStarted: func(n scheduler.NeverStarted) { s.mustHave(n.Sweep).onNeverStarted(n) },
		ThenReported: func(n scheduler.ThenReported) { s.mustHave(n.Record.Sweep).onThenReported(n.Record) },
		Select:       func(n scheduler.Select) { s.mustHave(n.Sweep).onSelect() },
		SweepEnding: func(n scheduler.SweepEnding) {
			s.mustHave(n.Sweep).say("%s", n.Reason)
			s.cfg.Heard(n)
		},
		SweepEnded: func(n scheduler.SweepEnded) {
			s.mustHave(n.Sweep).onSweepEnded(n)
			s.cfg.Heard(n)
		},
		SweepForgotten: func(n scheduler.SweepForgotten) {
			if sw, known := s.Sweep(n.Sweep); known {
				s.group.Go(crash.Func(func() {
					_, err := sw.Wait(s.ctx)
					if err == nil {
						err = sw.finished(s.ctx, false)
					}
					switch {
					case err == nil: // all that it leaves behind is stored
						_ = s.discard(s.ctx, sw, false) // it is logged
					case s.ctx.Err() == nil:
						s.cfg.Log.Error("a forgotten sweep is kept, as its end is not stored",
							"sweep", sw.id, "err", err)
					}
				}))
			}
		},
		AttemptLost: func(n scheduler.AttemptLost) { s.mustHave(n.Sweep).onAttemptLost(n) },

		AgentAvoided:      s.onAgentAvoided,
		AgentIncompatible: s.onAgentIncompatible,
		PrefetchDisabled:  func(n scheduler.PrefetchDisabled) { s.mustHave(n.Sweep).onPrefetchDisabled(n) },
		PassDone:          s.onPassDone,
	}
}

func (s *Server) say(format string, args ...any) {
	s.notify(Notice{Text: fmt.Sprintf(format, args...)})
}

func (s *Server) onConnected(n scheduler.Connected) {
	s.mu.Lock()
	s.mu.connected = n.Master != ""
	close(s.mu.changed)
	s.mu.changed = make(chan struct{})
	s.mu.Unlock()
	if n.Master == "" && n.Err != nil {
		s.say("lost the master: %v; looking for it again", n.Err)
	}
}

func (s *Server) onAgentAvoided(n scheduler.AgentAvoided) {
	if n.Until.IsZero() {
		s.say("agent %s is trusted again", n.Host)
		return
	}
	s.say("agent %s gets no work until %s: %s", n.Host, n.Until.Format("15:04:05"), n.Reason)
}

// onAgentIncompatible tells of an agent that runs no executor of ours: of each whose machine had to be
// asked, and of the first of an architecture of those that say so, which a cluster may have hundreds of.
func (s *Server) onAgentIncompatible(n scheduler.AgentIncompatible) {
	if n.Architecture == "" {
		s.say("agent %s is of an architecture that no executor is built for, and gets no trials; what helps: %s",
			n.Host, foreignRemedy)
		return
	}
	s.mu.Lock()
	first := !slices.Contains(s.mu.foreign, n.Architecture)
	if first {
		s.mu.foreign = append(s.mu.foreign, n.Architecture)
	}
	s.mu.Unlock()
	if first {
		s.say("agents of architecture %s, such as %s, get no trials, as no executor is built for it; what helps: "+
			"%s",
			n.Architecture, n.Host, foreignRemedy)
	}
}

// onPassDone keeps why trials wait.
func (s *Server) onPassDone(n scheduler.PassDone) {
	var here machine
	if s.cluster.Local {
		here = machineOf(s.cluster.machine)
	}
	why, short, asked := map[string]string{}, map[string]map[string]int{}, map[string][]offers.Demand{}
	for i := range n.Refusals {
		id, r := n.Refusals[i].Sweep, &n.Refusals[i].Refusal
		reasons := r.Reasons()
		why[id] = here.explain(reasons, r.Count, r.Each())
		if short[id] == nil {
			short[id] = map[string]int{}
		}
		short[id][shortage(reasons)] += r.Count
		one := r.Asked()
		one.Count = r.Count
		asked[id] = append(asked[id], one)
	}
	for _, h := range n.Held {
		waits := "wait"
		if h.Trials == 1 {
			waits = "waits"
		}
		line := fmt.Sprintf("%s %s: %s", format.Plural(h.Trials, "trial"), waits, h.Why)
		if before := why[h.Sweep]; before != "" {
			line = before + "; " + line
		}
		why[h.Sweep] = line
	}
	for _, sw := range s.Sweeps() {
		sw.mu.Lock()
		sw.mu.waiting, sw.mu.short, sw.mu.asked = why[sw.id], short[sw.id], asked[sw.id]
		sw.mu.Unlock()
	}
}

// onTrialMoved keeps which attempts this process has launched: others went with the process that did, where
// trials run in it.
func (sw *Sweep) onTrialMoved(n scheduler.TrialMoved) {
	if n.To == sweep.Launched {
		sw.own[n.Trial] = n.Attempt
	}
}

func (sw *Sweep) onRecorded(n scheduler.Recorded) {
	sw.fold(n.Record)
	sw.writer.Add(n.Number, n.Record)
	if n.Record.End != nil && sw.staging.FileServer != nil {
		sw.staging.FileServer.Forget(n.Record.Trial, n.Record.Attempt)
	}
}

// onNeverStarted has the board count what never starts as the scheduler does: no record tells of it.
func (sw *Sweep) onNeverStarted(n scheduler.NeverStarted) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	sw.mu.board.Close(cmp.Or(n.Reason, "the sweep ended"))
}

// onThenReported tells what the `then` step reported.
func (sw *Sweep) onThenReported(r results.Record) {
	for _, line := range sw.news.lines(r, time.Now()) {
		sw.say("%s", line)
	}
}

// onSelect answers with the winner as the board has it: every record of the sweep came before this notice.
func (sw *Sweep) onSelect() {
	later := sw.server.loop.Enqueue
	sw.mu.Lock()
	winner, ok := sw.mu.board.Winner()
	sw.mu.Unlock()
	if !ok {
		later(scheduler.Stop{Sweep: sw.id,
			Reason: "no trial has a finite value, so there is no winner for the `then` step"})
		return
	}
	manifest, err := json.MarshalIndent(winner, "", "  ")
	if err != nil {
		later(scheduler.Stop{Sweep: sw.id, Reason: fmt.Sprintf("the winner's manifest cannot be written: %v", err)})
		return
	}
	later(scheduler.Won{
		Sweep: sw.id, Winner: journal.AttemptRef{Trial: winner.Trial,
			Attempt: winner.Attempt}, Manifest: manifest, Params: winner.Params,
	})
}

func (sw *Sweep) onPrefetchDisabled(n scheduler.PrefetchDisabled) {
	sw.say("agents do not bring code and inputs to trials (last: %s): from here on each trial fetches its "+
		"own, which takes longer; "+
		"what helps: a longer --executor_registration_timeout of the agents, or `isolation: shared`", n.Reason)
}

func (sw *Sweep) onAttemptLost(n scheduler.AttemptLost) {
	before := sw.server.cluster.Local && sw.own[n.Trial] != n.Attempt
	if line := sw.losses.lost(n, before); line != "" {
		sw.say("%s", line)
	}
}
