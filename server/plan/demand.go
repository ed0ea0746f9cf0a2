package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/ledger"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// Demand is what a trial asks for, in units people use.
type Demand struct {
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem_mb"`
	Disk float64 `json:"disk_mb"`
	GPUs float64 `json:"gpus"`
}

func units(m resource.Milli) float64 { return float64(m) / float64(resource.Unit) }

// String is a demand for people.
func (d Demand) String() string {
	milli := resource.FromFloat
	parts := []string{format.Quantity("cpus", milli(d.CPUs)), format.Quantity("mem", milli(d.Mem))}
	if d.Disk > 0 {
		parts = append(parts, format.Quantity("disk", milli(d.Disk)))
	}
	if d.GPUs > 0 {
		parts = append(parts, format.Quantity("gpus", milli(d.GPUs)))
	}
	return strings.Join(parts, ", ")
}

// feasibleLooked bounds how many trials of different needs are looked at: this is an answer for people.
const feasibleLooked = 10_000

// Demands groups the trials of a sweep by what they need, in order of first appearance.
func Demands(spec *sweep.Spec) ([]offers.Demand, error) {
	if !spec.DemandVaries() {
		need, err := spec.Demand(nil)
		return []offers.Demand{{Resources: need, Constraints: spec.Task.Constraints, Job: spec.Name,
			Count: spec.Trials}}, err
	}
	method, err := search.New(spec)
	if err != nil {
		return nil, err
	}
	var demands []offers.Demand
	at := map[string]int{}
	for i := range min(spec.Trials, feasibleLooked) {
		point, ok := method.Ask(i)
		if !ok {
			break
		}
		need, err := spec.Demand(point)
		if err != nil {
			return nil, fault.Usage(fmt.Errorf("compute the resources of trial %d: %w", i, err))
		}
		key := fmt.Sprint(need)
		if _, known := at[key]; !known {
			at[key] = len(demands)
			demands = append(demands, offers.Demand{Resources: need, Constraints: spec.Task.Constraints,
				Job: spec.Name})
		}
		demands[at[key]].Count++
	}
	return demands, nil
}

// Largest is what holds any trial of a sweep.
func Largest(spec *sweep.Spec) (n ledger.Need, err error) {
	demands, err := Demands(spec)
	for _, d := range demands {
		gpus := int((d.Resources.GPUs + resource.Unit - 1) / resource.Unit)
		n = ledger.Need{CPUs: max(n.CPUs, d.Resources.CPUs), Mem: max(n.Mem, d.Resources.Mem),
			GPUs: max(n.GPUs, gpus)}
	}
	return n, err
}

// meanNeed is what a trial of a sweep needs, in the mean of those looked at.
func meanNeed(spec *sweep.Spec) (mean resource.Resources, err error) {
	demands, err := Demands(spec)
	if err != nil || len(demands) == 0 {
		return mean, err
	}
	count := 0
	for i := range demands {
		mean.Add(&demands[i].Resources, demands[i].Count)
		count += demands[i].Count
	}
	n := resource.Milli(cmp.Or(count, 1))
	mean.CPUs, mean.Mem, mean.Disk, mean.GPUs, mean.Ports = mean.CPUs/n, mean.Mem/n, mean.Disk/n, mean.GPUs/n,
		mean.Ports/cmp.Or(count, 1)
	for name := range mean.Named {
		mean.Named[name] /= n
	}
	return mean, nil
}
