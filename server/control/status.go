package control

import (
	"encoding/json"
	"os"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// Status is what a running scheduler says of itself.
type Status struct {
	PID       int       `json:"pid"`
	Connected bool      `json:"connected"` // to the master
	Framework string    `json:"framework"`
	Sweeps    []Sweep   `json:"sweeps"`
	Running   []Running `json:"running"` // attempts that are launched or running, by sweep and trial
}

// Sweep is one sweep of a Status.
type Sweep struct {
	Sweep     string       `json:"sweep"`
	State     string       `json:"state"` // a sweep.Phase
	Paused    bool         `json:"paused"`
	Sentence  string       `json:"sentence,omitempty"` // why it ends or ended
	Trials    sweep.Counts `json:"trials"`
	Staged    int          `json:"staged,omitempty"`   // of those launched: behind another in their bundle
	Best      *Best        `json:"best"`               // null: none yet
	Progress  *float64     `json:"progress,omitempty"` // mean percent of running trials that say it
	Waiting   string       `json:"waiting,omitempty"`  // why the last packing pass left trials waiting
	Then      string       `json:"then,omitempty"`     // state of the step that follows the trials
	Submitted string       `json:"submitted"`          // RFC 3339
	Queue     string       `json:"queue,omitempty"`    // of a server, that it waits in; absent: default
	Priority  int          `json:"priority,omitempty"` // in its queue
	LastLoss  *Loss        `json:"last_loss,omitempty"`
	Damaged   string       `json:"damaged,omitempty"` // and what to do; absent: nothing that is known
	// EarlyStopped is how many trials early stopping or their budgets have ended, by rule; absent: none.
	EarlyStopped map[sweep.StopRule]int `json:"early_stopped,omitempty"`
}

// Loss is the last attempt that was lost through no fault of its trial.
type Loss struct {
	Trial   int    `json:"trial"`
	Attempt int    `json:"attempt"`
	Agent   string `json:"agent"`
	Reason  string `json:"reason"`
	Time    string `json:"time"`  // RFC 3339
	Count   int    `json:"count"` // losses of the sweep since the process that runs it began
}

// Best is the leading trial.
type Best struct {
	Trial int            `json:"trial"`
	Value results.Number `json:"value"`
}

// Running is one attempt that is alive.
type Running struct {
	Sweep   string   `json:"sweep"`
	Trial   int      `json:"trial"`
	Attempt int      `json:"attempt"`
	State   string   `json:"state"`            // launched | running
	Task    string   `json:"task,omitempty"`   // of the cluster, where it is that of another attempt too and has its id
	Staged  bool     `json:"staged,omitempty"` // behind another in its bundle: it has not begun
	Host    string   `json:"host"`
	Percent *float64 `json:"percent,omitempty"` // as the trial last said

	Params json.RawMessage `json:"params,omitempty"` // what it runs with
	Seed   uint64          `json:"seed,omitempty"`
}

// StatusOf puts together what the server says of sweeps and attempts.
func StatusOf(
	snap scheduler.Snapshot, alive []scheduler.AttemptStatus, waiting, damaged func(sweep string) string,
) Status {
	out := Status{
		PID: os.Getpid(), Connected: snap.Connected, Framework: string(snap.Framework),
		Sweeps: []Sweep{}, Running: []Running{},
	}
	for _, a := range alive {
		out.Running = append(out.Running, Running{
			Sweep: a.Sweep, Trial: a.Trial, Attempt: a.Attempt, State: a.State.String(), Task: a.Task, Staged: a.Staged,
			Host:    a.Host,
			Percent: a.Percent, Params: a.Params, Seed: a.Seed,
		})
	}
	for _, s := range snap.Sweeps {
		sweep := Sweep{
			Sweep: s.ID, State: string(s.Phase), Paused: s.Paused, Sentence: s.Reason,
			Submitted:    s.Submitted.UTC().Format(time.RFC3339Nano),
			Trials:       s.Counts,
			Staged:       s.Staged,
			Progress:     s.Percent,
			Waiting:      waiting(s.ID),
			Damaged:      damaged(s.ID),
			EarlyStopped: s.Early,
			Queue:        s.Spec.Queue,
			Priority:     s.Spec.Priority,
		}
		if s.Spec.Then.Step() {
			sweep.Then = s.Then.String()
		}
		if s.BestTrial >= 0 {
			sweep.Best = &Best{Trial: s.BestTrial, Value: results.Number(s.Best)}
		}
		if l := s.Loss; l.Count > 0 {
			sweep.LastLoss = &Loss{l.Trial, l.Attempt, l.Agent, l.Reason, l.At.UTC().Format(time.RFC3339Nano), l.Count}
		}
		out.Sweeps = append(out.Sweeps, sweep)
	}
	return out
}
