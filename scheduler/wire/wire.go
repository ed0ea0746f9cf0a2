package wire

import (
	"time"

	"github.com/kaon-sweep/kaon/results"
)

// Version is the first byte of every message.
const Version = 1

// Folder stands for the attempt's own folder in Argv, Shell and the values of Env of an Order: only the
// executor knows the path. It begins and ends with NUL, which no argument can hold.
const Folder = "\x00folder\x00"

// Order is one attempt to run. Everything is resolved: macros expanded, environment complete.
type Order struct {
	Sweep   string   `codec:"sweep"`
	Trial   int      `codec:"trial"`
	Attempt int      `codec:"attempt"`
	Argv    []string `codec:"argv,omitempty"`  // executed as it is
	Shell   string   `codec:"shell,omitempty"` // run by sh -c; exactly one of Argv and Shell is set
	Env     []string `codec:"env,omitempty"`   // KEY=VALUE, added to the executor's own environment
	Params  []byte   `codec:"params"`          // JSON object; becomes KAON_PARAMS and KAON_PARAM_<NAME>
	Seed    uint64   `codec:"seed"`
	Dir     string   `codec:"dir,omitempty"`  // working directory; empty: the task's own folder in the sandbox; ".": the executor's own, which an image sets
	User    string   `codec:"user,omitempty"` // user[:group] the attempt runs as; empty: as the executor
	Files   []File   `codec:"files,omitempty"`

	Metrics   []string      `codec:"metrics,omitempty"` // names the sweep watches; name=value on stdout is read only for these
	Filters   []string      `codec:"filters,omitempty"` // regular expressions with two groups, name and value, for stdout (Katib)
	Objective string        `codec:"objective,omitempty"`
	Timeout   time.Duration `codec:"timeout,omitempty"` // 0: none
	Grace     time.Duration `codec:"grace,omitempty"`   // between SIGTERM and SIGKILL; 0: 5 s
}

// File is written into the attempt's folder before it starts (${args_json_file}, KAON_WINNER).
type File struct {
	Name string `codec:"name"` // relative to the attempt's folder
	Data []byte `codec:"data"`
}

// Report is what an executor says of one attempt: more points, and at the end how it ended.
type Report struct {
	First  uint64          `codec:"first"` // number of Points[0] in the attempt
	Points []results.Point `codec:"points,omitempty"`
	End    *End            `codec:"end,omitempty"` // only in the terminal update
}

// End says how an attempt's process ended.
type End struct {
	Exit     int      `codec:"exit"`             // exit code; -1 when a signal ended it
	Signal   int      `codec:"signal,omitempty"` // the signal that ended it
	TimedOut bool     `codec:"timed_out,omitempty"`
	Killed   bool     `codec:"killed,omitempty"`  // by the scheduler's KILL or the executor's shutdown
	Error    string   `codec:"error,omitempty"`   // it could not be started, and why
	Stderr   []string `codec:"stderr,omitempty"`  // last lines
	Limit    int64    `codec:"limit,omitempty"`   // bytes of memory; set when the kernel killed a process of it at this limit
	Dropped  uint64   `codec:"dropped,omitempty"` // points refused because the attempt wrote more than its bound
	StartMs  int64    `codec:"start_ms"`
	EndMs    int64    `codec:"end_ms"`
	Sandbox  string   `codec:"sandbox,omitempty"` // the attempt's folder on the agent: stdout, stderr, metrics
}

// Control is a message to a running attempt, or (Progress) from one. Controls may be lost.
type Control struct {
	Task     string  `codec:"task"`               // task id, <sweep>.<index>.<attempt>
	Body     []byte  `codec:"body,omitempty"`     // JSON appended as one line to $KAON_CONTROL
	Progress float64 `codec:"progress,omitempty"` // executor to scheduler: percent done
}
