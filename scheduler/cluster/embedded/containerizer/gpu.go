package containerizer

import (
	"strconv"
	"strings"
)

// GPUs are the devices that an agent gives out, each to one executor at a time. An executor sees its own
// alone: as a process by the variables that CUDA and ROCm obey, in a container by the devices that the engine
// adds.
type GPUs struct {
	Vendor Vendor
	IDs    []string // as the vendor's libraries take them: NVIDIA's UUIDs or indices, AMD's indices
}

// Vendor says whose devices they are; empty: not known, so that all libraries are told.
type Vendor string

// The vendors whose devices can be told apart.
const (
	NVIDIA Vendor = "nvidia"
	AMD    Vendor = "amd"
)

// amdDevices are how AMD's driver is reached. Which devices a process uses behind them is said by a variable.
var amdDevices = []string{"/dev/kfd", "/dev/dri"}

// NumberedGPUs are n devices by their indices.
func NumberedGPUs(n int) GPUs {
	var g GPUs
	for i := range n {
		g.IDs = append(g.IDs, strconv.Itoa(i))
	}
	return g
}

// Environment is what shows a process those devices and no other.
func (g GPUs) Environment(devices []string) map[string]string {
	env := map[string]string{}
	for _, name := range g.variables() {
		env[name] = strings.Join(devices, ",")
	}
	return env
}

// variables names the environment variables that show a process no other device.
func (g GPUs) variables() []string {
	switch g.Vendor {
	case NVIDIA:
		return []string{"CUDA_VISIBLE_DEVICES"}
	case AMD:
		return []string{"ROCR_VISIBLE_DEVICES"}
	}
	return []string{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}
}
