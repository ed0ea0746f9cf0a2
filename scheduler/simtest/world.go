package simtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/maintenance"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
)

// world is one run: the clock, what will happen, and all that takes part. One goroutine, no real time.
type world struct {
	story    Story
	mutation Mutation
	rng      *rand.Rand
	begin    time.Time
	now      time.Time
	queue    timer.Queue
	steps    int
	calm     bool // the faults are over

	specs    specs
	earlier  earlierWork
	cluster  *embedded.Core
	machines []*machine
	byName   map[string]*machine
	streams  uint64 // stream ids given out
	driver   *driver
	disk     simDisk
	bucket   *faultyBucket
	process  *process // nil: the scheduler is down
	lives    int      // of the scheduler
	replays  int      // how often a writer had to read records again
	skew     time.Duration
	slow     struct{ events, calls, process time.Time } // until when
	armed    [Kinds][]uint32
	windows  []maintenance.Window // the maintenance schedule
	posting  bool                 // no master has it yet
	down     *machine             // whose maintenance is started; nil: none
	counts   Counts
	truth    groundTruth
	laws     laws
	hash     uint64 // of all that was ever Ready

	failure string // the first law broken
	hashing bool
	trace   func(line string)
}

// start is the beginning of virtual time.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(s Story, mutation Mutation, trace func(string)) (*world, error) {
	w := &world{
		story: s, mutation: mutation, rng: rand.New(rand.NewPCG(s.Seed, 2)), begin: start, now: start,
		byName: map[string]*machine{}, bucket: newBucket(), trace: trace,
		specs: specs{story: &s, read: map[string]*sweep.Spec{}}, earlier: earlierWork{&s, map[string]scheduler.Hit{}},
	}
	w.bucket.w = w
	w.laws = newLaws(w)
	w.truth = groundTruth{}
	var err error
	if w.specs.first, err = parseSpec(s.source(), s.Seed%1000); err != nil {
		return nil, fmt.Errorf("parse the story's spec: %w\n%s", err, s.source())
	}
	if w.disk, err = newDisk(w); err != nil {
		return nil, err
	}
	w.cluster = embedded.NewCore(embedded.CoreConfig{
		Seed: s.Seed, Hostname: "master", IP: "10.0.0.1", Port: 5050,
		Timing: protocol.Timing{
			Heartbeat: 10 * time.Minute, OfferTimeout: s.OfferTimeout, ReregistrationBackoff: s.Rejoin,
			AllocationInterval: 200 * time.Millisecond,
		},
	}, w.now)
	for i := range s.Agents {
		w.addMachine(i, false)
	}
	for i := range s.Foreign {
		w.addMachine(s.Agents+i, true)
	}
	w.driver = newDriver(w)
	for _, f := range s.Faults {
		w.queue.Set(w.begin.Add(f.At), func(time.Time) { w.inject(f) })
	}
	w.launchScheduler()
	return w, nil
}

func (w *world) after(d time.Duration, do func()) {
	w.queue.Set(w.now.Add(d), func(time.Time) { do() })
}

// between is a time between a and b.
func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)+1))
}

func (w *world) log(format string, args ...any) {
	if w.trace != nil {
		w.trace(fmt.Sprintf("%9.3fs  ", w.now.Sub(w.begin).Seconds()) + fmt.Sprintf(format, args...))
	}
}

// fail notes the first law that is broken; the run ends there.
func (w *world) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		w.log("BROKEN: %s", w.failure)
	}
}

// counted notes that a fault struck.
func (w *world) counted(k Kind, format string, args ...any) {
	w.counts[k]++
	if w.trace != nil {
		w.log("FAULT %v: %s", k, fmt.Sprintf(format, args...))
	}
}

// inCluster gives the cluster one input and carries out what follows. Nothing it calls comes back into the
// cluster at once.
func (w *world) inCluster(input func(*embedded.Core)) {
	input(w.cluster)
	for _, e := range w.cluster.Take() {
		w.effect(e)
	}
}

// run lets things happen until done says so or the time is over.
func (w *world) run(until time.Time, done func() bool) {
	for w.failure == "" && !done() {
		at := w.queue.Next()
		any := !at.IsZero()
		c := w.cluster.Next()
		inside := !c.IsZero() && (!any || !at.Before(c))
		if inside {
			at = c
		}
		if !inside && !any || at.After(until) {
			w.now = until
			return
		}
		if at.After(w.now) {
			w.now = at
		}
		if w.steps++; w.steps > mostSteps {
			w.fail("liveness: %d steps are not enough", mostSteps)
			return
		}
		if inside {
			w.inCluster(func(c *embedded.Core) { c.Tick(w.now) })
		} else {
			w.queue.Pop(at)(at)
		}
	}
}

// mostSteps stops a run that goes round in circles. The longest stories need a tenth of it.
const mostSteps = 400_000
