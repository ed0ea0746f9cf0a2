package server

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// Overrides is what was set besides the sweep's file, when it was submitted and since, and the same as readers of the
// results see it: without secrets.
func (sw *Sweep) Overrides() (set, shown []string) {
	spec := sw.Spec()
	return slices.Clone(spec.Overrides), shownOverrides(spec.Overrides, spec)
}

// StoredOverrides is what sweep.json says was set besides the file, when the sweep was submitted and since.
func StoredOverrides(known store.Sweep) []string {
	set := slices.Clone(known.Overrides)
	for _, x := range known.Extensions {
		set = append(set, x.Set...)
	}
	return set
}

// ShownOverrides is what was set besides the file of a spec, as sweep.json has it.
func ShownOverrides(spec *sweep.Spec) []string { return shownOverrides(spec.Overrides, spec) }

// Hides tells whether secrets were taken out of overrides.
func Hides(set []string) bool {
	return slices.ContainsFunc(set, func(one string) bool {
		_, value, _ := strings.Cut(one, "=")
		return strings.Contains(value, hidden)
	})
}

// Unhide puts secrets of this process's environment back into overrides.
func Unhide(set []string) ([]string, error) {
	set, err := unhide(set)
	if err != nil {
		return nil, usage(err)
	}
	return set, nil
}

// shownOverrides is overrides without the secrets of a spec.
func shownOverrides(overrides []string, spec *sweep.Spec) []string {
	var set []string
	for _, one := range overrides {
		set = append(set, withoutSecrets(one, spec))
	}
	return set
}

// unhide puts secrets of the environment back where shownOverrides took them out: SECRET as a value stands for
// the variable that the key ends with.
func unhide(set []string) ([]string, error) {
	set = slices.Clone(set)
	for i, one := range set {
		key, value, _ := strings.Cut(one, "=")
		if !strings.Contains(value, hidden) {
			continue
		}
		name := key[strings.LastIndexByte(key, '.')+1:]
		now, ok := os.LookupEnv(name)
		if !ok || value != hidden {
			return set, fmt.Errorf("--set %s was a secret, which the results do not keep: set the environment "+
				"variable %s to it", key, name)
		}
		set[i] = key + "=" + now
	}
	return set, nil
}

// extensionsOf is what sweep.json says was changed since the sweep began.
func extensionsOf(known store.Sweep) (all []journal.Extension, err error) {
	for _, x := range known.Extensions {
		at, _ := time.Parse(time.RFC3339Nano, x.At)
		set, hidden := unhide(x.Set)
		if hidden != nil {
			err = hidden
		}
		all = append(all, journal.Extension{From: x.From, Overrides: set, At: at})
	}
	return all, err
}
