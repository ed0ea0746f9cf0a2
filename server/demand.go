package server

import (
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
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
	parts := []string{Quantity("cpus", milli(d.CPUs)), Quantity("mem", milli(d.Mem))}
	if d.Disk > 0 {
		parts = append(parts, Quantity("disk", milli(d.Disk)))
	}
	if d.GPUs > 0 {
		parts = append(parts, Quantity("gpus", milli(d.GPUs)))
	}
	return strings.Join(parts, ", ")
}
