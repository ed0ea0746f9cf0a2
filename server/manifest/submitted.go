package manifest

import (
	"fmt"
	"path/filepath"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// SubmittedSpec reads the spec of a sweep as it was submitted, by sweep.json and the text in the results. The sweep's
// state folder has the winner that it may have started from. Strict: with all secrets that were set, by this process's
// environment; else with none of them, so that whoever is told of the spec hears nothing of that.
func SubmittedSpec(known store.Sweep, text []byte, folder string, strict bool) (*sweep.Spec, error) {
	file := known.File
	if file == "" { // of a version that did not say
		var err error
		if file, err = filepath.Abs("spec.yaml"); err != nil {
			return nil, err
		}
	}
	if sum := SpecHash(text); known.SpecHash != "" && sum != known.SpecHash {
		return nil, fault.Unreachable(fmt.Errorf("%s of %s is not the spec that was submitted (SHA-256 %.12s…, want "+
			"%.12s…): nothing was started; "+
			"`kaon repair %s` brings it back where the journal has it",
			results.SpecFile, known.ID, sum, known.SpecHash, known.ID))
	}
	set, extended := Overrides(known.Overrides), Extensions(known)
	if strict {
		const own = "" // whoever asks for the secrets runs what the sweep runs, with all of their environment
		var err error
		if set, err = set.Restored(own); err != nil {
			return nil, err
		}
		if extended, err = RestoredExtensions(known, own); err != nil {
			return nil, err
		}
	}
	winner, err := state.ReadWinner(folder)
	if err != nil {
		return nil, err
	}
	spec, err := state.ParseEntry(journal.SweepEntry{File: file, Source: text, Overrides: set, Seed: known.Seed,
		Extensions: extended, Owner: known.Owner},
		winner, nil) // its points are in the records
	if err != nil {
		return nil, fault.Usage(fmt.Errorf("read the spec of %s as it was: %w", known.ID, err))
	}
	return spec, nil
}
