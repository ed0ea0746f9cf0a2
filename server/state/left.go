package state

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/sweep"
)

// Left is what the journal of a sweep that no process runs has and the results may lack.
type Left struct {
	Records []results.Record
	Closed  string // why no more trials of it start; empty: they may
}

// ReadLeft reads what a journal in a state folder has left of a sweep, and neither changes it nor keeps anybody from
// it. journal.ErrLocked: a process has it open.
func ReadLeft(state, id string) (left Left, err error) {
	there, err := HasJournal(state)
	if err != nil {
		return Left{}, err
	}
	if !there {
		if _, err := os.Lstat(filepath.Join(state, JournalFile+".log")); err == nil {
			return Left{}, fmt.Errorf("%w: of %s there is only its log", journal.ErrDamaged,
				filepath.Join(state, JournalFile))
		}
		return Left{}, nil
	}
	kept, err := disk.Read(filepath.Join(state, JournalFile))
	if err != nil {
		return Left{}, err
	}
	known, other := false, ""
	for e, err := range kept.Load() {
		if err != nil {
			return Left{}, err
		}
		switch e := e.(type) {
		case journal.SweepEntry:
			if e.ID != id {
				other = e.ID
				continue
			}
			known = true
			if e.Phase.Ended() || e.Phase == sweep.PhaseDraining {
				left.Closed = closedBy(e)
			}
		case journal.RecordEntry:
			if e.Sweep == id {
				left.Records = append(left.Records, e.Record)
			}
		}
	}
	if !known && other != "" {
		return Left{}, fmt.Errorf("%s is the journal of another sweep, %s", filepath.Join(state, JournalFile), other)
	}
	return left, nil
}

func closedBy(e journal.SweepEntry) string {
	if e.Reason != "" {
		return e.Reason
	}
	return "the sweep is ending"
}
