package repair

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/manifest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Report is what Sweep did. Its JSON is what `kaon repair --json` prints: a contract for scripts.
type Report struct {
	Sweep   string   `json:"sweep"`
	Brought []string `json:"brought_back"`
	Lost    []string `json:"lost"`
	Aside   []string `json:"kept_aside"` // damaged files, under their new names
}

// lostRuns is what only sweep.json says.
const lostRuns = "which commands, by which kaon, worked on the sweep"

// mender mends one sweep.
type mender struct {
	Report
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
	salvaged bool             // entry, trials and records are what is whole of a damaged journal
	holes    []string         // in that journal
	fresh    []results.Record // of records: those that the results lack
}

// readJournal reports whether the journal has the sweep.
func (m *mender) readJournal() (whole bool, err error) {
	if there, err := state.HasJournal(m.state); err != nil { // it may be whole
		return false, fault.Unreachable(fmt.Errorf("repair %s: %w; nothing was changed", m.id, err))
	} else if !there {
		return false, m.salvage() // its log may be
	}
	j, err := disk.Open(m.path())
	switch {
	case errors.Is(err, journal.ErrLocked):
		return false, fault.Usage(fmt.Errorf("another process works on sweep %s: `kaon status %s` shows it",
			m.id, m.id))
	case errors.Is(err, journal.ErrDamaged):
		return false, m.salvage()
	case err != nil:
		return false, fault.Unreachable(err)
	}
	defer j.Close()
	if err := m.take(j.Load()); err != nil {
		m.entry, m.trials, m.records = nil, nil, nil
		return false, m.salvage()
	}
	return m.entry != nil, nil
}

// take keeps what entries say of the sweep.
func (m *mender) take(entries iter.Seq2[journal.Entry, error]) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		switch e := e.(type) {
		case journal.SweepEntry:
			if e.ID == m.id {
				m.entry = &e
			}
		case journal.TrialEntry:
			if e.Sweep == m.id {
				m.trials = append(m.trials, e)
			}
		case journal.RecordEntry:
			if e.Sweep == m.id {
				m.records = append(m.records, e.Record)
			}
		}
	}
	return nil
}

// salvage takes what is whole of a damaged journal. That trials ended, and what they reported, stays true whatever the
// holes had.
func (m *mender) salvage() error {
	s, err := disk.Salvage(m.path())
	if err != nil {
		return fault.Unreachable(fmt.Errorf("repair %s: read what is whole of its journal: %w; nothing was changed",
			m.id, err))
	}
	if err := m.take(s.Load()); err != nil {
		return fault.Unreachable(err)
	}
	if m.salvaged = m.entry != nil || len(m.records)+len(m.trials) > 0; m.salvaged {
		m.holes = s.Holes
	}
	return nil
}

// spec is what the sweep runs, by the journal or by the results.
func (m *mender) spec(winner *board.Winner) (*sweep.Spec, error) {
	e := m.entry
	if e == nil {
		switch want := m.known.SpecHash; {
		case m.knownErr != nil:
			return nil, fault.Unreachable(fmt.Errorf("repair %s: the journal is damaged or not there, and so "+
				"is %s: %w; "+
				"what it ran is not known any more; nothing was changed",
				m.id, results.SweepFile, m.knownErr))
		case manifest.SpecHash(m.source) != want:
			return nil, fault.Unreachable(fmt.Errorf("repair %s: the journal is damaged or not there, and %s "+
				"is not the "+
				"spec that was submitted (SHA-256 %.12s…, want %.12s…); "+
				"put that there and repair again; nothing was changed", m.id, results.SpecFile,
				manifest.SpecHash(m.source), want))
		}
		set, err := manifest.Overrides(m.known.Overrides).Restored(m.known.Owner)
		if err != nil {
			return nil, fault.Usage(fmt.Errorf("repair %s: %w; nothing was changed", m.id, err))
		}
		extended, err := manifest.RestoredExtensions(m.known, m.known.Owner)
		if err != nil {
			return nil, fault.Usage(fmt.Errorf("repair %s: %w; nothing was changed", m.id, err))
		}
		e = &journal.SweepEntry{ID: m.id, Number: 1, File: cmp.Or(m.known.File, results.SpecFile), Source: m.source,
			Seed: m.known.Seed, Overrides: set, Owner: m.known.Owner, Extensions: extended, BestTrial: -1}
	}
	spec, err := state.ParseEntry(*e, winner, nil)
	if err != nil {
		return nil, fault.Unreachable(fmt.Errorf("repair %s: read its spec: %w", m.id, err))
	}
	if m.entry == nil && (spec.Trials != m.known.Trials || spec.Objective.Name != m.known.Objective.Name) {
		return nil, fault.Unreachable(fmt.Errorf("repair %s: the spec has %d trials and the sweep had %d: it was "+
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
		known = manifest.Of(m.id, spec, m.entry.Submitted, "local", nil)
	}
	known.ID = m.id
	board, damage, err := store.LoadSweep(ctx, m.bucket, known)
	for _, r := range m.records {
		if err != nil {
			break
		}
		knew := board.Has(r.Trial, r.Attempt)
		points := board.Points(r.Trial, r.Attempt)
		if refused := board.Fold(r); refused != nil { // what is not this sweep's
			continue
		}
		if m.salvaged && (points != board.Points(r.Trial, r.Attempt) || knew != board.Has(r.Trial, r.Attempt)) {
			m.fresh = append(m.fresh, r)
		}
	}
	return board, damage, err
}

func (m *mender) path() string { return filepath.Join(m.state, state.JournalFile) }

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
