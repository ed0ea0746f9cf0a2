package search

import "github.com/kaon-sweep/kaon/sweep"

// New is the method that the spec names, behind the points that are to be tried first.
func New(spec *sweep.Spec) (Method, error) {
	m, err := named(spec)
	if err != nil {
		return nil, err
	}
	return withTried(spec, m), nil
}
