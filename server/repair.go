package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/study"
	"github.com/kaon-sweep/kaon/sweep"
)

// Repaired is what Repair did. Its JSON is what `kaon repair --json` prints: a contract for scripts.
type Repaired struct {
	Sweep   string   `json:"sweep"`
	Brought []string `json:"brought_back"`
	Lost    []string `json:"lost"`
	Aside   []string `json:"kept_aside"` // damaged files, under their new names
}

// Repair rebuilds a sweep's journal from its results, or writes anew what the results lack and the journal
// knows. What was damaged is kept under another name; nothing is deleted. No process may run the sweep
// meanwhile.
func Repair(ctx context.Context, bucket bucket.Bucket, id, folder string) (Repaired, error) {
	m := mender{bucket: bucket, id: id, state: folder, label: time.Now().UTC().Format("20060102T150405Z")}
	m.Sweep, m.Brought, m.Lost, m.Aside = id, []string{}, []string{}, []string{}
	err := m.mend(ctx)
	return m.Repaired, err
}

// lostRuns is what only sweep.json says.
const lostRuns = "which commands, by which kaon, worked on the sweep"

// mender mends one sweep.
type mender struct {
	Repaired
	bucket bucket.Bucket
	id     string
	state  string
	label  string // in the names of what is kept aside

	known    store.Sweep
	knownErr error
	source   []byte
	entry    *journal.SweepEntry // as the journal has it; nil: it does not
	trials   []journal.TrialEntry
	records  []results.Record
}

func (m *mender) path() string { return filepath.Join(m.state, JournalFile) }

func (m *mender) mend(ctx context.Context) error {
	whole, err := m.readJournal()
	if err != nil {
		return err
	}
	m.known, m.knownErr = store.ReadSweep(ctx, m.bucket, m.id)
	if errors.Is(m.knownErr, bucket.ErrUnavailable) {
		return unreachable(m.knownErr)
	}
	m.source, _ = bucket.ReadObject(ctx, m.bucket, results.ObjectName(m.id, results.SpecFile), 64<<20)
	winner, err := ReadWinner(m.state)
	if err != nil {
		return err
	}
	spec, err := m.spec(whole, winner)
	if err != nil {
		return err
	}
	board, damage, err := m.load(ctx, spec)
	if err != nil {
		return unreachable(err)
	}
	if whole {
		if err := m.results(ctx, spec, board, damage); err != nil {
			return unreachable(err)
		}
		return nil
	}
	if err := m.batches(ctx, spec, board, damage, nil); err != nil {
		return unreachable(err)
	}
	return m.journal(ctx, spec, board)
}

// readJournal reports whether the journal has the sweep.
func (m *mender) readJournal() (whole bool, err error) {
	if there, err := HasJournal(m.state); err != nil { // it may be whole
		return false, unreachable(fmt.Errorf("repair %s: %w; nothing was changed", m.id, err))
	} else if !there {
		return false, nil
	}
	j, err := disk.Open(m.path())
	switch {
	case errors.Is(err, journal.ErrLocked):
		return false, usage(fmt.Errorf("another process works on sweep %s: `kaon status %s` shows it", m.id, m.id))
	case errors.Is(err, journal.ErrDamaged):
		return false, nil
	case err != nil:
		return false, unreachable(err)
	}
	defer j.Close()
	for e, err := range j.Load() {
		switch e := e.(type) {
		case journal.SweepEntry:
			if e.ID == m.id {
				m.entry = &e
			}
		case journal.TrialEntry:
			m.trials = append(m.trials, e)
		case journal.RecordEntry:
			m.records = append(m.records, e.Record)
		}
		if err != nil {
			return false, nil
		}
	}
	return m.entry != nil, nil
}

// spec is what the sweep runs, by the journal or by the results.
func (m *mender) spec(whole bool, winner *board.Winner) (*sweep.Spec, error) {
	e := m.entry
	if !whole {
		switch want := m.known.SpecHash; {
		case m.knownErr != nil:
			return nil, unreachable(fmt.Errorf("repair %s: the journal is damaged or not there, and so is %s: %w; "+
				"what it ran is not known any more; nothing was changed",
				m.id, results.SweepFile, m.knownErr))
		case SpecHash(m.source) != want:
			return nil, unreachable(fmt.Errorf("repair %s: the journal is damaged or not there, and %s is not the "+
				"spec that was submitted (SHA-256 %.12s…, want %.12s…); "+
				"put that there and repair again; nothing was changed", m.id, results.SpecFile, SpecHash(m.source), want))
		}
		set, err := unhide(m.known.Overrides)
		if err != nil {
			return nil, usage(fmt.Errorf("repair %s: %w; nothing was changed", m.id, err))
		}
		e = &journal.SweepEntry{ID: m.id, Number: 1, File: cmp.Or(m.known.File, results.SpecFile), Source: m.source,
			Seed: m.known.Seed, Overrides: set, BestTrial: -1}
	}
	spec, err := parseEntry(*e, winner)
	if err != nil {
		return nil, unreachable(fmt.Errorf("repair %s: read its spec: %w", m.id, err))
	}
	if !whole && (spec.Trials != m.known.Trials || spec.Objective.Name != m.known.Objective.Name) {
		return nil, unreachable(fmt.Errorf("repair %s: the spec has %d trials and the sweep had %d: it was "+
			"changed by --set, and the results do not say how; nothing was changed",
			m.id, spec.Trials, m.known.Trials))
	}
	m.entry = e
	return spec, nil
}

// load is the board of what can be read, with what the journal still has.
func (m *mender) load(ctx context.Context, spec *sweep.Spec) (*board.Board, []store.Damage, error) {
	known := m.known
	if m.knownErr != nil {
		known = manifestOf(m.id, spec, m.entry.Submitted, "local", nil)
	}
	known.ID = m.id
	board, damage, err := store.LoadSweep(ctx, m.bucket, known)
	for _, r := range m.records {
		if err == nil {
			_ = board.Fold(r) // refuses only what is not this sweep's
		}
	}
	return board, damage, err
}

// results writes anew what the results lack and the journal knows.
func (m *mender) results(
	ctx context.Context, spec *sweep.Spec, board *board.Board, damage []store.Damage,
) error {
	if SpecHash(m.source) != SpecHash(m.entry.Source) {
		if err := m.replace(ctx, results.SpecFile, func() error {
			return m.bucket.Put(ctx, results.ObjectName(m.id, results.SpecFile), bytes.NewReader(m.entry.Source))
		}); err != nil {
			return err
		}
	}
	restored, err := m.restore(spec, board)
	if err != nil {
		return err
	}
	if err := m.batches(ctx, spec, board, damage, restored); err != nil {
		return err
	}
	if err := m.winner(ctx, board); err != nil {
		return err
	}
	if m.knownErr == nil && m.known.SpecHash == SpecHash(m.entry.Source) && m.known.Trials == spec.Trials &&
		m.known.Seed == spec.Seed {
		return nil
	}
	file := manifestOf(m.id, spec, m.entry.Submitted, cmp.Or(m.known.Cluster, "local"), nil)
	file.Kaon, file.Git, file.Runs = m.known.Kaon, m.known.Git, m.known.Runs
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
	w.SpecHash, w.Created = SpecHash(m.entry.Source), m.entry.Ended.UTC().Format(time.RFC3339Nano)
	return m.replace(ctx, results.WinnerFile, func() error { return store.WriteWinner(ctx, m.bucket, w) })
}

// replace writes an object anew and keeps the one that was there.
func (m *mender) replace(ctx context.Context, file string, write func() error) error {
	to, err := store.MoveAside(ctx, m.bucket, m.id, results.ObjectName(m.id, file), m.label)
	switch {
	case err == nil:
		m.Aside = append(m.Aside, to)
	case !errors.Is(err, bucket.ErrNotExist):
		return fmt.Errorf("move %s aside: %w", file, err)
	}
	if err := write(); err != nil {
		return err
	}
	m.Brought = append(m.Brought, file)
	return nil
}

// restore is records of trials that have ended by the journal and not by the board, which has them
// afterwards.
func (m *mender) restore(spec *sweep.Spec, board *board.Board) (restored []results.Record, err error) {
	var point func(trial int) (json.RawMessage, uint64)
	for _, t := range journal.EndedTrials(*m.entry, m.trials, spec.Trials) {
		if board.Has(t.Trial, t.Attempt) {
			continue
		}
		end := &results.End{State: sweep.Outcome(t.State.String()), Final: true, Reason: t.Reason}
		if point == nil { // only now: a search may take its time
			if point, err = m.points(spec); err != nil {
				return nil, err
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
			m.Brought = append(m.Brought, fmt.Sprintf("%s: %s, with its value of %s", TrialText(t.Trial), end.State,
				spec.Objective.Name))
			m.Lost = append(m.Lost, fmt.Sprintf("what else %s reported, and what is known of its files",
				TrialText(t.Trial)))
		default:
			m.Brought = append(m.Brought, fmt.Sprintf("%s: %s", TrialText(t.Trial), end.State))
			m.Lost = append(m.Lost, fmt.Sprintf("what %s reported", TrialText(t.Trial)))
		}
		if err := board.Fold(r); err != nil {
			return nil, err
		}
		restored = append(restored, r)
	}
	return restored, nil
}

// points answers what trials ran with, by the journal: a search that learns is told again what it was told.
// The `then` step ran with the winner, which is not known here.
func (m *mender) points(spec *sweep.Spec) (func(trial int) (json.RawMessage, uint64), error) {
	core, err := scheduler.Restore(time.Now(), scheduler.Config{
		Packer: offers.NewIndex(0),
		Studies: func(id string, spec *sweep.Spec) (scheduler.Study, error) {
			return study.New(id, spec, study.Options{})
		},
		Parse: func(journal.SweepEntry) (*sweep.Spec, error) { return spec, nil },
		Container: func(string, *sweep.Spec) (*cluster.Container, error) {
			return &cluster.Container{Container: *spec.Task.Container}, nil // nothing is started in it
		},
	}, m.entries())
	if err != nil {
		return nil, err
	}
	return func(trial int) (json.RawMessage, uint64) {
		if trial == results.ThenTrial {
			return nil, sweep.TrialSeed(spec.Seed, 0)
		}
		point, err := core.Point(m.id, trial)
		if err != nil {
			return nil, 0
		}
		params, _ := json.Marshal(point) // a point that was launched has been marshalled before
		return params, sweep.TrialSeed(spec.Seed, trial)
	}, nil
}

// entries are those of the journal that tell of the sweep and its trials.
func (m *mender) entries() iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		if !yield(*m.entry, nil) {
			return
		}
		for _, t := range m.trials {
			if t.Sweep == m.id && !yield(t, nil) {
				return
			}
		}
	}
}

// batches puts damaged batches aside, records in their places, and the board of what there is beside them.
func (m *mender) batches(
	ctx context.Context, spec *sweep.Spec, board *board.Board, damage []store.Damage, restored []results.Record,
) error {
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

// journal makes a journal of what the results tell.
func (m *mender) journal(ctx context.Context, spec *sweep.Spec, known *board.Board) error {
	e := *m.entry
	if e.Submitted, _ = time.Parse(time.RFC3339Nano, m.known.Created); e.Submitted.IsZero() {
		e.Submitted = time.Now()
	}
	e.Phase = sweep.PhaseActive
	if phase := sweep.Phase(m.known.State); m.known.Finished != "" && phase.Ended() {
		e.Phase, e.Reason = phase, m.known.Sentence
		e.Ended, _ = time.Parse(time.RFC3339Nano, m.known.Finished)
	}
	if best, ok := known.Best(); ok {
		e.Best, e.BestTrial = float64(best.Value), best.Trial
	}
	var begun []journal.TrialEntry
	over := 0
	for t := range known.Trials(board.Query{}) {
		begun = append(begun, m.trial(t))
		if begun[len(begun)-1].State != sweep.Waiting {
			over++
		}
	}
	if step, ok := known.Trial(results.ThenTrial); ok {
		begun = append(begun, m.trial(step))
		if w, err := store.ReadWinner(ctx, m.bucket, m.id); err == nil {
			e.Winner, e.Params = journal.AttemptRef{Trial: w.Trial, Attempt: w.Attempt}, w.Params
			e.Manifest, _ = json.Marshal(w)
		} else if w, ok := known.Winner(); ok {
			e.Winner, e.Params = journal.AttemptRef{Trial: w.Trial, Attempt: w.Attempt}, w.Params
			e.Manifest, _ = json.Marshal(w)
		}
	}
	for _, suffix := range []string{"", ".log"} {
		from := m.path() + suffix
		if _, err := os.Lstat(from); err != nil {
			continue
		}
		to := from + ".damaged-" + m.label
		if err := os.Rename(from, to); err != nil {
			return unreachable(fmt.Errorf("move the journal aside: %w", err))
		}
		m.Aside = append(m.Aside, to)
	}
	j, err := disk.Open(m.path())
	if err != nil {
		return unreachable(err)
	}
	if err := errors.Join(j.Append(journal.Rebuilt(e, spec.Trials, begun)), j.Close()); err != nil {
		return unreachable(err)
	}
	m.Brought = append(m.Brought, fmt.Sprintf("the journal: %s, %d of %s ended", e.Phase, over,
		Plural(spec.Trials, "trial")))
	if !e.Phase.Ended() {
		m.Lost = append(m.Lost, "what trials reported that the results did not have yet: those trials run again")
	}
	return nil
}

// trial is where a trial stands by the results. An attempt without an end is given up, and the next has
// another number.
func (m *mender) trial(t board.Trial) journal.TrialEntry {
	e := journal.TrialEntry{Sweep: m.id, Trial: t.Trial, State: sweep.Waiting}
	for _, try := range t.Attempts {
		e.Attempt = max(e.Attempt, try.Attempt)
		if end := try.End; end != nil && !end.Final && end.State == sweep.AttemptFailed {
			e.Budget.Failures++
		}
		if end := try.End; end != nil && try.Attempt == t.Attempt && end.Final {
			e.Reason = end.Reason
		}
	}
	if t.State.Terminal() {
		e.State = t.State
		e.Attempt, e.Budget = t.Attempt, journal.Budget{}
	}
	if t.Value != nil {
		e.Value.Add(float64(*t.Value))
	}
	return e
}
