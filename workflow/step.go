package workflow

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// Step is a named piece of work. What its type alone understands stays a tree, which the type reads.
type Step struct {
	Name        string
	Type        string
	Description string
	Place       *sweep.Tree // its name in the file; nil: it comes from a program
	Keys        *sweep.Tree // a mapping: the keys of its type, templates not expanded; nil: there are none

	// an expression; false: the step is skipped, and what follows goes on as if it had been done
	When      string
	Inputs    []Input       // what it gets in $KAON_PARAMS, in the order of the file
	Outputs   []Parameter   // what it puts out; none: whatever it writes
	Retry     Retry         //
	Timeout   time.Duration // of each attempt; 0: none
	OnFailure FailureMode   //
	Cache     *Cache        // nil: it always runs
	Env       map[string]string
	Secrets   []string
	// as task.resources of a sweep; sweep.ReadResources reads it, once templates are expanded; nil: defaults
	Resources *sweep.Tree
	Artifacts []string // files that are kept
	// files that are brought to where it runs, by the name they have there: artifacts of steps, or addresses
	Fetch      []Input
	Breakpoint bool // the run pauses before it
}

// Input is a value that a step is given.
type Input struct {
	Name  string
	Value *sweep.Tree // scalars in it are templates
}

// Retry says how often, and after what, a step is tried again.
type Retry struct {
	Times   int           // after the first attempt
	Backoff time.Duration // before the first retry
	Factor  float64       // by which each wait is longer than the one before; at least 1
	Longest time.Duration // that a wait is; 0: no bound
	On      []FailureKind // empty: all
}

// FailureKind is why an attempt ended without success.
type FailureKind string

// The kinds of failure.
const (
	Failed   FailureKind = "failed"  // it ended with another code than 0, or said that it failed
	TimedOut FailureKind = "timeout" // it ran longer than it may
	Lost     FailureKind = "lost"    // its machine or the cluster failed it
)

// FailureMode says what a step that has failed for good does to its workflow.
type FailureMode string

// The modes.
const (
	Stop     FailureMode = "stop"     // nothing more is started, what runs ends, and the workflow has failed
	Continue FailureMode = "continue" // what follows goes on, with the step's outputs missing
)

// Cache says when a step's earlier outputs stand for a new run.
type Cache struct {
	Scope CacheScope
	Age   time.Duration // of the outputs at most; 0: any
}

// CacheScope is whose runs are searched for outputs.
type CacheScope string

// The scopes.
const (
	CacheRun      CacheScope = "run"      // of the same run, as in another iteration
	CacheWorkflow CacheScope = "workflow" // of workflows of the same name
	CacheGlobal   CacheScope = "global"   // of all
)

// StepType is what the language has to know of a type of step to check files: the engine knows the rest.
type StepType struct {
	Name    string
	Keys    []string    // that a step of it may have, besides the common ones
	Needs   []string    // of these, those that it must have
	Outputs []Parameter // that each step of it has, besides those that it declares
	Closed  bool        // they put out nothing else, whatever they declare
	Light   bool        // it runs in kaon's own process: secret parameters may stand in its keys
	Fetches bool        // files can be brought to where it runs
	// keys whose ${…} are not the workflow's, as the spec in a sweep step; only ${steps.…}, ${parameters.…} are
	Raw []string
	// Winner says of the winner that a step of it leaves which fields it has, and which parameters; nil: they are not
	// known. read reads a file by its name in the workflow's folder. A nil function: it leaves none.
	Winner func(s *Step, read func(name string) ([]byte, error)) (fields, parameters []string)
	// Check reports further problems; nil: there are none to find.
	Check func(s *Step, fail func(at *sweep.Tree, field, problem, remedy string))
}
