package server

import (
	"slices"

	"github.com/kaon-sweep/kaon/offers"
)

// Shortages are the reasons for which trials wait, as programs know them: what most agents have too little of, or
// otherwise what comes first in the way.
var Shortages = []string{
	"cpus", "mem", "disk", "gpus", "ports", "other_resource", // of agents that would hold it when empty
	"no_agents", "architecture", "constraints", "too_large", "quota", "role", "avoided", "unproven", "cordoned",
	"maintenance",
	"offers", // that agents have yet to make
}

// shortage is the foremost reason.
func shortage(why offers.Reasons) string {
	switch {
	case why.Agents == 0:
		return "no_agents"
	case why.Eligible == 0 && len(why.Excluded) > 0:
		return "architecture"
	case why.Eligible == 0:
		return "constraints"
	case why.FitsEmpty == 0:
		return "too_large"
	case why.Cordoned == why.FitsEmpty:
		return "cordoned"
	case why.Leaving != nil && why.Leaving.Agents == why.FitsEmpty:
		return "maintenance"
	case why.Quota > 0:
		return "quota"
	case len(why.Resources) > 0:
		if name := why.Resources[0].Resource; slices.Contains(Shortages[:5], name) {
			return name
		}
		return "other_resource"
	case why.OtherRole > 0:
		return "role"
	case why.Avoided > 0:
		return "avoided"
	case why.Capped > 0:
		return "unproven"
	case why.Leaving != nil:
		return "maintenance"
	case why.Cordoned > 0:
		return "cordoned"
	case len(why.Constraints) > 0:
		return "constraints"
	}
	return "offers"
}

// Shortages is how many trials waited at the end of the last pass, by sweep and reason. Those that their own sweep
// holds back are not among them.
func (s *Server) Shortages() map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, sw := range s.Sweeps() {
		sw.mu.Lock()
		all[sw.id] = sw.mu.short
		sw.mu.Unlock()
	}
	return all
}

// Asked is what the trials ask for that waited at the end of the last pass for room alone, by sweep. Nothing of it may
// be changed.
func (s *Server) Asked() map[string][]offers.Demand {
	all := map[string][]offers.Demand{}
	for _, sw := range s.Sweeps() {
		sw.mu.Lock()
		all[sw.id] = sw.mu.asked
		sw.mu.Unlock()
	}
	return all
}
