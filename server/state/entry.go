package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// ErrNotAccepted: the journal does not have the sweep.
var ErrNotAccepted = errors.New("it was interrupted before it was accepted, so nothing of it ran")

// Read reads back what a sweep was started with.
func Read(folder, id string) (*sweep.Spec, *board.Winner, error) {
	winner, err := ReadWinner(folder)
	if err != nil {
		return nil, nil, err
	}
	j, err := disk.Open(filepath.Join(folder, JournalFile))
	if errors.Is(err, journal.ErrLocked) {
		return nil, nil, fault.Usage(fmt.Errorf("another process works on sweep %s: `kaon status %s` shows it", id, id))
	}
	if errors.Is(err, journal.ErrDamaged) {
		return nil, nil, fault.Unreachable(fmt.Errorf("%w; nothing was changed; rebuild it from the results "+
			"with: kaon "+
			"repair %s", err, id))
	}
	if err != nil {
		return nil, nil, fault.Unreachable(fmt.Errorf("open journal of %s: %w", id, err))
	}
	defer j.Close()
	entry, known, err := entryOf(j, id)
	if err != nil {
		return nil, nil, fault.Unreachable(fmt.Errorf("read journal of %s: %w", id, err))
	}
	if !known {
		return nil, nil, fault.Usage(fmt.Errorf("resume %s: %w: run it anew", id, ErrNotAccepted))
	}
	prior, err := ReadPrior(folder)
	if err != nil {
		return nil, nil, err
	}
	spec, err := ParseEntry(entry, winner, prior)
	if err != nil {
		return nil, nil, fmt.Errorf("read the spec of %s from its journal: %w", id, err)
	}
	return spec, winner, nil
}

// entryOf is a sweep as its journal has it. A journal of other sweeps is an error.
func entryOf(j *disk.Journal, id string) (e journal.SweepEntry, known bool, err error) {
	other := ""
	for entry, err := range j.Load() {
		if err != nil {
			return e, false, err
		}
		if e, ok := entry.(journal.SweepEntry); ok {
			if e.ID == id {
				return e, true, nil
			}
			other = e.ID
		}
	}
	if other != "" {
		return e, false, fmt.Errorf("it is the journal of another sweep, %s", other)
	}
	return e, false, nil
}

// JournalHas tells whether a journal has a sweep; without an id, any.
func JournalHas(j *disk.Journal, id string) (bool, error) {
	for entry, err := range j.Load() {
		if err != nil {
			return false, err
		}
		if e, ok := entry.(journal.SweepEntry); ok && (id == "" || e.ID == id) {
			return true, nil
		}
	}
	return false, nil
}

// ParseEntry reads a spec back as it was submitted, with the winner of the sweep before, if it is a `then`, and with
// what its search started from.
func ParseEntry(e journal.SweepEntry, winner *board.Winner, prior []sweep.Prior) (*sweep.Spec, error) {
	options := []sweep.Option{sweep.WithSet(e.Overrides...), sweep.WithSeed(e.Seed), WithFilesBeside(e.File),
		sweep.WithAccepted()}
	if IsForeign(e.Owner) { // whoever took the spec looked at what it names, as its submitter may read it
		options = append(options, sweep.WithFiles(nil))
	}
	if winner != nil {
		options = append(options, sweep.WithWinner())
	}
	spec, err := sweep.Parse(e.File, e.Source, options...)
	if err == nil && prior != nil {
		spec = spec.WithPrior(prior)
	}
	for _, x := range e.Extensions {
		if err != nil {
			return nil, err
		}
		next, err := sweep.Parse(e.File, e.Source, append(slices.Clip(options), sweep.WithSet(x.Overrides...))...)
		if err != nil {
			return nil, err
		}
		if spec, err = spec.Extend(next, x.From); err != nil {
			return nil, err
		}
		options = append(options, sweep.WithSet(x.Overrides...))
	}
	return spec, err
}

// WithFilesBeside lets a spec refer to files of its own folder.
func WithFilesBeside(spec string) sweep.Option {
	folder := "."
	if spec != "-" {
		folder = filepath.Dir(spec)
	}
	return sweep.WithFiles(func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(folder, filepath.FromSlash(path)))
	})
}
