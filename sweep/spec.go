package sweep

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Spec is a parsed and checked sweep file. Nothing in it changes after Parse.
type Spec struct {
	File        string   // as given, "-" for standard input
	Source      []byte   // the bytes that were parsed
	Overrides   []string // the key=value arguments that were applied to them, in order
	Effective   []byte   // the file with them applied, as JSON without spaces; nil beyond 16 MB
	Name        string
	Description string
	Method      string
	Chosen      string   // why Method is what it is, one sentence; empty: the spec says so itself
	Sampler     *Sampler // whose points the method `command` takes
	Shuffled    bool     // a grid is walked in an order that the seed chooses
	Seed        uint64   // from the file, an option, or derived from what the spec searches
	OwnSeed     bool     // it is not derived
	Objective   Metric   // `metric`; zero Name when the sweep has no objective
	Metrics     []Metric
	Space       *Space
	Try         []Point  // of the first trials; more than there are trials when `run_cap` is small
	From        []string // sweeps whose results the search starts from
	Prior       []Prior  // the trials of those, once they were read; Parse leaves it empty
	Repeat      Repeat
	Cache       bool    // `cache`: results of the same work, of this sweep's place of results, stand for trials
	Trials      int     // how many trials this sweep runs: min(size of a grid, run_cap, the cap of 100)
	Capped      bool    // run_cap was absent and the search would never end, so Trials is the cap
	RunCap      int     // `run_cap`; 0: it was absent
	Extensions  int     // how often it was extended
	Former      *Former // the search that a sweep that was extended began with; nil: none
	Command     Command
	Task        Task
	Limits      Limits
	Early       []EarlyStop // `early_terminate`: who is ended before it is done
	Packing     string      // what packing pursues: tight, soonest, spread or first; empty: the scheduler decides
	Queue       string      // of a server, that it waits in; empty: DefaultQueue
	Priority    int         // in its queue; higher first
	Artifacts   Artifacts
	Then        *Then
	Warnings    []*Error // accepted, but likely not meant; to be shown, not to stop for
}

// Former is the search that a sweep began with and went on from.
type Former struct {
	Spec *Spec
	From int // the first trial whose point is not of it
}

// Prior is how a trial of another sweep ended, which a search that learns is told before it chooses its first point.
type Prior struct {
	Point Point
	State State
	Value float64 // of this sweep's objective, reduced; meaningless unless Known
	Known bool
}

// WithPrior is the spec with what its search starts from: the trials of the sweeps that From names. What goes on from
// the spec by Extend starts from the same.
func (s *Spec) WithPrior(prior []Prior) *Spec {
	out := *s
	out.Prior = prior
	return &out
}

// Task is what one trial is to the cluster.
type Task struct {
	Constraints []resource.Constraint
	Env         map[string]string
	Retries     int           // further attempts after the user's own failures
	Timeout     time.Duration // of one attempt; 0: none
	Grace       time.Duration // between SIGTERM and SIGKILL; 0: the executor's default
	Filters     []string      // regular expressions with two groups, name and value, for stdout
	Container   *Container    // the image trials run in; nil: on the host
	Bundle      Bundle        // how many trials one task runs, one after the other
	Isolation   Isolation     // how many trials share an executor; Contained by default with an image
	Processes   int           // most of one attempt at a time; 0: the executor's default
	HardCPUs    bool          // a trial never gets more cpus than it asks for, though others leave some idle
	Code        string        // folder that trials get a copy of, relative to the spec's; empty: none
	// where trials start, below their working directory unless absolute; empty: there
	Dir      string
	Fetch    []Fetch  // inputs
	Secrets  []string // variables of the submitter's environment
	NoWandb  bool     // programs that log to W&B are left alone
	NoMlflow bool     // and those that log to MLflow
	// file that trials write for Prometheus, below where they start, or absolute in an image; empty: none
	Prometheus string
	// folder of TensorBoard's event files, below where trials start; empty: the usual ones; or NoEvents
	Events    string
	Logs      string // whose output goes to the bucket: LogsFailed, LogsAll or LogsNone
	resources demand
	// of what is found out to be missing after the spec was read, without a problem
	places map[string]*Error
}

// Isolation says what an attempt shares with others on its agent.
type Isolation string

const (
	// one warm executor per agent runs many attempts, each a process group of its own
	Shared    Isolation = "shared"
	Contained Isolation = "container" // an executor, and so a container of the cluster, for each attempt
)

// Limits bound a sweep.
type Limits struct {
	Parallel    int     // 0: none
	Failed      int     // 0: none; stop after so many failed trials
	FailedShare float64 // 0: none; stop when this share of all trials has failed
	// FirstFailures is how many of the first trials have to fail, all in the same way and at once, to stop
	// the sweep; 0: never.
	FirstFailures int
	Wall          time.Duration // 0: none
	Queue         time.Duration // 0: none; stop when no trial has been launched by then
	Steps         int64         // 0: none; of all trials together, as Budget counts them
	TrialSteps    int64         // 0: none; a trial that has made them is done
	TrialTime     time.Duration // 0: none; a trial that has run for so long is done
}

// Reached reports whether so many failed trials, of total, end a sweep.
func (l Limits) Reached(failed, total int) bool {
	return l.Failed > 0 && failed >= l.Failed || l.FailedShare > 0 && float64(failed) >= l.FailedShare*float64(total)
}

// FailedText is the limit of failed trials as a spec has it.
func (l Limits) FailedText() string {
	if l.Failed > 0 {
		return fmt.Sprintf("limits.failed: %d", l.Failed)
	}
	return fmt.Sprintf("limits.failed: %v%%", math.Round(l.FailedShare*1e4)/100)
}

// Then is the step started with the winner: one command or one spec file.
type Then struct {
	Command Command
	Spec    string // path of a spec, relative to this spec's folder
	Next    *Spec  // the parsed Spec, when Parse was given WithFiles
}

// Step reports whether a command follows the trials, as a step of the same sweep, and not a sweep of its own,
// or nothing.
func (t *Then) Step() bool { return t != nil && t.Spec == "" }

// ThenTrial stands for the step that follows the trials where a trial's index is expected. It is in journals
// and records.
const ThenTrial = -1

// Folder is where the spec's relative paths start.
func (s *Spec) Folder() string { return filepath.Dir(s.File) }

// Demand is what one trial asks for at a point. It fails when an expression cannot be evaluated there or
// gives an amount that cannot be asked for; Parse has tried the space's corners and a sample.
func (s *Spec) Demand(p Point) (resource.Resources, error) { return s.Task.resources.at(s.Space, p) }

// DemandVaries says whether trials ask for different amounts: resources are expressions over parameters. When
// it is false, Demand answers for any point, a nil one too.
func (s *Spec) DemandVaries() bool { return s.Task.resources.varies() }

// WantsDisk says whether some trial may ask for disk.
func (s *Spec) WantsDisk() bool { return s.Task.resources.disk.asked() }

// WantsDevices says whether some trial may ask for GPUs or other devices.
func (s *Spec) WantsDevices() bool {
	return s.Task.resources.gpus.asked() || slices.ContainsFunc(s.Task.resources.named, func(q namedQuantity) bool {
		return resource.Extended(q.name) && q.asked()
	})
}

// MaxTrials bounds one sweep, ten times what one sweep is designed for. Everything that holds trials keeps to
// this bound.
const MaxTrials = 10_000_000

// TrialLimits are the amounts that one trial is held to, with all that it starts. Only what the spec names is
// a limit: a spec that is silent says nothing about how much its trials may take.
type TrialLimits struct {
	CPUs     resource.Milli // cores; 0: no limit
	HardCPUs bool           // CPUs are the most it gets; else it gets more while others leave it some
	Mem      resource.Milli // MB of 2^20 bytes; 0: no limit
}

// TrialLimits gives the limits of a trial at a point. It fails where Demand does.
func (s *Spec) TrialLimits(p Point) (TrialLimits, error) {
	r := &s.Task.resources
	if !r.cpus.named && !r.mem.named {
		return TrialLimits{}, nil
	}
	need, err := r.at(s.Space, p)
	if err != nil {
		return TrialLimits{}, err
	}
	l := TrialLimits{HardCPUs: s.Task.HardCPUs}
	if r.cpus.named {
		l.CPUs = need.CPUs
	}
	if r.mem.named {
		l.Mem = need.Mem
	}
	return l, nil
}

// Points is how many points the sweep runs.
func (s *Spec) Points() int { return s.Trials / max(s.Repeat.Trials, 1) }
