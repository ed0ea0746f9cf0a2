package server

import (
	"github.com/kaon-sweep/kaon/server/sampler"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// search is the method of a sweep. A user's program is started when it is first asked for a point. It is called by
// Open, and then by the loop.
func (s *Server) search(spec *sweep.Spec) (search.Method, error) {
	if spec.Method != sweep.ByCommand || spec.Former != nil {
		return search.New(spec)
	}
	program := sampler.New(spec, spec.Folder())
	for _, sw := range s.Sweeps() {
		if sw.Spec() == spec {
			sw.sampler.Store(program)
		}
	}
	return program, nil
}

// restSampler ends the program that chose the sweep's points: a server goes on for long after that.
func (sw *Sweep) restSampler() {
	if program := sw.sampler.Load(); program != nil {
		program.Rest()
	}
}

// closeSamplers ends the programs that choose points.
func (s *Server) closeSamplers() {
	for _, sw := range s.Sweeps() {
		if program := sw.sampler.Load(); program != nil {
			program.Close()
		}
	}
}
