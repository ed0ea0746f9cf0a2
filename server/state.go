package server

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/sweep"
)

// What lies in a state folder, besides what file server and cluster keep there.
const (
	JournalFile = "journal.db"
	winnerFile  = "winner.json"  // that a sweep started from which follows another
	ControlFile = "control.sock" // over which other commands talk to the process that runs the sweeps
	// SweepsFolder holds the folders of single sweeps, where there may be many.
	SweepsFolder = "sweeps"
)

// StateFolder is where `kaon run` keeps the state of one sweep, by its place of results and the folder that
// is given for state; empty: one in the results, or in the working folder where those are no folder.
func StateFolder(place, folder, id string) string {
	if folder == "" {
		folder = filepath.Join(place, ".state")
		if strings.Contains(place, "://") {
			folder = "kaon-state"
		}
	}
	return filepath.Join(folder, id)
}

// HasJournal tells whether a state folder has a journal. An error is that of a folder that cannot be looked
// at: the journal may be there.
func HasJournal(state string) (bool, error) {
	_, err := os.Lstat(filepath.Join(state, JournalFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

// NewSweepID is a name nobody else has: SweepSlug of the spec's, and six random letters.
func NewSweepID(name string) string { return SweepSlug(name) + "-" + strings.ToLower(rand.Text()[:6]) }

// SweepSlug is a spec's name made fit for task ids and paths.
func SweepSlug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	slug := strings.Trim(strings.Join(words, "-"), "-_")
	const longest = 48
	if slug = slug[:min(len(slug), longest)]; slug == "" {
		slug = "sweep"
	}
	return slug
}

// ReadWinner is the winner that a `then` sweep started from; nil when it is none.
func ReadWinner(folder string) (*board.Winner, error) {
	data, err := os.ReadFile(filepath.Join(folder, winnerFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreachable(fmt.Errorf("read the winner that the sweep started from: %w", err))
	}
	winner := new(board.Winner)
	if err := json.Unmarshal(data, winner); err != nil {
		return nil, unreachable(fmt.Errorf("read %s, the winner that the sweep started from: %w",
			filepath.Join(folder, winnerFile), err))
	}
	return winner, nil
}

// ReadState reads back what a sweep was started with.
func ReadState(folder, id string) (*sweep.Spec, *board.Winner, error) {
	winner, err := ReadWinner(folder)
	if err != nil {
		return nil, nil, err
	}
	j, err := disk.Open(filepath.Join(folder, JournalFile))
	if errors.Is(err, journal.ErrLocked) {
		return nil, nil, usage(fmt.Errorf("another process works on sweep %s: `kaon status %s` shows it", id, id))
	}
	if errors.Is(err, journal.ErrDamaged) {
		return nil, nil, unreachable(fmt.Errorf("%w; nothing was changed; rebuild it from the results with: kaon "+
			"repair %s", err, id))
	}
	if err != nil {
		return nil, nil, unreachable(fmt.Errorf("open journal of %s: %w", id, err))
	}
	defer j.Close()
	entry, known, err := entryOf(j, id)
	if err != nil {
		return nil, nil, unreachable(fmt.Errorf("read journal of %s: %w", id, err))
	}
	if !known {
		return nil, nil, usage(fmt.Errorf("resume %s: %w: run it anew", id, ErrNotAccepted))
	}
	prior, err := readPrior(folder)
	if err != nil {
		return nil, nil, err
	}
	spec, err := parseEntry(entry, winner, prior)
	if err != nil {
		return nil, nil, fmt.Errorf("read the spec of %s from its journal: %w", id, err)
	}
	return spec, winner, nil
}

// RemoveState removes the state folder of one sweep, which no process may work on.
func RemoveState(folder, id string) error {
	there, err := HasJournal(folder)
	if err != nil {
		return unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	if there {
		j, err := disk.Open(filepath.Join(folder, JournalFile))
		switch {
		case errors.Is(err, journal.ErrLocked):
			return usage(fmt.Errorf("another process works on sweep %s: `kaon stop %s` ends it", id, id))
		case err != nil && !errors.Is(err, journal.ErrDamaged):
			return unreachable(fmt.Errorf("open journal of %s: %w", id, err))
		case err == nil:
			_, _, err := entryOf(j, id)
			if err == nil { // while it is locked: nobody goes on with the sweep meanwhile
				err = os.RemoveAll(folder)
			}
			if closed := j.Close(); err != nil || closed != nil {
				return unreachable(fmt.Errorf("delete the state of %s: %s: %w", id, folder, errors.Join(err, closed)))
			}
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return unreachable(fmt.Errorf("delete the state of %s: %w", id, err))
	}
	return nil
}

// ErrNotAccepted: the journal does not have the sweep.
var ErrNotAccepted = errors.New("it was interrupted before it was accepted, so nothing of it ran")

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

// journalHas tells whether a journal has a sweep; without an id, any.
func journalHas(j *disk.Journal, id string) (bool, error) {
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

// parseEntry reads a spec back as it was submitted, with the winner of the sweep before, if it is a `then`, and with what its search
// started from.
func parseEntry(e journal.SweepEntry, winner *board.Winner, prior []sweep.Prior) (*sweep.Spec, error) {
	options := []sweep.Option{sweep.WithSet(e.Overrides...), sweep.WithSeed(e.Seed), WithFilesBeside(e.File)}
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

// makeFolder makes a folder and those above it, and answers which of them were not there before, the
// innermost last.
func makeFolder(folder string) (made []string, err error) {
	if _, err := os.Stat(folder); err == nil {
		return nil, os.MkdirAll(folder, 0o700) // a file of that name is an error
	}
	if above := filepath.Dir(folder); above != folder {
		if made, err = makeFolder(above); err != nil {
			return made, err
		}
	}
	switch err = os.Mkdir(folder, 0o700); {
	case err == nil:
		return append(made, folder), nil
	case errors.Is(err, os.ErrExist): // another process was faster
		return made, os.MkdirAll(folder, 0o700)
	}
	return made, err
}
