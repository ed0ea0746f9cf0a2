package executor

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/disk"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/executor/mlflow"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// defaultGrace is what an order without a grace gives a trial between SIGTERM and SIGKILL.
const defaultGrace = 5 * time.Second

// host is what the attempts of one executor share: what they are made with, and whom they tell.
type host struct {
	conf    *Config
	sandbox *safefile.Dir
	cache   *cache
	limiter *limiter
	starter *starter
	slots   slots
	disk    *disk.Watch // nil: an attempt that is run by hand

	spares    *spares
	leftovers *leftovers
	wandb     *wandbHook
	mlflow    *mlflow.Server // nil: an attempt that is run by hand

	// An attempt knows nothing of the agent. These are its ways up; send and sendHere take the attempt's
	// lock.
	send     func(*attempt) // sends the update that is due, without waiting for the network
	sendHere func(*attempt) // the same by a goroutine that may wait
	reapSoon func()         // something may have been left behind
}

// attempt is one attempt: its order, its process, and what it has said. Its run method has a goroutine of its
// own; while the process runs, so have its two pipes and its metrics file. The lock guards collector, outbox
// and process; nobody holds it while waiting for the network.
type attempt struct {
	id  string
	dir string // its folder in the sandbox
	// the same, opened, for all access to it; nil at first and once it was given back
	files     atomic.Pointer[safefile.Dir]
	access    sync.Mutex // held while it is written to for others than the trial, and given back
	looks     looks      // at what it writes, while it runs
	controls  controls
	told      []string // ids of the last messages that were appended to its control file; guarded by access
	tag       proc.Tag // of its processes
	order     task.Order
	resources []mesosapi.Resource
	ctx       context.Context // ends when the task is killed
	stop      context.CancelFunc

	work    string            // folder of its own copy of the code, else dir
	inputs  string            // $KAON_INPUTS
	resumed string            // $KAON_RESUME_FROM; empty: no earlier attempt left anything
	private map[string]string // secrets, and what hides them
	hide    *mask.Secrets
	host    *host
	begin   time.Time
	limits  *limit    // nil before it starts
	disk    *disk.Use // nil before it runs

	mu struct {
		sync.Mutex
		info     *mesosapi.TaskInfo // until an update was acknowledged; the agent wants it on resubscription
		out      *outbox.Outbox
		collect  *parse.Collector
		process  *process // nil before the start and after the end
		leader   int      // its process id, also after the end; 0: it has not started
		killed   bool     // by KILL or shutdown
		timedOut bool
		grace    *time.Timer  // until SIGKILL
		limit    *time.Timer  // until the order's timeout
		send     *time.Timer  // until the next update is due
		tooLong  uint64       // lines beyond the bounds of a line, and notes beyond those of an attempt
		unread   parse.Unread // lines that were passed over
		reported bool         // the objective was
		cutShort bool         // it was ended, so that its last line may be a part of one
		notes    int          // notes reported
		tooMany  string       // that it had too many processes, and was ended for it
		closed   bool         // its end is written; nothing can be added
	}
	sources []metricSource   // belong to the goroutine of readMetrics, once that is there
	mlflow  *mlflow.Tracking // nil: MLflow is left alone
	stdout  parse.Lines      // belongs to the goroutine of readStdout; afterwards to run
	spill   outbox.FileSpill
}

// newAttempt makes the attempt of an order; one that cannot be run gives an attempt that fails at once. bad is why the
// order could not be read. serial tells the attempt from all others of this executor.
func newAttempt(
	h *host, id string, resources []mesosapi.Resource, order *task.Order, bad error, serial uint64,
) (*attempt, error) {
	t := &attempt{id: id, host: h, resources: resources, order: *order, begin: time.Now(),
		tag: proc.TagOf(h.conf.HostSandbox, serial)}
	t.ctx, t.stop = context.WithCancel(context.Background())
	t.mu.out = outbox.New(h.conf.bounds(), &t.spill, t.begin)
	t.mu.collect = &parse.Collector{}
	if t.id == "" || t.id == "." || t.id == ".." || strings.ContainsAny(t.id, "/\x00") {
		return t, fmt.Errorf("task id %q cannot name a folder", t.id)
	}
	t.dir = filepath.Join(h.conf.Sandbox, t.id)
	t.stdout = parse.Lines{Max: h.conf.MaxLine, Long: t.lineTooLong} // whoever feeds it has the lock
	if bad != nil {
		return t, bad
	}
	if (len(t.order.Argv) == 0) == (t.order.Shell == "") {
		return t, fmt.Errorf("order of %s: want exactly one of argv and shell", t.id)
	}
	collect, err := parse.NewCollector(&t.order)
	if err != nil {
		return t, err
	}
	t.mu.collect = collect
	return t, nil
}

// lineTooLong notes a line that is passed over. The lock is held.
func (t *attempt) lineTooLong(begin []byte) {
	t.mu.unread.Add(parse.ReasonLong(t.host.conf.MaxLine), begin, t.hide)
}

// ID implements outbox.Member.
func (t *attempt) ID() string { return t.id }

// Use implements outbox.Member.
func (t *attempt) Use(f func(*outbox.Outbox)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(t.mu.out)
}

// sendAfter sets the timer for a later update.
func (t *attempt) sendAfter(wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.mu.out.Ended():
	case t.mu.send == nil:
		t.mu.send = time.AfterFunc(wait, crash.Func(func() { t.host.send(t) }))
	default:
		t.mu.send.Reset(wait)
	}
}

// gracePeriod is how long a trial has between SIGTERM and SIGKILL when nobody says otherwise.
func (t *attempt) gracePeriod() time.Duration {
	if t.order.Grace > 0 {
		return t.order.Grace
	}
	return defaultGrace
}

// closeFiles gives the attempt's folder back, which nothing is written to any more.
func (t *attempt) closeFiles() {
	if files := t.files.Load(); files != nil {
		files.Close()
	}
}
