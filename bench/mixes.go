package bench

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// mix is a random queue on a cluster that holds it, named for what makes it hard.
type mix struct {
	name     string
	machines func(dice *rand.Rand) []Machine
	trial    func(dice *rand.Rand) Trial
	trials   int // 0: mixTrials
}

// mixTrials is the trials of a mix, but where fewer of them fill the cluster.
const mixTrials = 30000

// mixes is one queue per kind of scarcity: which resource, how many amounts, whether amounts go together, which agents.
var mixes = []mix{
	{"mem-scarce", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, fiveCPUs...), Mem: mb(d, 512, 12288)}
	}, 0},
	{"mem-scarce-few", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, fiveCPUs...), Mem: 1024000 * anyOf(d, 1, 3, 5, 8, 12)}
	}, 0},
	{"cpus-scarce", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: milliCPUs(d, 250, 4000), Mem: 1024000 * anyOf(d, 1, 2, 4, 6, 8)}
	}, 0},
	{"cpus-scarce-few", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 500, 700, 1300, 2700, 5100), Mem: 1024000 * anyOf(d, 1, 2, 4, 6)}
	}, 0},
	{"both-scarce", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: milliCPUs(d, 250, 4000), Mem: mb(d, 512, 16900)}
	}, 0},
	{"both-scarce-few", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 250, 500, 1000, 2000, 3000), Mem: 1024000 * anyOf(d, 1, 2, 4, 8, 12)}
	}, 0},
	{"correlated", equalMachines, func(d *rand.Rand) Trial {
		c := milliCPUs(d, 250, 4000)
		return Trial{CPUs: c, Mem: 1000 * resource.Milli(float64(c)*4.096*(0.8+0.4*d.Float64()))}
	}, 0},
	{"anticorrelated", equalMachines, func(d *rand.Rand) Trial {
		c := milliCPUs(d, 250, 4000)
		return Trial{CPUs: c, Mem: 1000 * resource.Milli(float64(4250-c)*4.096*(0.8+0.4*d.Float64()))}
	}, 0},
	{"two-kinds", equalMachines, func(d *rand.Rand) Trial {
		if d.IntN(2) == 0 {
			return Trial{CPUs: milliCPUs(d, 2000, 4000), Mem: mb(d, 256, 1024)}
		}
		return Trial{CPUs: milliCPUs(d, 100, 500), Mem: mb(d, 8192, 17000)}
	}, 0},
	{"heavy-tail", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: resource.Milli(heavy(d, 200, 16000)), Mem: 1000 * resource.Milli(heavy(d, 700, 65536))}
	}, 0},
	{"large", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 4000, 6000, 8000), Mem: mb(d, 20000, 60000)}
	}, 12000},
	{"large-few", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 3000, 5000, 9000, 13000), Mem: 1024000 * anyOf(d, 9, 20, 31, 45)}
	}, 12000},
	{"disk-scarce", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 500, 1000, 2000), Mem: mb(d, 512, 6144), Disk: mb(d, 1000, 120000)}
	}, 0},
	{"gpus-scarce", equalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, 500, 1000, 2000), Mem: mb(d, 512, 8192),
			GPUs: anyOf(d, 0, 0, 0, 0, 1000, 1000, 2000, 4000)}
	}, 0},
	{"unequal-mem-scarce", unequalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, fiveCPUs...), Mem: mb(d, 512, 14336)}
	}, 0},
	{"unequal-both-scarce", unequalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: milliCPUs(d, 250, 4000), Mem: mb(d, 512, 16384)}
	}, 0},
	{"unequal-few", unequalMachines, func(d *rand.Rand) Trial {
		return Trial{CPUs: anyOf(d, fiveCPUs...), Mem: 1024000 * anyOf(d, 1, 3, 5, 8, 12)}
	}, 0},
}

var fiveCPUs = []resource.Milli{250, 500, 1000, 2000, 3000}

// equalMachines is 5,000 agents of 32 cpus, 128 GB, 1 TB of disk and 8 GPUs.
func equalMachines(*rand.Rand) []Machine {
	list := Machines(5000, 32000, 131072000)
	for i := range list {
		list[i].Disk, list[i].GPUs = 1000000000, 8000
	}
	return list
}

// unequalMachines is 5,000 agents of four sizes, some rich in cpus and some in memory.
func unequalMachines(d *rand.Rand) []Machine {
	list := Machines(5000, 0, 0)
	sizes := []Machine{
		{CPUs: 16000, Mem: 65536000}, {CPUs: 32000, Mem: 131072000}, {CPUs: 48000, Mem: 98304000},
		{CPUs: 24000, Mem: 196608000},
	}
	for i := range list {
		size := sizes[d.IntN(len(sizes))]
		list[i].CPUs, list[i].Mem = size.CPUs, size.Mem
	}
	return list
}

func anyOf(d *rand.Rand, list ...resource.Milli) resource.Milli { return list[d.IntN(len(list))] }

// mb is an even draw of whole MB.
func mb(d *rand.Rand, low, high int) resource.Milli {
	return 1000 * resource.Milli(low+d.IntN(high-low+1))
}

// milliCPUs is an even draw of thousandths of a cpu.
func milliCPUs(d *rand.Rand, low, high int) resource.Milli {
	return resource.Milli(low + d.IntN(high-low+1))
}

// heavy is a draw of a distribution of which few are large: density falls with the square.
func heavy(d *rand.Rand, low, high float64) float64 { return math.Min(high, low/(1-d.Float64())) }

// mixCases is the mixes drawn from a seed; those that are not among the names, if there are names, are left empty.
func mixCases(seed uint64, only []string) []Case {
	list := make([]Case, 0, len(mixes))
	for i := range mixes {
		m := &mixes[i]
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		c := Case{Name: "mix-" + m.name, run: (*runner).once}
		if len(only) > 0 && !slices.Contains(only, c.Name) {
			list = append(list, c)
			continue
		}
		c.Machines = m.machines(dice)
		for n := range cmp.Or(m.trials, mixTrials) {
			t := m.trial(dice)
			t.ID = fmt.Sprintf("t-%06d", n)
			c.Trials = append(c.Trials, t)
		}
		list = append(list, c)
	}
	return list
}
