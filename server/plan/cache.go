package plan

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/server/format"
)

// CachePlan is what results there are of the work of a sweep with `cache`: a contract for scripts.
type CachePlan struct {
	Known  int      `json:"known"`  // results of the same work, with any parameters
	Sweeps []string `json:"sweeps"` // whose they are
	// of how many trials it was looked whether one stands for them; 0: their points depend on results
	Looked int      `json:"looked"`
	Hits   int      `json:"hits"`             // for how many of those one does
	Doubts []string `json:"doubts,omitempty"` // what of the work cannot be known
}

// Sentence says it to people.
func (p *CachePlan) Sentence() string {
	if p.Known == 0 {
		return "cache: no results of this work yet"
	}
	line := fmt.Sprintf("cache: %s of this work, from %s", format.Plural(p.Known, "result"), listed(p.Sweeps))
	if p.Looked > 0 {
		line += fmt.Sprintf("; %d of %s are there already and would not run", p.Hits, format.Plural(p.Looked, "trial"))
	}
	return line
}

// listed writes ids, of which there may be many.
func listed(ids []string) string {
	const most = 3
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more sweeps", strings.Join(ids[:most], ", "), len(ids)-most)
}
