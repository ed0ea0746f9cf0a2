package simtest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Story is everything that a run depends on. The same story gives the same run, event by event. Draw makes
// one from a seed; Shrink makes it shorter.
type Story struct {
	Seed   uint64
	Sweeps int // 1 to 3
	Trials int // of each sweep
	Agents int
	// Foreign is how many more agents there are that no executor is built for. Every second one says so.
	Foreign int

	Maximize    bool
	Reduce      string
	Method      string
	Mixed       bool // trials differ in what they need
	Constrained bool // only agents of one rack will do
	MaxPer      int  // tasks of a sweep on one agent; 0: any number
	Parallel    int  // 0: no limit
	Retries     int
	FailLimit   int           // 0: none
	Target      bool          // the sweep ends when a value is reached
	Wall        time.Duration // limit of the sweep's time; 0: none
	Then        bool          // a step follows the winner
	Learns      bool          // points depend on results
	Early       string        // early_terminate; empty: none
	TrialSteps  int           // budget of each trial; 0: none
	TrialTime   time.Duration // likewise
	Steps       int           // of all trials; 0: none
	Hard        bool          // trials fail, say NaN, say nothing, hang
	Slow        bool          // trials last minutes, long enough to outlive a partition
	Isolated    bool          // an executor of its own for each attempt
	Bundle      string        // task.bundle
	Short       bool          // trials last less than a second, so that bundles of a learnt size come
	OnDisk      bool          // the journal is files, else it is in memory
	Sharing     sharing
	Racing      int // trials of each point, which race; 0: points have one
	Known       int // every so many-th trial was done by an earlier sweep; 0: none

	Rare   bool // points travel seldom: as where there are many more executors
	Narrow bool // executors may send little before they hear that it was taken in

	OfferTimeout time.Duration // of the master; 0: none
	Rejoin       time.Duration // agents wait so long before they go to a new master
	Grace        time.Duration // the scheduler's partition grace

	Faults []Fault // by time
}

// Fault is one fault. What Arg means is the kind's business: which agent, how long.
type Fault struct {
	At   time.Duration // since the beginning
	Kind Kind
	Arg  uint32
}

func (f Fault) String() string { return fmt.Sprintf("%v %v (%d)", f.At, f.Kind, f.Arg) }

// Draw makes the story of a seed. Each story knows only some kinds of faults, since the rarer bugs show where
// the commoner faults do not drown them.
func Draw(seed uint64) Story {
	r := rand.New(rand.NewPCG(seed, 1))
	one := func(n int) bool { return r.IntN(n) == 0 }
	s := Story{
		Seed: seed, Sweeps: 1, Trials: 5 + r.IntN(26), Agents: 2 + r.IntN(4),
		Maximize: one(2), Reduce: pick(r, "last", "min", "max", "mean"), Method: pick(r, "random", "random", "grid"),
		Mixed: one(3), Constrained: one(4), Retries: r.IntN(4), Then: one(8), Hard: one(2), Isolated: one(5),
		OnDisk:       one(60),
		OfferTimeout: pick(r, 0, 0, 200*time.Millisecond, 2*time.Second),
		Rejoin:       pick(r, 0, time.Second, 20*time.Second),
		Grace:        pick(r, 10*time.Second, 2*time.Minute),
	}
	if one(6) {
		s.Sweeps = 2
	}
	if one(5) {
		s.Trials, s.Agents = 30+r.IntN(31), 2+r.IntN(7)
	}
	if one(3) {
		s.Parallel = 1 + r.IntN(8)
	}
	if s.Hard && one(4) {
		s.FailLimit = 1 + r.IntN(4)
	}
	s.Target, s.Learns = one(10), one(4)
	s.Faults = drawFaults(r)
	s.Foreign = max(0, r.IntN(6)-3)
	if s.Then { // most sweeps have ended by then, and the retry may make another trial the winner
		s.Faults = append(s.Faults, Fault{At: lateRetry, Kind: UserRetry, Arg: r.Uint32()})
	}
	if s.Slow = one(5); s.Slow {
		s.Trials = min(s.Trials, 15)
		s.Faults = append(s.Faults, Fault{At: 30 * time.Second, Kind: Partition, Arg: r.Uint32()})
		slices.SortStableFunc(s.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	}
	if one(8) {
		s.Wall = pick(r, 20*time.Second, time.Minute, 5*time.Minute)
	}
	if one(2) {
		s.Early = pick(r, earlyRules...)
	}
	if one(10) {
		s.TrialSteps = 1 + r.IntN(4)
	}
	if one(20) {
		s.Steps = 10 + r.IntN(100)
	}
	s.drawBundles()
	s.Rare, s.Narrow = one(4), one(6)
	s.drawTime()
	s.drawQueues()
	s.drawLiving()
	s.drawMaintenance()
	s.drawMaxPer()
	s.drawPods()
	return s
}

// drawBundles draws from chance of its own, so that the rest of a story is what it was without bundles.
func (s *Story) drawBundles() {
	r := rand.New(rand.NewPCG(s.Seed, 2))
	s.Bundle = pick(r, "off", "auto", "2", "3", "8", "30")
	if s.Short = !s.Slow && r.IntN(4) == 0; s.Short {
		s.Trials += r.IntN(60)
		s.Bundle, s.Early, s.Learns, s.Isolated = "auto", "", false, false // else none is learnt
	}
}

// drawTime draws how long trials may run, from chance of its own too.
func (s *Story) drawTime() {
	r := rand.New(rand.NewPCG(s.Seed, 3))
	if r.IntN(10) == 0 {
		s.TrialTime = pick(r, time.Second, 5*time.Second, 20*time.Second)
	}
}

// drawMaxPer draws how many tasks an agent may have, from chance of its own too.
func (s *Story) drawMaxPer() {
	r := rand.New(rand.NewPCG(s.Seed, 7))
	if r.IntN(6) == 0 {
		s.MaxPer = 1 + r.IntN(3)
	}
}

const lateRetry = 20 * time.Minute

// drawFaults scatters up to two dozen faults of a few kinds over the first minutes.
func drawFaults(r *rand.Rand) []Fault {
	kinds := make([]Kind, 1+r.IntN(7))
	for i := range kinds {
		kinds[i] = Kind(r.IntN(int(UserExtend))) // which has stories of its own: see drawLiving
	}
	span := pick(r, 5*time.Second, 20*time.Second, time.Minute, 4*time.Minute)
	all := make([]Fault, 1+r.IntN(24))
	for i := range all {
		all[i] = Fault{At: time.Duration(r.Int64N(int64(span))).Truncate(time.Millisecond),
			Kind: kinds[r.IntN(len(kinds))], Arg: r.Uint32()}
	}
	slices.SortStableFunc(all, func(a, b Fault) int { return int(a.At - b.At) })
	return all
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// source is the sweep's file.
func (s *Story) source() []byte {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	goal := "minimize"
	if s.Maximize {
		goal = "maximize"
	}
	p("name: simulated\nmethod: %s\nseed: %d\nrun_cap: %d", s.Method, s.Seed%1000, s.Trials)
	p("metric: {name: %s, goal: %s, reduce: %s%s}", objective, goal, s.Reduce, s.target())
	x := "min: 0.0, max: 1.0"
	if s.Method == "grid" {
		x = "values: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10946]"
	}
	if s.Racing > 0 {
		p("repeat: {trials: %d, racing: true}", s.Racing)
	}
	if s.Known > 0 {
		p("cache: true")
	}
	p("parameters:\n  x: {%s}\n  k: {values: [1, 2, 3]}", x)
	p("command: [./train, \"${args}\"]")
	cpus := "1"
	if s.Mixed {
		cpus = `"k"`
	}
	p("task:\n  resources: {cpus: %s, memory: 64MB, disk: 10MB}\n  retries: %d\n  timeout: %v", cpus, s.Retries,
		trialTimeout)
	p("  bundle: %s", cmp.Or(s.Bundle, "off"))
	var constraints []string
	if s.Constrained {
		constraints = append(constraints, "[rack, IS, r0]")
	}
	if s.MaxPer > 0 {
		constraints = append(constraints, fmt.Sprintf("[hostname, MAX_PER, %d]", s.MaxPer))
	}
	if constraints != nil {
		p("  constraints: [%s]", strings.Join(constraints, ", "))
	}
	var limits []string
	if s.Parallel > 0 {
		limits = append(limits, fmt.Sprintf("parallel: %d", s.Parallel))
	}
	if s.FailLimit > 0 {
		limits = append(limits, fmt.Sprintf("failed: %d", s.FailLimit))
	}
	if s.Wall > 0 {
		limits = append(limits, fmt.Sprintf("wall: %v", s.Wall))
	}
	if s.Steps > 0 {
		limits = append(limits, fmt.Sprintf("steps: %d", s.Steps))
	}
	var trial []string
	if s.TrialSteps > 0 {
		trial = append(trial, fmt.Sprintf("steps: %d", s.TrialSteps))
	}
	if s.TrialTime > 0 {
		trial = append(trial, fmt.Sprintf("time: %v", s.TrialTime))
	}
	if trial != nil {
		limits = append(limits, fmt.Sprintf("trial: {%s}", strings.Join(trial, ", ")))
	}
	if s.Early != "" {
		p("early_terminate: %s", s.Early)
	}
	if limits != nil {
		p("limits: {%s}", strings.Join(limits, ", "))
	}
	if s.Then {
		p("then: {command: [./publish]}")
	}
	return []byte(b.String())
}

// target is a value that about one trial in ten reaches.
func (s *Story) target() string {
	switch {
	case !s.Target:
		return ""
	case s.Maximize:
		return ", target: 0.9"
	default:
		return ", target: 0.1"
	}
}

// String tells the story's setting in a few lines.
func (s *Story) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d sweep(s) of %d trials (%s) on %d agents and %d foreign ones", s.Seed, s.Sweeps,
		s.Trials, s.Method, s.Agents, s.Foreign)
	for name, on := range s.flags() {
		if on {
			b.WriteString(", " + name)
		}
	}
	fmt.Fprintf(&b, "; bundle %s, parallel %d, retries %d, fail limit %d, wall %v, offer timeout %v, rejoin %v, "+
		"partition grace %v\n",
		s.Bundle, s.Parallel, s.Retries, s.FailLimit, s.Wall, s.OfferTimeout, s.Rejoin, s.Grace)
	for _, f := range s.Faults {
		fmt.Fprintf(&b, "  fault %v\n", f)
	}
	return b.String()
}

// flags yields the story's switches in a fixed order.
func (s *Story) flags() func(func(string, bool) bool) {
	return func(yield func(string, bool) bool) {
		for _, f := range []struct {
			name string
			on   bool
		}{
			{"mixed sizes", s.Mixed}, {"one rack", s.Constrained},
			{fmt.Sprintf("at most %d on an agent", s.MaxPer), s.MaxPer > 0}, {"target", s.Target}, {"then", s.Then},
			{"learning search", s.Learns}, {"hard trials", s.Hard}, {"slow trials", s.Slow}, {"short trials", s.Short},
			{"isolated executors", s.Isolated}, {"journal on disk", s.OnDisk},
			{"early stopping " + s.Early, s.Early != ""}, {"a budget of steps", s.Steps+s.TrialSteps > 0},
			{"a budget of time", s.TrialTime > 0},
			{fmt.Sprintf("races of %d", s.Racing), s.Racing > 0},
			{fmt.Sprintf("results for one in %d", s.Known), s.Known > 0},
			{"rare updates", s.Rare}, {"narrow window", s.Narrow},
			{fmt.Sprintf("queues %+v", s.Sharing), s.Sharing.Queues},
		} {
			if !yield(f.name, f.on) {
				return
			}
		}
	}
}
