package repair

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/sweep"
)

// results writes anew what the results lack and the journal knows.
func (m *mender) results(
	ctx context.Context, spec *sweep.Spec, board *board.Board, damage []store.Damage,
) error {
	if manifest.SpecHash(m.source) != manifest.SpecHash(m.entry.Source) {
		if err := m.replace(ctx, results.SpecFile, func() error {
			return m.bucket.Put(ctx, results.ObjectName(m.id, results.SpecFile), bytes.NewReader(m.entry.Source))
		}); err != nil {
			return err
		}
	}
	if err := m.restore(spec, board); err != nil {
		return err
	}
	if err := m.batches(ctx, spec, board, damage); err != nil {
		return err
	}
	if err := m.winner(ctx, board); err != nil {
		return err
	}
	if m.knownErr == nil && m.known.SpecHash == manifest.SpecHash(m.entry.Source) && m.known.Trials == spec.Trials &&
		m.known.Seed == spec.Seed {
		return nil
	}
	file := manifest.Of(m.id, spec, m.entry.Submitted, cmp.Or(m.known.Cluster, "local"), nil)
	if len(m.entry.Extensions) > 0 {
		file.Overrides = manifest.Overrides(m.entry.Overrides).Redacted(spec)
		manifest.Extend(&file, spec, m.entry.Extensions)
	}
	file.Kaon, file.Git, file.Runs = m.known.Kaon, m.known.Git, m.known.Runs
	file.Work, file.Pruned = m.known.Work, m.known.Pruned
	file.Owner, file.Labels, file.Archived = m.known.Owner, m.known.Labels, m.known.Archived
	if m.knownErr != nil {
		m.Lost = append(m.Lost, lostRuns)
	}
	if spec.Then.Step() {
		step := board.Step()
		file.Then = &step
	}
	if m.entry.Phase.Ended() {
		file.State, file.Sentence, file.Closed = string(m.entry.Phase), m.entry.Reason, m.entry.Reason
		file.Finished = m.entry.Ended.UTC().Format(time.RFC3339Nano)
	}
	return m.replace(ctx, results.SweepFile, func() error { return store.WriteSweep(ctx, m.bucket, file) })
}

// winner writes winner.json and board.json of a sweep that has ended anew when they are damaged or gone.
func (m *mender) winner(ctx context.Context, board *board.Board) error {
	if !m.entry.Phase.Ended() {
		return nil
	}
	unread := func(err error) bool {
		return errors.Is(err, store.ErrDamaged) || errors.Is(err, bucket.ErrNotExist)
	}
	if _, err := store.ReadBoard(ctx, m.bucket, m.id); unread(err) {
		if err := m.replace(ctx, results.BoardFile,
			func() error { return store.WriteBoard(ctx, m.bucket, board.Summary()) }); err != nil {
			return err
		}
	}
	w, ok := board.Winner()
	if _, err := store.ReadWinner(ctx, m.bucket, m.id); !ok || !unread(err) {
		return nil
	}
	w.SpecHash, w.Created = manifest.SpecHash(m.entry.Source), m.entry.Ended.UTC().Format(time.RFC3339Nano)
	return m.replace(ctx, results.WinnerFile, func() error { return store.WriteWinner(ctx, m.bucket, w) })
}

// restore makes records of trials that have ended by the journal and not by the board, which has them
// afterwards.
func (m *mender) restore(spec *sweep.Spec, board *board.Board) (err error) {
	var point func(trial int) (json.RawMessage, uint64)
	brought, lost := format.Sentences{}, format.Sentences{}
	for _, r := range m.fresh {
		brought.Add(r.Trial, "what %s reported, from what is whole of the journal")
	}
	for _, t := range journal.EndedTrials(*m.entry, m.trials, spec.Trials) {
		if board.Has(t.Trial, t.Attempt) {
			continue
		}
		end := &results.End{State: sweep.Outcome(t.State.String()), Final: true, Reason: t.Reason}
		if point == nil { // only now: a search may take its time
			if point, err = m.points(spec); err != nil && !m.salvaged {
				return err
			} else if err != nil { // what a search had been told is in the holes
				lost.Add(t.Trial, "how %s ended, and with what")
				point = nil
				continue
			}
		}
		end.Params, end.Seed = point(t.Trial)
		r := results.Record{Sweep: m.id, Trial: t.Trial, Attempt: t.Attempt, End: end}
		value, known := t.Value.Reduced(spec.Objective.Reduce)
		if m.entry.Phase.Ended() && t.Trial == m.entry.BestTrial {
			value, known = m.entry.Best, true
		}
		switch {
		case known:
			r.Points = []results.Point{{Metrics: map[string]float64{spec.Objective.Name: value}}}
			r.First = board.Points(t.Trial, t.Attempt)
			end.Points = r.First + 1
			brought.Add(t.Trial, "%s: "+string(end.State)+", with the value of "+spec.Objective.Name)
			lost.Add(t.Trial, "what else %s reported, and what is known of files")
		default:
			brought.Add(t.Trial, "%s: "+string(end.State))
			lost.Add(t.Trial, "what %s reported")
		}
		if err := board.Fold(r); err != nil {
			return err
		}
		m.fresh = append(m.fresh, r)
	}
	m.Brought, m.Lost = append(m.Brought, brought.All()...), append(m.Lost, lost.All()...)
	return nil
}

// batches puts damaged batches aside, records in their places, and the board of what there is beside them.
func (m *mender) batches(
	ctx context.Context, spec *sweep.Spec, board *board.Board, damage []store.Damage,
) error {
	restored := m.fresh
	if len(damage) == 0 && len(restored) == 0 {
		return nil
	}
	for _, d := range damage {
		m.Lost = append(m.Lost, fmt.Sprintf("what was in %s only: %v", d.Object, d.Err))
	}
	aside, err := store.Repair(ctx, m.bucket, m.id, damage, restored, m.label)
	m.Aside = append(m.Aside, aside...)
	if err != nil {
		return err
	}
	if _, err := m.bucket.Stat(ctx, results.ObjectName(m.id, results.BoardFile)); err != nil {
		return nil // none was written
	}
	return m.replace(ctx, results.BoardFile,
		func() error { return store.WriteBoard(ctx, m.bucket, board.Summary()) })
}
