package server

import (
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results/store"
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
func ShownOverrides(spec *sweep.Spec) []string { return overridesOf(spec) }

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
