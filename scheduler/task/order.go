package task

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
	// working directory, below the attempt's own unless absolute; empty: that
	Dir string `codec:"dir,omitempty"`
	// it runs in an image: without code and Dir it starts where the image says
	Inside bool    `codec:"inside,omitempty"`
	Alone  bool    `codec:"alone,omitempty"` // what is in that image's container is no other attempt's
	User   string  `codec:"user,omitempty"`  // user[:group] it runs as; empty: as the executor
	Files  []File  `codec:"files,omitempty"`
	Limits *Limits `codec:"limits,omitempty"` // nil: the attempt may take what there is

	// folder of TensorBoard's event files, below where it starts; empty: the usual ones; or NoEvents
	Events   string `codec:"events,omitempty"`
	NoWandb  bool   `codec:"no_wandb,omitempty"`  // programs that log to W&B are left alone
	NoMlflow bool   `codec:"no_mlflow,omitempty"` // and those that log to MLflow
	// file for Prometheus, below where it starts, or absolute in an image; empty: none
	Prometheus string `codec:"prometheus,omitempty"`
	Processes  int    `codec:"processes,omitempty"` // most at a time; 0: the executor's own bound

	// names the sweep watches; name=value on stdout is read only for these
	Metrics []string `codec:"metrics,omitempty"`
	// regular expressions with two groups, name and value, for stdout (Katib)
	Filters   []string      `codec:"filters,omitempty"`
	Objective string        `codec:"objective,omitempty"`
	Timeout   time.Duration `codec:"timeout,omitempty"` // 0: none
	Grace     time.Duration `codec:"grace,omitempty"`   // between SIGTERM and SIGKILL; 0: 5 s

	Code    *Source  `codec:"code,omitempty"`    // archive that is unpacked into the attempt's working directory
	Inputs  []Source `codec:"inputs,omitempty"`  // files and folders put below $KAON_INPUTS, shared by attempts
	Secrets string   `codec:"secrets,omitempty"` // URL of a JSON object of variables that are nobody else's business
	Deliver *Deliver `codec:"deliver,omitempty"` // nil: what the attempt leaves behind stays in the sandbox

	Bundle *Bundle `codec:"bundle,omitempty"` // nil: the task runs this attempt alone

	// Interval is the least time between updates of the executor that only bring points; 0: its own, and no receipts
	// come (Control.Received). The newest order and Control say what goes for all its attempts.
	Interval time.Duration `codec:"interval,omitempty"`
}

// Limits are what an attempt is held to, with all that it starts.
type Limits struct {
	CPUs     float64 `codec:"cpus,omitempty"`      // cores; 0: none
	HardCPUs bool    `codec:"hard_cpus,omitempty"` // also while others leave some idle
	Memory   int64   `codec:"memory,omitempty"`    // bytes; 0: none
}

// Source is a file that the executor fetches, once for all attempts that name it.
type Source struct {
	URL    string `codec:"url"`              // http, https or file
	SHA256 string `codec:"sha256,omitempty"` // hex; empty: not checked
	Name   string `codec:"name,omitempty"`   // whose ending tells what an archive is
	To     string `codec:"to,omitempty"`     // path below $KAON_INPUTS
	Unpack bool   `codec:"unpack,omitempty"` // To becomes a folder with the archive's content
}

// Deliver says what of an attempt goes to the bucket at its end, and which way.
type Deliver struct {
	URL string `codec:"url"` // of the attempt at the file server
	// patterns of names below $KAON_ARTIFACTS; plain names must be there
	Artifacts []string `codec:"artifacts,omitempty"`
	Bytes     int64    `codec:"bytes,omitempty"` // of all artifacts together; 0: no bound

	NoArtifacts bool   `codec:"no_artifacts,omitempty"`
	Logs        string `codec:"logs,omitempty"` // failed, all or none; empty: none
}

// File is written into the attempt's folder before it starts (${args_json_file}, KAON_WINNER).
type File struct {
	Name string `codec:"name"` // relative to the attempt's folder
	Data []byte `codec:"data"`
}

// Report is what an executor says of one attempt: more points, and at the end how it ended. Points of other
// attempts of the same executor may come along, since an update costs the cluster the same for one as for many.
// Updates of different tasks keep no order among them, so a Report may arrive before points that precede its own:
// all before First-Lost are on their way, and whoever takes the Report in waits for them.
type Report struct {
	First  uint64          `codec:"first"` // number of Points[0] in the attempt
	Points []results.Point `codec:"points,omitempty"`
	End    *End            `codec:"end,omitempty"`  // only in the terminal update
	Lost   uint64          `codec:"lost,omitempty"` // points right before First that will never come
	Others []Part          `codec:"others,omitempty"`
	// bytes that the executor sent so far, these included; see Control.Received
	Sent uint64 `codec:"sent,omitempty"`
	Asks bool   `codec:"asks,omitempty"` // it waits until it hears that they were taken in

	Attempts []AttemptReport `codec:"attempts,omitempty"` // of a bundle, which says nothing above
}

// Part is points of an attempt that came with an update of another.
type Part struct {
	Task   string          `codec:"task"`
	First  uint64          `codec:"first"`
	Points []results.Point `codec:"points"`
}

// End says how an attempt's process ended.
type End struct {
	Exit     int      `codec:"exit"`             // exit code; -1 when a signal ended it
	Signal   int      `codec:"signal,omitempty"` // the signal that ended it
	TimedOut bool     `codec:"timed_out,omitempty"`
	Killed   bool     `codec:"killed,omitempty"` // by the scheduler's KILL or the executor's shutdown
	Error    string   `codec:"error,omitempty"`  // it could not be started, and why
	Stderr   []string `codec:"stderr,omitempty"` // last lines
	Limit    int64    `codec:"limit,omitempty"`  // bytes of memory; set when a process of it was killed at this limit
	// Limit is the attempt's own; else that of the container, executor included
	Own bool `codec:"own,omitempty"`
	// a process of it was killed below its limit: the machine or the container had no memory left
	Squeezed bool   `codec:"squeezed,omitempty"`
	Dropped  uint64 `codec:"dropped,omitempty"` // points refused because the attempt wrote more than its bound
	StartMs  int64  `codec:"start_ms"`
	EndMs    int64  `codec:"end_ms"`
	Sandbox  string `codec:"sandbox,omitempty"` // the attempt's folder on the agent: stdout, stderr, metrics

	Artifacts []results.Artifact `codec:"artifacts,omitempty"` // that reached the bucket
	// what the executor itself was short of to start it: descriptors, processes or memory
	Starved string `codec:"starved,omitempty"`
	// Full is what the file system of its sandbox lacked at some moment of an attempt that has not succeeded, or could
	// not be started, as package executor/disk calls it. Filled: the attempt itself held more of it than it may, and
	// how much, for people.
	Full   string `codec:"full,omitempty"`
	Filled string `codec:"filled,omitempty"`
	// Unanswered: it could not be started (Error), for a file system of its agent did not answer
	Unanswered bool   `codec:"unanswered,omitempty"`
	Lacks      string `codec:"lacks,omitempty"` // what is missing of an attempt that exited with 0

	Unread []results.Unread `codec:"unread,omitempty"` // of its output, that may have been meant as metrics
	// Undelivered is what it left as artifacts and is none, and why: "model, a link to what is not there".
	Undelivered []string `codec:"undelivered,omitempty"`
}

// Control is a message to a running attempt or, without a Task, to its executor; or (Progress) from one.
// Controls may be lost.
type Control struct {
	Task     string  `codec:"task"`               // task id, <sweep>.<index>.<attempt>
	Body     []byte  `codec:"body,omitempty"`     // JSON appended as one line to $KAON_CONTROL
	Progress float64 `codec:"progress,omitempty"` // of executors of former releases: percent done
	Kill     *Kill   `codec:"kill,omitempty"`     // scheduler to executor: end this attempt of a bundle, and no other
	// of Body: what has the id of an earlier one is that, sent again; empty: it has none
	ID     string `codec:"id,omitempty"`
	Recall bool   `codec:"recall,omitempty"` // likewise, with a bundle's task: give back what has not begun

	Interval time.Duration `codec:"interval,omitempty"` // as in an Order
	Received uint64        `codec:"received,omitempty"` // the highest Report.Sent that the scheduler has taken in
}
