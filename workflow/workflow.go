package workflow

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// Workflow is one file: its parameters, its steps, and the graph that says in which order they run.
type Workflow struct {
	File        string
	Source      []byte
	Name        string
	Description string
	Owner       string
	Tags        []string
	Parameters  []Parameter // in the order of the file
	Steps       []*Step     // in the order of the file; also those of Finally
	Graph       *Graph
	Finally     *Graph            // runs at the end, however that came; nil: nothing does
	Env         map[string]string // of all steps; values are templates
	Secrets     []string          // variables of the submitter's environment that steps may see
	Parallel    int               // steps at once; 0: no bound of its own
	Timeout     time.Duration     // 0: none
	SLA         SLA               // by when a run is to be done; zero: nothing is promised
	Strategy    Strategy          // what becomes of several runs of it, where it is registered
	Triggers    []Trigger         // what begins runs of it, where it is registered
	Warnings    []*sweep.Error
	// Requires: outputs that are read have to be put out. Not so of texts that an earlier kaon accepted.
	Requires bool
}
