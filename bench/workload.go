package bench

import (
	"embed"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Machine is one agent of a workload with what it offers.
type Machine struct {
	ID         string
	Host       string
	CPUs, Mem  resource.Milli // cores, MB of 2^20 bytes, in thousandths
	Disk, GPUs resource.Milli // MB, devices, in thousandths; 0: it offers none
}

// Trial is one task of a workload.
type Trial struct {
	ID         string
	CPUs, Mem  resource.Milli
	Disk, GPUs resource.Milli
}

// dimensions is how many resources a workload may name: cpus, mem, disk, gpus.
const dimensions = 4

// amounts is a vector of resources in the order of the fields.
type amounts [dimensions]resource.Milli

func (m *Machine) amounts() amounts { return amounts{m.CPUs, m.Mem, m.Disk, m.GPUs} }
func (t *Trial) amounts() amounts   { return amounts{t.CPUs, t.Mem, t.Disk, t.GPUs} }

// resources is what a demand of the trial asks.
func (t *Trial) resources() resource.Resources {
	return resource.Resources{CPUs: t.CPUs, Mem: t.Mem, Disk: t.Disk, GPUs: t.GPUs}
}

//go:embed workloads/mixed.csv
var workloads embed.FS

// Mixed is 30,000 trials of 0.5, 1 or 2 cpus and 1 to 8 GB, in about 21,000 distinct shapes.
func Mixed() ([]Trial, error) {
	f, err := workloads.Open("workloads/mixed.csv")
	if err != nil {
		return nil, fmt.Errorf("open the mixed workload: %w", err)
	}
	defer f.Close()
	return ReadTrials(f)
}

// Equal is n trials of one shape.
func Equal(n int, cpus, mem resource.Milli) []Trial {
	list := make([]Trial, n)
	for i := range list {
		list[i] = Trial{ID: fmt.Sprintf("t-%06d", i), CPUs: cpus, Mem: mem}
	}
	return list
}

// Machines is n equal agents.
func Machines(n int, cpus, mem resource.Milli) []Machine {
	list := make([]Machine, n)
	for i := range list {
		list[i] = Machine{ID: fmt.Sprintf("offer-%05d", i), Host: fmt.Sprintf("host-%05d", i), CPUs: cpus, Mem: mem}
	}
	return list
}

// FenzoMix is the published test of Netflix's Fenzo for 10,000 agents of 8 cores and 8,000 MB: tasks of 1
// core, half an agent and three quarters of an agent, with 20, 40 and 40 % of all cores; memory in
// proportion.
func FenzoMix(agents int) []Trial {
	cores := float64(agents * 8)
	var list []Trial
	for _, kind := range []struct{ cpus, share float64 }{{1, .2}, {4, .4}, {6, .4}} {
		n := int(math.Ceil(cores * kind.share / kind.cpus))
		list = append(list, Equal(n, resource.Milli(kind.cpus*1000), resource.Milli(kind.cpus*1000*1000))...)
	}
	return list
}

// Shuffled is the trials in another order, the same for the same seed.
func Shuffled(list []Trial, seed uint64) []Trial {
	mixed := append([]Trial(nil), list...)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

// Demands groups trials of one shape, in order of first appearance, as the scheduler keeps them.
func Demands(trials []Trial) []offers.Demand {
	list, _ := shapes(trials)
	return list
}

// shapes is the demands of trials, and where each shape is among them.
func shapes(trials []Trial) ([]offers.Demand, map[amounts]int) {
	at := make(map[amounts]int)
	var list []offers.Demand
	for i := range trials {
		s := trials[i].amounts()
		n, known := at[s]
		if !known {
			n = len(list)
			at[s] = n
			list = append(list, offers.Demand{Job: "bench", Resources: trials[i].resources()})
		}
		list[n].Count++
	}
	return list, at
}

// Offers is the machines' offers, one each.
func Offers(machines []Machine) []offers.Offer {
	list := make([]offers.Offer, len(machines))
	for i, m := range machines {
		list[i] = offers.Offer{
			ID: offers.OfferID(m.ID), Agent: offers.AgentID(m.Host), Hostname: m.Host, Role: "kaon",
			Amounts: []offers.Amount{{Name: "cpus", Scalar: m.CPUs}, {Name: "mem", Scalar: m.Mem}},
		}
		if m.Disk > 0 {
			list[i].Amounts = append(list[i].Amounts, offers.Amount{Name: "disk", Scalar: m.Disk})
		}
		if m.GPUs > 0 {
			list[i].Amounts = append(list[i].Amounts, offers.Amount{Name: "gpus", Scalar: m.GPUs})
		}
	}
	return list
}
