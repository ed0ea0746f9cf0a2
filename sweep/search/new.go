package search

import (
	"errors"

	"github.com/kaon-sweep/kaon/sweep"
)

// New is the method that the spec names, behind the points that are to be tried first, going on from the search
// that the spec began with, if it has.
func New(spec *sweep.Spec) (Method, error) {
	if spec.Former != nil && spec.Repeat.Trials > 1 {
		return nil, errors.New("a sweep with `repeat` goes on with the search that it has")
	}
	if spec.Former != nil {
		former, err := New(spec.Former.Spec)
		if err != nil {
			return nil, err
		}
		return goOn(former, spec)
	}
	if spec.Method == sweep.ByCommand {
		return &recalled{}, nil
	}
	m, err := named(spec)
	if err != nil {
		return nil, err
	}
	return withRepeat(spec, withTried(spec, m)), nil
}
