package bench

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// PackConfig says what Pack measures. The zero value measures every built-in case.
type PackConfig struct {
	Only     []string      // names of built-in cases; empty: all
	Machines []Machine     // these instead of the built-in cases; empty with Trials: 5,000 of 32 cpus
	Trials   []Trial       // these instead of the built-in cases; empty with Machines: the mixed workload
	Policy   offers.Policy // empty: tight
	Runs     int           // per case; 0: 15. The median is reported
	Seed     uint64        // of the mixes
	NoBeside bool          // leave the best fit by full scan out
}

// Case is one input to the packer.
type Case struct {
	Name     string
	Machines []Machine
	Trials   []Trial
	run      func(*runner, Case) Result
}

// Cases are the built-in ones: the clusters and queues that published schedulers were measured on, and random mixes
// drawn from the seed. Given names, it need not fill in other cases.
func Cases(seed uint64, only ...string) ([]Case, error) {
	mixed, err := Mixed()
	if err != nil {
		return nil, err
	}
	roomy, tight := Machines(5000, 32000, 131072000), Machines(700, 7140, 36571000)
	equal, fenzo := Equal(30000, 1000, 2048000), FenzoMix(10000)
	large := Machines(10000, 8000, 8000000)
	million := make([]Trial, 1000000)
	for i := range million {
		million[i] = mixed[i%len(mixed)]
	}
	return append([]Case{
		{"roomy-mixed", roomy, mixed, (*runner).once},
		{"roomy-equal", roomy, equal, (*runner).once},
		{"tight-mixed", tight, mixed, (*runner).once},
		{"tight-equal", tight, equal, (*runner).once},
		{"full-mixed", Machines(700, 140, 7999000), mixed, (*runner).once},
		{"fenzo", large, fenzo, (*runner).once},
		{"fenzo-shuffled", large, Shuffled(fenzo, 1), (*runner).once},
		{"million-mixed", Machines(12500, 32000, 131072000), million, (*runner).once},
		{"million-equal", Machines(12500, 32000, 131072000), Equal(1000000, 1000, 2048000), (*runner).once},
		{"churn", Machines(1000, 32000, 131072000), mixed, (*runner).churn},
		{"drain", tight, mixed, (*runner).drain},
	}, mixCases(seed, only)...), nil
}

// Pack measures the packer.
func Pack(cfg PackConfig) (*Report, error) {
	cases, err := cfg.cases()
	if err != nil {
		return nil, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := &runner{cfg: cfg}
	if r.cfg.Runs <= 0 {
		r.cfg.Runs = 15
	}
	report := &Report{}
	for _, c := range cases {
		report.Cases = append(report.Cases, c.run(r, c))
	}
	return report, nil
}

func (cfg *PackConfig) cases() ([]Case, error) {
	if len(cfg.Machines) > 0 || len(cfg.Trials) > 0 {
		machines, trials := cfg.Machines, cfg.Trials
		if len(machines) == 0 {
			machines = Machines(5000, 32000, 131072000)
		}
		if len(trials) == 0 {
			var err error
			if trials, err = Mixed(); err != nil {
				return nil, err
			}
		}
		return []Case{{"given", machines, trials, (*runner).once}}, nil
	}
	all, err := Cases(cfg.Seed, cfg.Only...)
	if err != nil || len(cfg.Only) == 0 {
		return all, err
	}
	var list []Case
	for _, name := range cfg.Only {
		i := slices.IndexFunc(all, func(c Case) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("find case %q: the cases are %v", name, caseNames(all))
		}
		list = append(list, all[i])
	}
	return list, nil
}

func caseNames(list []Case) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names
}

// runner measures cases.
type runner struct{ cfg PackConfig }

// epoch is the time of every pass: packing does not depend on it.
var epoch = time.Unix(0, 0)

func (r *runner) options() offers.Options { return offers.Options{Policy: r.cfg.Policy} }

// start is a result with what is known before the run.
func (r *runner) start(c Case, demands []offers.Demand) Result {
	policy := r.cfg.Policy
	if policy == "" {
		policy = offers.Tight
	}
	return Result{
		Name: c.Name, Policy: string(policy), Agents: len(c.Machines), Trials: len(c.Trials), Shapes: len(demands),
		LowerBound: lowerBound(c.Machines, c.Trials), Runs: r.cfg.Runs,
	}
}

// once packs the whole queue on the whole cluster, Runs times from the start.
func (r *runner) once(c Case) Result {
	demands, list := Demands(c.Trials), Offers(c.Machines)
	res := r.start(c, demands)
	var plan offers.Plan
	var times []float64
	for range r.cfg.Runs {
		x := offers.NewIndex()
		x.Add(list...)
		var cost cost
		cost, plan = timed(x, demands, r.options())
		times = append(times, cost.seconds)
		res.Allocs, res.Bytes = cost.allocs, cost.bytes
	}
	slices.Sort(times)
	res.Seconds, res.Fastest, res.Slowest = times[len(times)/2], times[0], times[len(times)-1]
	res.Placed, res.Hosts = plan.Placed(), len(plan.Launches)
	res.PerSecond = float64(res.Placed) / res.Seconds
	used := usedBy(&plan, demands)
	res.UsedOfAll = used.shareOf(c.Machines, nil)
	res.Used = used.shareOf(c.Machines, &plan)
	if r.besides(c) {
		res.Beside = bestFitOnce(c)
	}
	return res
}

// maxScan bounds the best fit by full scan to a few seconds.
const maxScan = 4e8

func (r *runner) besides(c Case) bool {
	return !r.cfg.NoBeside && float64(len(c.Machines))*float64(len(c.Trials)) <= maxScan
}

// bestFitOnce is the plain packer on a whole case.
func bestFitOnce(c Case) *Beside {
	runtime.GC()
	from := time.Now()
	b := newBestFit(c.Machines)
	var out Beside
	var used need
	for _, t := range c.Trials {
		if b.place(t) >= 0 {
			out.Placed++
			used.cpus += t.CPUs
			used.mem += t.Mem
		}
	}
	out.Seconds = time.Since(from).Seconds()
	out.Hosts = b.hosts()
	out.PerSecond = float64(out.Placed) / out.Seconds
	out.CPUs = used.shareOf(c.Machines, nil).CPUs
	return &out
}

// cost is what one pass took.
type cost struct {
	seconds       float64
	allocs, bytes uint64
}

// timed is one pass with its cost.
func timed(x *offers.Index, demands []offers.Demand, o offers.Options) (cost, offers.Plan) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	from := time.Now()
	plan := x.Pack(epoch, demands, o)
	seconds := time.Since(from).Seconds()
	runtime.ReadMemStats(&after)
	return cost{seconds, after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}, plan
}

// need is a sum of resources.
type need struct{ cpus, mem resource.Milli }

func usedBy(plan *offers.Plan, demands []offers.Demand) need {
	var n need
	for i := range plan.Launches {
		for _, g := range plan.Launches[i].Grants {
			d := &demands[g.Demand].Resources
			n.cpus += resource.Milli(g.Count) * d.CPUs
			n.mem += resource.Milli(g.Count) * d.Mem
		}
	}
	return n
}

// shareOf is n as a share of all machines, or of those that the plan launches on.
func (n need) shareOf(machines []Machine, plan *offers.Plan) Utilisation {
	var in map[offers.AgentID]bool
	if plan != nil {
		in = make(map[offers.AgentID]bool)
		for i := range plan.Launches {
			in[plan.Launches[i].Agent] = true
		}
	}
	var cpus, mem resource.Milli
	for _, m := range machines {
		if in == nil || in[offers.AgentID(m.Host)] {
			cpus += m.CPUs
			mem += m.Mem
		}
	}
	return Utilisation{CPUs: share(n.cpus, cpus), Mem: share(n.mem, mem)}
}
