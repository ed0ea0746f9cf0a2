package steps

import (
	"reflect"
	"strings"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
)

// Winning is a Type whose steps leave a winner.
type Winning interface {
	// Winner says which fields the winner has, and which parameters, as far as the step's keys say; nil: they are not
	// known. read reads a file by its name in the workflow's folder.
	Winner(keys *sweep.Tree, read func(name string) ([]byte, error)) (fields, parameters []string)
}

// Winner implements Winning.
func (sweepStep) Winner(keys *sweep.Tree, read func(string) ([]byte, error)) (fields, parameters []string) {
	return winnerFields(), parametersOf(keys, read)
}

// winnerFields are those of WinnerValues.
func winnerFields() []string {
	fields := []string{"args", "json"}
	manifest := reflect.TypeFor[board.Winner]()
	for i := range manifest.NumField() {
		name, _, _ := strings.Cut(manifest.Field(i).Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	return fields
}

// parametersOf are the names of the parameters of a step's sweep; nil: they are known when it runs.
func parametersOf(keys *sweep.Tree, read func(string) ([]byte, error)) (names []string) {
	spec := keys.Get("spec")
	if file := keys.Get("file"); file != nil && spec == nil {
		if template(file.Text) {
			return nil
		}
		src, err := read(file.Text)
		if err != nil {
			return nil // the step says so
		}
		if spec, err = sweep.ReadTree(file.Text, src); err != nil {
			return nil
		}
	}
	all := spec.Get("parameters")
	if all == nil || !all.Mapping || len(all.Pairs) == 0 {
		return nil
	}
	for _, p := range all.Pairs {
		names = append(names, p.Key.Text)
	}
	set := keys.Get("set")
	if set == nil {
		return names
	}
	if !set.Mapping {
		return nil
	}
	for _, p := range set.Pairs {
		path := strings.Split(strings.TrimSpace(p.Key.Text), ".")
		switch {
		case path[0] != "parameters":
		case len(path) == 1:
			return nil // others take their place
		default:
			names = append(names, path[1])
		}
	}
	return names
}
