package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
)

// checkNames refuses names that are given and empty, as by a variable of a script that is not set: left out, most mean
// the newest sweep. Words of commands may be empty.
func checkNames(command *kong.Context) error {
	for _, p := range command.Path {
		if p.Positional == nil || p.Positional.Passthrough {
			continue
		}
		v := p.Positional.Target
		empty := v.Kind() == reflect.String && v.Len() == 0
		if all, ok := v.Interface().([]string); ok && p.Positional.Tag.Sep != -1 {
			empty = slices.Contains(all, "")
		}
		if !empty {
			continue
		}
		if p.Positional.Required {
			return usage(fmt.Errorf("<%s> is empty: is a variable not set?", p.Positional.Name))
		}
		return usage(fmt.Errorf("<%s> is empty: leave it out, or is a variable not set?", p.Positional.Name))
	}
	return nil
}

// checkSweepName refuses what no sweep can be called: no folder is looked for under such a name.
func checkSweepName(id string) error {
	if bucket.NameFault(results.ObjectName(id, results.SweepFile)) == "" {
		return nil
	}
	return usage(fmt.Errorf("no sweep can be called %q; kaon list shows those there are", shorten(id, 60)))
}
