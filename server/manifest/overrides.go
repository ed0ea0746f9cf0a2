package manifest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
)

// Overrides are what was set besides a sweep's file, key=value each, in order. Readers of the results see them
// redacted: SECRET stands for a value there.
type Overrides []string

// OverridesOf is what sweep.json says was set, when the sweep was submitted and since.
func OverridesOf(known store.Sweep) Overrides {
	set := slices.Clone(known.Overrides)
	for _, x := range known.Extensions {
		set = append(set, x.Set...)
	}
	return set
}

// Redacted is the overrides without the secrets of a spec.
func (o Overrides) Redacted(spec *sweep.Spec) Overrides {
	var set Overrides
	for _, one := range o {
		set = append(set, WithoutSecrets(one, spec))
	}
	return set
}

// Secret tells whether secrets were taken out of the overrides.
func (o Overrides) Secret() bool {
	return slices.ContainsFunc(o, func(one string) bool {
		_, value, _ := strings.Cut(one, "=")
		return strings.Contains(value, hidden)
	})
}

// Restored puts secrets of this process's environment back where they were taken out: SECRET as a value stands for the
// variable that the key ends with. What an owner who is somebody else has set is given nothing of this process's user.
// With an error, which is of the kind fault.KindUsage, it answers those before the first that is not there.
func (o Overrides) Restored(owner string) (Overrides, error) {
	set := slices.Clone(o)
	for i, one := range set {
		key, value, _ := strings.Cut(one, "=")
		if !strings.Contains(value, hidden) {
			continue
		}
		if state.IsForeign(owner) {
			return set, fault.Usage(fmt.Errorf("--set %s was a secret of %s, which the results do not keep: submit "+
				"the spec anew", key, owner))
		}
		name := key[strings.LastIndexByte(key, '.')+1:]
		now, ok := os.LookupEnv(name)
		if !ok || value != hidden {
			return set, fault.Usage(fmt.Errorf("--set %s was a secret, which the results do not keep: set the "+
				"environment "+
				"variable %s to it", key, name))
		}
		set[i] = key + "=" + now
	}
	return set, nil
}

// Extensions is what sweep.json says was changed since the sweep began. Secrets are taken out, as they are there.
func Extensions(known store.Sweep) (all []journal.Extension) {
	for _, x := range known.Extensions {
		at, _ := time.Parse(time.RFC3339Nano, x.At)
		all = append(all, journal.Extension{From: x.From, Overrides: x.Set, At: at})
	}
	return all
}

// RestoredExtensions is Extensions with the secrets that Restored of the overrides puts back for an owner. The error is
// that of the first which it does not.
func RestoredExtensions(known store.Sweep, owner string) ([]journal.Extension, error) {
	all := Extensions(known)
	for i := range all {
		set, err := Overrides(all[i].Overrides).Restored(owner)
		if err != nil {
			return nil, err
		}
		all[i].Overrides = set
	}
	return all, nil
}
