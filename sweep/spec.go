package sweep

import (
	"encoding/json"
	"time"
)

// Spec is a parsed and checked sweep file. Nothing in it changes after Parse.
type Spec struct {
	File        string // as given, "-" for standard input
	Source      []byte // the bytes that were parsed
	Name        string
	Description string
	Method      string
	Seed        uint64 // from the file, or derived from Source
	Objective   Metric // `metric`; zero Name when the sweep has no objective
	Metrics     []Metric
	Space       *Space
	Trials      int  // how many trials this sweep runs: min(size of a grid, run_cap, the cap of 100)
	Capped      bool // run_cap was absent and the search would never end, so Trials is the cap
	Command     Command
	Task        Task
	Limits      Limits
	Queue       string
	Then        *Then
}

// Goal is the direction of a metric.
type Goal string

const (
	Minimize Goal = "minimize"
	Maximize Goal = "maximize"
)

// Reduce says which number of a metric's series stands for the trial.
type Reduce string

const (
	Last Reduce = "last"
	Min  Reduce = "min"
	Max  Reduce = "max"
	Mean Reduce = "mean"
)

// Metric is a recorded number; with a Goal it is an objective.
type Metric struct {
	Name   string   `json:"name"`
	Goal   Goal     `json:"goal,omitempty"`
	Reduce Reduce   `json:"reduce,omitempty"`
	Target *float64 `json:"target,omitempty"` // W&B: the sweep ends when a trial reaches it
}

// Command is the trial's command before macros are expanded.
type Command struct {
	Program string   // for ${program}
	Argv    []string // executed as it is
	Shell   string   // run by sh -c
}

// Task is what one trial is to the cluster.
type Task struct {
	Constraints []Constraint
	Env         map[string]string
	Retries     int
	Timeout     time.Duration
	Grace       time.Duration
	Filters     []string // regular expressions for stdout
	// resources, image and the rest join with their issues; Demand below resolves resources for one point
}

// Limits bound a sweep.
type Limits struct {
	Parallel    int           // 0: none
	Failed      int           // 0: none; stop after so many failed trials
	FailedShare float64       // 0: none; stop when this share of all trials has failed
	Wall        time.Duration // 0: none
}

// Then is the step started with the winner: one command or one spec file.
type Then struct {
	Command Command
	Spec    string // path of a spec, relative to this spec's folder
}

// MarshalJSON writes the point as an object in the spec's order.
func (p Point) MarshalJSON() ([]byte, error) {
	buf := []byte{'{'}
	for i, param := range p {
		if i > 0 {
			buf = append(buf, ',')
		}
		k, err := json.Marshal(param.Name)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(param.Value)
		if err != nil {
			return nil, err
		}
		buf = append(append(append(buf, k...), ':'), v...)
	}
	return append(buf, '}'), nil
}
