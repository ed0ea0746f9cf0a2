package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/state"
)

// resumeFlag is run's; without a value it goes on with the newest sweep that was interrupted.
const resumeFlag = "--resume"

// withResumed writes the flag with its value where it has none.
func withResumed(args []string) []string {
	if len(args) == 0 || args[0] != "run" {
		return args
	}
	args = slices.Clone(args)
	for i := 1; i < len(args) && args[i] != "--"; i++ {
		if args[i] == resumeFlag && (i+1 == len(args) || strings.HasPrefix(args[i+1], "-")) {
			args[i] = resumeFlag + "=" + latest
		}
	}
	return args
}

// interrupted is the newest sweep in the results that has not ended, whose journal is here, and on which no process
// works.
func (f *workFlags) interrupted(ctx context.Context, out *output) (string, error) {
	if err := resultsAt(f.Results); err != nil {
		return "", err
	}
	b, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return "", err
	}
	ids, err := store.Sweeps(ctx, b)
	if err != nil {
		return "", unreachable(err)
	}
	var open []store.Sweep
	for _, id := range ids {
		if known, err := store.ReadSweep(ctx, b, id); err == nil && known.Finished == "" {
			open = append(open, known)
		}
	}
	slices.SortFunc(open, func(a, b store.Sweep) int {
		return cmp.Or(strings.Compare(b.Created, a.Created), strings.Compare(a.ID, b.ID))
	})
	for _, known := range open {
		folder := f.state(known.ID)
		if there, err := state.HasJournal(folder); err != nil || !there {
			continue
		}
		if _, err := state.ReadLeft(folder, known.ID); errors.Is(err, journal.ErrLocked) {
			continue // a process works on it
		}
		if !f.JSON && !f.Quiet {
			fmt.Fprintf(out.stderr, "kaon: going on with %s\n", known.ID)
		}
		return known.ID, nil
	}
	return "", usage(fmt.Errorf("--resume: no sweep in %s was interrupted whose journal is here; name one with "+
		"--resume ID, and --results and --state as they were "+
		"when it ran", f.Results))
}
