package bench

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep"
)

// Machine is one agent of a workload with what it offers.
type Machine struct {
	ID        string
	Host      string
	CPUs, Mem sweep.Milli // cores, MB of 2^20 bytes, in thousandths
}

// Trial is one task of a workload.
type Trial struct {
	ID        string
	CPUs, Mem sweep.Milli
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
func Equal(n int, cpus, mem sweep.Milli) []Trial {
	list := make([]Trial, n)
	for i := range list {
		list[i] = Trial{ID: fmt.Sprintf("t-%06d", i), CPUs: cpus, Mem: mem}
	}
	return list
}

// Machines is n equal agents.
func Machines(n int, cpus, mem sweep.Milli) []Machine {
	list := make([]Machine, n)
	for i := range list {
		list[i] = Machine{ID: fmt.Sprintf("offer-%05d", i), Host: fmt.Sprintf("host-%05d", i), CPUs: cpus, Mem: mem}
	}
	return list
}

// FenzoMix is the published test of Netflix's Fenzo for 10,000 agents of 8 cores and 8,000 MB: tasks of 1 core, half
// an agent and three quarters of an agent, with 20, 40 and 40 % of all cores; memory in proportion.
func FenzoMix(agents int) []Trial {
	cores := float64(agents * 8)
	var list []Trial
	for _, kind := range []struct{ cpus, share float64 }{{1, .2}, {4, .4}, {6, .4}} {
		n := int(math.Ceil(cores * kind.share / kind.cpus))
		list = append(list, Equal(n, sweep.Milli(kind.cpus*1000), sweep.Milli(kind.cpus*1000*1000))...)
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
	type shape struct{ cpus, mem sweep.Milli }
	at := make(map[shape]int)
	var list []offers.Demand
	for _, t := range trials {
		s := shape{t.CPUs, t.Mem}
		i, known := at[s]
		if !known {
			i = len(list)
			at[s] = i
			list = append(list, offers.Demand{Sweep: "bench", Resources: sweep.Resources{CPUs: t.CPUs, Mem: t.Mem}})
		}
		list[i].Count++
	}
	return list
}

// Offers is the machines' offers, one each.
func Offers(machines []Machine) []offers.Offer {
	list := make([]offers.Offer, len(machines))
	for i, m := range machines {
		list[i] = offers.Offer{
			ID: offers.OfferID(m.ID), Agent: offers.AgentID(m.Host), Hostname: m.Host, Role: "kaon",
			Amounts: []offers.Amount{{Name: "cpus", Scalar: m.CPUs}, {Name: "mem", Scalar: m.Mem}},
		}
	}
	return list
}

// ReadTrials reads a CSV with the header id,cpus,mem.
func ReadTrials(r io.Reader) ([]Trial, error) {
	var list []Trial
	err := readRows(r, []string{"id", "cpus", "mem"}, func(text []string, cpus, mem sweep.Milli) {
		list = append(list, Trial{ID: text[0], CPUs: cpus, Mem: mem})
	})
	return list, err
}

// ReadMachines reads a CSV with the header id,host,cpus,mem.
func ReadMachines(r io.Reader) ([]Machine, error) {
	var list []Machine
	err := readRows(r, []string{"id", "host", "cpus", "mem"}, func(text []string, cpus, mem sweep.Milli) {
		list = append(list, Machine{ID: text[0], Host: text[1], CPUs: cpus, Mem: mem})
	})
	return list, err
}

// WriteMachines writes the CSV that ReadMachines reads.
func WriteMachines(w io.Writer, list []Machine) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"id", "host", "cpus", "mem"}}
	for _, m := range list {
		rows = append(rows, []string{m.ID, m.Host, decimal(m.CPUs), decimal(m.Mem)})
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write agents as CSV: %w", err)
	}
	return nil
}

func decimal(m sweep.Milli) string { return strconv.FormatFloat(float64(m)/1000, 'f', -1, 64) }

// readRows reads a CSV whose first columns are text and whose last two are cpus and mem.
func readRows(r io.Reader, header []string, row func(text []string, cpus, mem sweep.Milli)) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(header)
	in.ReuseRecord = true
	first, err := in.Read()
	if err != nil {
		return fmt.Errorf("read CSV header (want %v): %w", header, err)
	}
	for i, name := range header {
		if first[i] != name {
			return fmt.Errorf("read CSV: column %d is %q, want %q: the header is %v", i+1, first[i], name, header)
		}
	}
	for {
		rec, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read CSV: %w", err)
		}
		line, _ := in.FieldPos(0)
		n := len(header)
		cpus, err := milli(rec[n-2])
		if err != nil {
			return fmt.Errorf("read CSV line %d: cpus %w", line, err)
		}
		mem, err := milli(rec[n-1])
		if err != nil {
			return fmt.Errorf("read CSV line %d: mem %w", line, err)
		}
		row([]string{rec[0], rec[1]}, cpus, mem)
	}
}

// milli reads a decimal amount, at most three places count.
func milli(s string) (sweep.Milli, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e12 || f != f {
		return 0, fmt.Errorf("%q: want a number from 0 to 1e12", s)
	}
	return sweep.Milli(math.Round(f * 1000)), nil
}
