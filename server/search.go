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
	program := sampler.New(spec, SpecFolder(spec))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.samplers = append(s.mu.samplers, program)
	return program, nil
}

// closeSamplers ends the programs that choose points.
func (s *Server) closeSamplers() {
	s.mu.Lock()
	all := s.mu.samplers
	s.mu.samplers = nil
	s.mu.Unlock()
	for _, program := range all {
		program.Close()
	}
}
