package server

import (
	"log/slog"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Config says where a server keeps its state and its results, and where its trials run. Folder and Bucket
// are required.
type Config struct {
	// Folder holds the journal, the control socket and, on the embedded cluster, sandboxes. It is made when it
	// is not there.
	Folder string
	// Only is the id of the one sweep that the folder is for; what belongs to that sweep then lies in Folder
	// itself. Empty: there may be many, and each has a folder of its own below Folder.
	Only string

	Bucket       bucket.Bucket
	BucketFolder string         // absolute path of a bucket that is a folder, left out of packed code
	BoardStats   *board.Metrics // counters of what boards take; nil: none
	StoreStats   *store.Metrics // of what writers do; nil: none

	Cluster        Cluster
	FrameworkName  string        // how the master lists it; empty: kaon
	GPUs           bool          // take offers of agents with GPUs even if no sweep of the journal wants one
	Packing        offers.Policy // empty: the packer's default
	PartitionGrace time.Duration // for an unreachable attempt to come back; 0: the scheduler's default
	UnprovenCap    int           // launches at once on an agent without a record; 0: the scheduler's default
	CountsAgents   bool          // somebody counts agents: offers come also while there is nothing to run
	// ended sweeps that can be gone on with; the results alone have those before; 0: the scheduler's default
	KeptSweeps int

	Version string   // of this program, noted with every sweep
	Command []string // how this program was started, noted with every sweep; secrets are taken out

	// Notify is called with what people should know, by several goroutines. It must not block, nor call the
	// server. nil: nobody is told.
	Notify func(Notice)
	// Heard is called with what the scheduler tells, in its goroutine, when the server has taken it in. It must
	// not block, nor call the server. nil: nobody listens.
	Heard func(scheduler.Notice)
	Log   *slog.Logger // nil: none

	// Fence is asked behind each write of the journal, before anything follows from it, and before each call to the
	// cluster. Its error, which says that another server has taken over, ends this one. nil: there is no other.
	Fence func() error

	// For measurements and tests: what stands between the scheduler and its journal or driver. nil: nothing.
	WrapJournal func(journal.Journal) journal.Journal
	WrapDriver  func(cluster.Driver) cluster.Driver
}

// Cluster says where trials run and how executors there reach this process.
type Cluster struct {
	Mesos      *mesos.Config      // how to reach the masters of a Mesos
	Kubernetes *kubernetes.Config // which Kubernetes; nil, and no Mesos: a cluster of one agent in this process
	Address    string             // of that, as it was given; noted with sweeps, without secrets. Empty: local

	Executor        string // of agents: a path that each has, or a URL; empty: this program is served to them
	ExecutorForeign string // this program for the other architecture; empty: kaon-linux-<arch> beside it
	Advertise       string // HOST or HOST:PORT at which executors reach this process; empty: found out
	Containerizer   string // docker or mesos, whatever specs say; empty: as they say
	WorkDir         string // where trials on the host start: spec or sandbox; empty: by the masters' place

	GPUs  string // of the embedded cluster's machine: how many, ids as in 0,2 or id:3, or none; empty: found out
	Alone bool   // the embedded cluster takes the machine without regard to this user's other runs

	ConnectTimeout time.Duration // how long to look for a master before giving up; 0: 30 s
}

const (
	addressLocal          = "local"
	defaultConnectTimeout = 30 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Notify == nil {
		c.Notify = func(Notice) {}
	}
	if c.Heard == nil {
		c.Heard = func(scheduler.Notice) {}
	}
	if c.WrapJournal == nil {
		c.WrapJournal = func(j journal.Journal) journal.Journal { return j }
	}
	if c.WrapDriver == nil {
		c.WrapDriver = func(d cluster.Driver) cluster.Driver { return d }
	}
	if c.FrameworkName == "" {
		c.FrameworkName = "kaon"
	}
	if c.Cluster.Address == "" {
		c.Cluster.Address = addressLocal
	}
	if c.Cluster.ConnectTimeout == 0 {
		c.Cluster.ConnectTimeout = defaultConnectTimeout
	}
	return c
}

// Notice is one thing that people should know.
type Notice struct {
	Sweep string // that it is about; empty: none, or all
	Kind  NoticeKind
	Text  string // one line, without an end
}

// NoticeKind tells notices apart that a program may want to treat differently.
type NoticeKind int

// The kinds of notices.
const (
	News       NoticeKind = iota // of sweeps, agents and attempts
	Warning                      // of what may go wrong with a sweep
	Connecting                   // no master has answered yet
)
