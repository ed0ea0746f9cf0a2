package server

import (
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

func TestWhatThisMachineWaitsFor(t *testing.T) {
	t.Parallel()
	m := machine{"cpus": 2000, "mem": 4000_000, "disk": 9000_000, "gpus": 1000}
	short := func(name string, least resource.Milli) []offers.Shortage {
		return []offers.Shortage{{Resource: name, Agents: 1, Least: least}}
	}
	one := resource.Resources{CPUs: 1000, Mem: 512_000, GPUs: 1000, Ports: 1}
	for _, tt := range []struct {
		why    offers.Reasons
		trials int
		each   resource.Resources
		want   string
	}{
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: short("cpus", 1000)}, 25, one,
			"25 trials are waiting for a free cpu: this machine has 2, all in use"},
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: short("cpus", 500)}, 1, one,
			"1 trial is waiting for a free cpu: each takes 1, and of this machine's 2 only 0.5 are free"},
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: short("cpus", 500)}, 2, resource.Resources{CPUs: 1500},
			"2 trials are waiting for free cpus: each takes 1.5, and of this machine's 2 only 1 is free"},
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: append(short("cpus", 1000), short("mem", 12_000)...)}, 2, one,
			"2 trials are waiting for a free cpu: this machine has 2, all in use; and for free memory: each takes 512 MB, and of this " +
				"machine's 4000 MB only 500 MB are free"},
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: short("gpus", 1000)}, 2, one,
			"2 trials are waiting for a free GPU: this machine has 1, all in use"},
		{offers.Reasons{Agents: 1, Offering: 1, FitsEmpty: 1, Resources: short("ports", 1000)}, 2, one, "2 trials are waiting for a free port"},
		{offers.Reasons{Agents: 1, FitsEmpty: 1}, 2, one, "2 trials are waiting for what runs on this machine to begin or to end"},
		{offers.Reasons{Agents: 1, Offering: 1, Capped: 1, FitsEmpty: 1}, 2, one, "2 trials are waiting for what runs on this machine to begin or to end"},
		{offers.Reasons{Agents: 1, Offering: 1, Avoided: 1, FitsEmpty: 1}, 2, one,
			"2 trials are waiting for this machine to be trusted again after failures: it gets no more for a while"},
		{offers.Reasons{}, 2, one, "the cluster on this machine is starting"},
		{offers.Reasons{Agents: 1, Offering: 1, Eligible: 1, Resources: short("cpus", 7000)}, 2, resource.Resources{CPUs: 9000}, ""},
	} {
		if got, _ := m.waits(tt.why, tt.trials, tt.each); got != tt.want {
			t.Errorf("%+v:\n got %s\nwant %s", tt.why, got, tt.want)
		}
	}
}
