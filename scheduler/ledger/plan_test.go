package ledger

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func entry(pid int, cpus, need resource.Milli, trials int) Entry {
	return Entry{
		PID: pid, Began: int64(pid), Trials: trials, Machine: Amount{CPUs: cpus * resource.Unit, Mem: 1e6 * resource.Unit},
		Need: Need{CPUs: need * resource.Unit, Mem: resource.Unit},
	}
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		entries []Entry
		want    []resource.Milli
	}{
		"alone":                        {[]Entry{entry(1, 8, 1, 2)}, []resource.Milli{8}},
		"equal":                        {[]Entry{entry(1, 8, 1, 99), entry(2, 8, 1, 99)}, []resource.Milli{4, 4}},
		"a small one":                  {[]Entry{entry(1, 8, 1, 99), entry(2, 8, 1, 2)}, []resource.Milli{6, 2}},
		"the first needs all":          {[]Entry{entry(1, 2, 2, 99), entry(2, 2, 1, 99)}, []resource.Milli{2, 0}},
		"the second needs all":         {[]Entry{entry(1, 2, 1, 99), entry(2, 2, 2, 99)}, []resource.Milli{2, 0}},
		"both need all":                {[]Entry{entry(1, 2, 2, 9), entry(2, 2, 2, 9)}, []resource.Milli{2, 0}},
		"more runs than cpus":          {[]Entry{entry(1, 2, 1, 9), entry(2, 2, 1, 9), entry(3, 2, 1, 9)}, []resource.Milli{1, 1, 0}},
		"the rest goes to whom it may": {[]Entry{entry(1, 5, 2, 9), entry(2, 5, 2, 9)}, []resource.Milli{3, 2}},
		"one is paused":                {[]Entry{entry(1, 4, 1, 0), entry(2, 4, 1, 9)}, []resource.Milli{0, 4}},
		"one sees less":                {[]Entry{entry(1, 2, 1, 9), entry(2, 8, 1, 9)}, []resource.Milli{2, 6}},
	} {
		for i, p := range plan(test.entries) {
			if p.CPUs != test.want[i]*resource.Unit {
				t.Errorf("%s: run %d gets %d", name, i, p.CPUs)
			}
		}
	}
}

// Runs that come, go, start and end trials never claim more than there is, give no device twice, and all end.
func TestClaimsStayWithinTheMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		machine := Amount{CPUs: 4 * resource.Unit, Mem: 4 * resource.Unit, GPUs: []string{"x", "y", "z"}}
		type run struct {
			Entry
			may    Amount
			trials [][]string // that run: their devices
		}
		var runs []*run
		for i := range rapid.IntRange(1, 4).Draw(t, "runs") {
			runs = append(runs, &run{Entry: Entry{
				PID: i, Began: int64(i), Machine: machine, Trials: rapid.IntRange(1, 6).Draw(t, "trials"),
				Need: Need{
					CPUs: resource.Milli(rapid.IntRange(1, 4).Draw(t, "cpus")) * resource.Unit,
					Mem:  resource.Milli(rapid.IntRange(0, 4).Draw(t, "mem")) * resource.Unit, GPUs: rapid.IntRange(0, 3).Draw(t, "gpus"),
				},
			}})
		}
		used := func(r *run) (a Amount) {
			for _, ids := range r.trials {
				a.CPUs, a.Mem, a.GPUs = a.CPUs+r.Need.CPUs, a.Mem+r.Need.Mem, append(a.GPUs, ids...)
			}
			return a
		}
		look := func(r *run) {
			var others []Entry
			for _, o := range runs {
				if o != r {
					others = append(others, o.Entry)
				}
			}
			r.may, _ = share(r.Entry, others, used(r).GPUs)
			r.Claim = claim(r.may, used(r))
			var all Need
			var devices []string
			for _, o := range runs {
				all, devices = all.plus(o.Claim.size()), append(devices, o.Claim.GPUs...)
			}
			slices.Sort(devices)
			if !all.within(machine.size()) || len(slices.Compact(devices)) != all.GPUs {
				t.Fatalf("claimed: %+v, %v", all, devices)
			}
		}
		start := func(r *run) {
			u := used(r)
			free := slices.DeleteFunc(slices.Clone(r.may.GPUs), func(id string) bool { return slices.Contains(u.GPUs, id) })
			if len(r.trials) < r.Trials && u.size().plus(r.Need).within(Need{r.may.CPUs, r.may.Mem, 99}) && len(free) >= r.Need.GPUs {
				r.trials = append(r.trials, free[:r.Need.GPUs])
			}
		}
		end := func(r *run) {
			if len(r.trials) > 0 {
				r.trials, r.Trials = r.trials[1:], r.Trials-1
			}
			if r.Trials == 0 {
				runs = slices.DeleteFunc(runs, func(o *run) bool { return o == r })
			}
		}
		for range 60 {
			if len(runs) == 0 {
				return
			}
			r := rapid.SampledFrom(runs).Draw(t, "run")
			rapid.SampledFrom([]func(*run){look, start, end}).Draw(t, "step")(r)
		}
		for range 200 { // now everybody in turn
			for _, r := range slices.Clone(runs) {
				look(r)
				start(r)
				start(r)
			}
			for _, r := range slices.Clone(runs) {
				end(r)
			}
		}
		if len(runs) > 0 {
			t.Fatalf("%d runs never ended: %+v", len(runs), *runs[0])
		}
	})
}
