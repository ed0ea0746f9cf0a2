package server

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/control"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Extend goes on with a sweep, running or ended, by what is set on top of its spec: more trials, another space
// or method for those that have not begun, other limits. It returns when the journal has that.
func (s *Server) Extend(ctx context.Context, id string, set []string) (*Sweep, error) {
	sw, done, err := s.alone(ctx, id)
	if err != nil {
		return nil, err
	}
	defer done()
	switch {
	case len(set) == 0:
		return nil, usage(fmt.Errorf("extend sweep %s: nothing is to change: say what, as in --set run_cap=%d", id,
			2*sw.Spec().Trials))
	case sw.broken != nil:
		return nil, classify(sw.broken)
	}
	for _, one := range set {
		if key, _, _ := strings.Cut(one, "="); strings.TrimSpace(key) == "seed" {
			return nil, usage(fmt.Errorf("--set %s: the seed of a sweep that has begun cannot change: leave it "+
				"out, or run a "+
				"new sweep", one))
		}
	}
	st, err := sw.Status(ctx)
	if err != nil {
		return nil, classify(err)
	}
	if st.Phase.Ended() {
		if err := sw.takesEnd(ctx); err != nil {
			return nil, err
		}
	}
	next, err := sw.withSet(set)
	if err != nil {
		return nil, usage(err)
	}
	if err := s.checkQueue(next.InQueue()); err != nil {
		return nil, usage(err)
	}
	command := scheduler.Extend{Sweep: id, Spec: next, Overrides: set}
	if err := s.loop.Check(ctx, command); err != nil {
		return nil, usage(err)
	}
	if err := sw.goOn(ctx, st, "", command); err != nil {
		return nil, classify(err)
	}
	sw.note(context.WithoutCancel(ctx), func(known *store.Sweep) bool {
		manifest.Extend(known, sw.Spec(), sw.extended())
		return true
	})
	return sw, nil
}

// withSet is the sweep's spec as its file gives it with further changes. What checking it costs has bounds, but for
// a sweep that was accepted before there were these.
func (sw *Sweep) withSet(set []string) (*sweep.Spec, error) {
	spec := sw.Spec()
	options := []sweep.Option{sweep.WithSet(spec.Overrides...), sweep.WithSeed(spec.Seed),
		state.WithFilesBeside(spec.File)}
	if state.IsForeign(sw.staging.Owner) {
		options = append(options, sweep.WithFiles(nil))
	}
	if sw.winner != nil {
		options = append(options, sweep.WithWinner())
	}
	changed := append(slices.Clip(options), sweep.WithSet(set...))
	next, err := sweep.Parse(spec.File, spec.Source, changed...)
	if err == nil {
		return next, nil
	}
	if _, refused := sweep.Parse(spec.File, spec.Source, options...); refused == nil {
		return nil, err
	}
	return sweep.Parse(spec.File, spec.Source, append(changed, sweep.WithAccepted())...)
}

// onSweepExtended goes on with the new spec. It is called by the loop before any record of it.
func (sw *Sweep) onSweepExtended(n scheduler.SweepExtended) {
	sw.spec.Store(n.Spec)
	sw.mu.Lock()
	sw.mu.extended = n.Extensions
	sw.mu.board.Extend(n.Spec.Trials)
	sw.mu.Unlock()
	last := n.Extensions[len(n.Extensions)-1]
	sw.say("extended by %s: %s in all", strings.Join(manifest.Overrides(last.Overrides).Redacted(n.Spec), ", "),
		format.Plural(n.Spec.Trials, "trial"))
}

// ExtendSweep is Extend for who asks over the control socket.
func (s *Server) ExtendSweep(ctx context.Context, id string, set []string) (control.Extended, error) {
	sw, err := s.Extend(ctx, id, set)
	if err != nil {
		return control.Extended{}, err
	}
	all := sw.extended()
	return control.Extended{Trials: sw.Spec().Trials, From: all[len(all)-1].From}, nil
}

// values is what the objective was at the end of each trial of which the board knows it.
func (sw *Sweep) values() iter.Seq2[int, sweep.Series] {
	return func(yield func(int, sweep.Series) bool) {
		sw.mu.Lock()
		defer sw.mu.Unlock()
		for t := range sw.mu.board.Trials(board.Query{}) {
			if !t.State.Terminal() || t.Value == nil {
				continue
			}
			var value sweep.Series
			value.Add(float64(*t.Value))
			if !yield(t.Trial, value) {
				return
			}
		}
	}
}
