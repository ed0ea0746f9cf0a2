package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// Type is one type of step. Its methods may be called by several goroutines.
type Type interface {
	// About says what the type does and which keys it has.
	About() Description
	// Run carries out one attempt, and returns when it has ended. When ctx ends with the cause ErrStop it ends the
	// attempt first; with any other cause it leaves it as it is, to be begun again by a later process. The error is a
	// *Failure, when it can be one.
	Run(ctx context.Context, c *Call) (Result, error)
}

// Checker is a Type that finds problems of keys before a run begins, besides those of their names. Values with ${…} are
// not known yet.
type Checker interface {
	Check(keys *sweep.Tree, fail func(at *sweep.Tree, field, problem, remedy string))
}

// Description is what people and checks know of a type.
type Description struct {
	Name    string               `json:"type"`
	Text    string               `json:"text"`  // one sentence
	Light   bool                 `json:"light"` // it runs in kaon's own process rather than on the cluster
	Keys    []Key                `json:"keys"`
	Outputs []workflow.Parameter `json:"-"`
	Puts    string               `json:"-"` // how a step puts out {"NAME": …}; "": in $KAON_OUTPUT, unless it is Light
	Closed  bool                 `json:"-"` // its steps put out nothing but Outputs
}

// HowToPut says, as a remedy, how a step of the type puts out a value of a name.
func (d Description) HowToPut(name string) string {
	how := d.Puts
	switch {
	case how != "":
	case d.Light || d.Closed:
		return "read one of these, or take `" + name + "` from `outputs`"
	default:
		how = `write {"NAME": …} to the file $KAON_OUTPUT`
	}
	return strings.Replace(how, "NAME", name, 1)
}

// Key is a key of a step of a type.
type Key struct {
	Name   string `json:"key"`
	Kind   string `json:"kind"` // text, words, number, duration, mapping, list, value
	Needed bool   `json:"needed,omitempty"`
	Raw    bool   `json:"raw,omitempty"` // the macros of specs, as ${args}, may stand in it, too
	Text   string `json:"text"`
}

// Call is one attempt.
type Call struct {
	ID      string // nobody else's; the same when the attempt is begun again
	Key     string // of the step, with its iteration
	Run     string // id of the run
	Attempt int
	Began   time.Time
	File    string // absolute path of the workflow file; relative names are of its folder

	Keys   map[string]any // by name, templates replaced
	Script Script         // of the key `command`
	Spec   *sweep.Tree    // of the key `spec`, templates replaced, macros of specs left

	Inputs    map[string]any    // what the step is given as parameters
	Env       map[string]string // that it sees
	Secrets   []string          // names of variables that it sees
	Resources *sweep.Tree       // as in specs, templates replaced; nil: the default
	Artifacts []string          // that are kept; none: all
	Fetch     []Fetch           // files that are brought to where it runs
	Winner    *board.Winner     // of the nearest sweep before; nil: there is none

	Kept string             // what Keep was given when the attempt began before; "": nothing
	Keep func(string) error // makes durable by which id a service elsewhere knows the attempt's work

	Cluster Cluster
	// may be called at any time, not after Run has returned
	Progress func(Progress)
	Approved <-chan string // who has approved
	// what is said to it, of types that take it themselves
	Messages chan Sent
	// with the name that it waits for
	Signals <-chan Signal
	// leaves a signal for another run
	Signal func(ctx context.Context, run, name string, payload json.RawMessage) error
	// another run's; no state: not ended
	EndOf func(name string) (run, state string, err error)
	// hands a message to the run that a `workflow` step is
	Ask    func(ctx context.Context, m Sent) error
	Nested func(ctx context.Context, file string, given map[string]any) (Result, error) // runs a workflow
}

// Fetch is a file that is brought to where a step runs.
type Fetch struct {
	URL string `json:"url"` // or a path relative to the workflow's folder
	To  string `json:"to"`
}

// Script is a command with the values that stand in it, which never become part of the command's text.
type Script struct {
	Shell  string            // for sh -c, with ${param.NAME} for values; empty: Words
	Words  []string          // with the macros of specs
	Values map[string]any    // of the parameters that Shell names
	Names  map[string]string // what stands in the file, by the name of the parameter
}

// Progress is what an attempt says while it runs.
type Progress struct {
	Percent *float64 `json:"percent,omitempty"`
	Text    string   `json:"text,omitempty"`

	At        int64           `json:"at,omitempty"`        // when it came about, in milliseconds since 1970; 0: now
	Milestone bool            `json:"milestone,omitempty"` // Text is one
	Name      string          `json:"name,omitempty"`      // of a value that the attempt names, which is Value
	Value     json.RawMessage `json:"value,omitempty"`
}

// ValueNamed is what an attempt says of itself by a name.
func ValueNamed(name string, value json.RawMessage) Progress {
	if len(value) == 0 || !json.Valid(value) {
		value = json.RawMessage("null")
	}
	text := string(value)
	var s string
	if json.Unmarshal(value, &s) == nil && text != "null" {
		text = s
	}
	return Progress{Text: fmt.Sprintf("%s = %.200s", name, text), Name: name, Value: value}
}

// Result is what an attempt leaves.
type Result struct {
	Outputs   map[string]any
	Winner    map[string]any // of a sweep
	Artifacts map[string]any // where its files lie, by name
	Signal    string         // id of the signal that it has used up
}

// ErrStop is the cause of a context that ends since the attempt is to end.
var ErrStop = errors.New("the step is to end")

// Failure is why an attempt has not succeeded.
type Failure struct {
	Fault engine.Fault
	Err   error
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// failed is a failure of the step itself.
func failed(format string, args ...any) error {
	return &Failure{engine.User, fmt.Errorf(format, args...)}
}

// wrong is one of what it was given.
func wrong(format string, args ...any) error {
	return &Failure{engine.Input, fmt.Errorf(format, args...)}
}

// lost is one of what ran it.
func lost(err error) error { return &Failure{engine.Platform, err} }

// GoneError says that the cluster cannot go on, or a run that is a step: the run is left as it is.
type GoneError struct{ Err error }

func (e *GoneError) Error() string { return e.Err.Error() }
func (e *GoneError) Unwrap() error { return e.Err }

// Cluster runs sweeps.
type Cluster interface {
	// Run runs a spec as the sweep of an id, or goes on with it when it was begun before, and returns when it has ended
	// and its results are stored. The cause of ctx says, as in Type.Run, what happens to it when ctx ends.
	Run(ctx context.Context, job Job) (Done, error)
	// Knows tells whether a sweep of an id was begun, by this process or a former one, and is not forgotten.
	Knows(id string) bool
	// Release forgets a sweep whose end is durable elsewhere; its results stay. That it is not known is no error.
	Release(ctx context.Context, id string) error
	// Ended is the phase in which a sweep of anybody's has ended, as succeeded; "": it has not, or is not there. The
	// error of one that the run may not ask for is a *Failure.
	Ended(ctx context.Context, id string) (phase string, there bool, err error)
	// Message hands a message to a trial of a sweep. ErrLater: the trial does not run yet.
	Message(ctx context.Context, id string, trial int, m Sent) error
}

// Job is a spec to be run.
type Job struct {
	ID     string
	Began  time.Time // of the attempt that it is of; what has its ID and is older is another's
	File   string    // absolute: where it counts as lying
	Source []byte
	Set    []string          // overrides
	Winner *board.Winner     // that it starts from; nil: none
	Single bool              // it has one trial, whose output is wanted
	Names  map[string]string // of a single one: what people know its parameters by, where they have not named them
	Told   func(Progress)
}

// Done is how a sweep ended.
type Done struct {
	Phase     sweep.Phase
	Reason    string
	Counts    sweep.Counts
	Winner    *board.Winner
	Trials    []board.Trial // at most MaxTable, best first
	Output    []byte        // of a single trial: what it wrote to $KAON_OUTPUT; nil: nothing
	Artifacts map[string]any
	Lost      bool // of a single trial: the cluster failed it
}

// MaxTable is how many trials of a sweep are handed on, MaxOutput how many bytes of outputs a step may write.
const (
	MaxTable  = 1000
	MaxOutput = 1 << 20
)

// OutputFile is the name of $KAON_OUTPUT among a trial's artifacts.
const OutputFile = "kaon-output.json"
