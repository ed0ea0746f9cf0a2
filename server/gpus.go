package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
)

// gpuPatience is how long nvidia-smi may take: its driver may have to be loaded first.
const gpuPatience = 10 * time.Second

// Devices are the GPUs of this machine that a text names: how many, their ids as in 0,2 or id:3, or none.
// Empty: those that the machine has.
func Devices(text string) (containerizer.GPUs, error) {
	switch {
	case text == "":
		return findGPUs("/"), nil
	case text == "none":
		return containerizer.GPUs{}, nil
	}
	if n, err := strconv.Atoi(text); err == nil {
		if n < 0 || n > maxGPUs {
			return containerizer.GPUs{}, setting("GPUs", text,
				fmt.Errorf("a number from 0 to %d; want %s", maxGPUs, wantGPUs))
		}
		g := findGPUs("/")
		if n > len(g.IDs) {
			return containerizer.NumberedGPUs(n), nil
		}
		g.IDs = g.IDs[:n]
		return g, nil
	}
	found := findGPUs("/")
	g := containerizer.GPUs{Vendor: found.Vendor}
	for _, id := range strings.Split(strings.TrimPrefix(text, "id:"), ",") {
		id = strings.TrimSpace(id)
		if slices.Contains(g.IDs, id) {
			return containerizer.GPUs{}, setting("GPUs", text,
				fmt.Errorf("%s stands there twice; want %s", id, wantGPUs))
		}
		if !isGPU(id, found.IDs) {
			there := "none was found on this machine"
			if len(found.IDs) > 0 {
				there = "this machine has " + strings.Join(found.IDs, ", ")
			}
			return containerizer.GPUs{}, setting("GPUs", text,
				fmt.Errorf("%q is no number and no GPU's id (%s); want %s", id, there, wantGPUs))
		}
		g.IDs = append(g.IDs, id)
	}
	return g, nil
}

// wantGPUs is what Devices takes.
const wantGPUs = "how many, as in --gpus 2, or different ids, as in 0,2 or id:3 or GPU-8a56…, or none"

// isGPU tells whether a GPU may have this id: an index, or a UUID as NVIDIA's driver has it, whole or its
// beginning. Where the driver named UUIDs, it must be of one of them.
func isGPU(id string, found []string) bool {
	if n, err := strconv.Atoi(id); err == nil {
		return n >= 0 && n < maxGPUs
	}
	if slices.Contains(found, id) || strings.HasPrefix(id, "MIG-") && !strings.ContainsAny(id, " \t=:") {
		return true
	}
	uuids := func(s string) bool { return strings.HasPrefix(s, "GPU-") }
	if !uuids(id) || strings.ContainsAny(id, " \t=:") {
		return false
	}
	return !slices.ContainsFunc(found, uuids) || slices.ContainsFunc(found,
		func(s string) bool { return strings.HasPrefix(s, id) })
}

// maxGPUs is more than any machine has.
const maxGPUs = 1024

// findGPUs looks for devices below a root: NVIDIA's by its driver's files or nvidia-smi, else AMD's by its
// kernel driver's. What the environment hides from this process is not given to trials either.
func findGPUs(root string) containerizer.GPUs {
	if ids := nvidiaGPUs(root); len(ids) > 0 {
		return containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: visible(ids, "CUDA_VISIBLE_DEVICES")}
	}
	if n := amdGPUs(root); n > 0 {
		return containerizer.GPUs{Vendor: containerizer.AMD,
			IDs: visible(containerizer.NumberedGPUs(n).IDs, "ROCR_VISIBLE_DEVICES")}
	}
	return containerizer.GPUs{}
}

// nvidiaGPUs are the UUIDs of NVIDIA's devices. An index would mean another device to CUDA than to the
// driver, which count in different orders.
func nvidiaGPUs(root string) []string {
	files, _ := filepath.Glob(filepath.Join(root, "proc/driver/nvidia/gpus/*/information"))
	var ids []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			if strings.TrimSpace(name) == "GPU UUID" && !strings.Contains(value, "?") {
				ids = append(ids, value)
			}
		}
	}
	if len(ids) > 0 && len(ids) == len(files) {
		return ids
	}
	ctx, cancel := context.WithTimeout(context.Background(), gpuPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader").Output()
	if err != nil {
		return nil
	}
	ids = ids[:0]
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "GPU-") || strings.HasPrefix(line, "MIG-") {
			ids = append(ids, line)
		}
	}
	return ids
}

// amdGPUs counts AMD's devices: nodes of the kernel driver's topology that have SIMD units, which CPUs lack.
func amdGPUs(root string) int {
	if _, err := os.Stat(filepath.Join(root, "dev/kfd")); err != nil {
		return 0
	}
	nodes, _ := filepath.Glob(filepath.Join(root, "sys/class/kfd/kfd/topology/nodes/*/properties"))
	n := 0
	for _, file := range nodes {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == "simd_count" && value != "0" {
				n++
			}
		}
	}
	return n
}

// visible are the devices that a variable of the environment leaves to this process: all when it is not
// set. It may name them by index as well.
func visible(ids []string, variable string) []string {
	chosen, set := os.LookupEnv(variable)
	if !set {
		return ids
	}
	var out []string
	for _, name := range strings.Split(chosen, ",") {
		name = strings.TrimSpace(name)
		switch i, err := strconv.Atoi(name); {
		case name == "":
		case err != nil || len(ids) == 0:
			out = append(out, name)
		case i < 0 || i >= len(ids):
			return out // as CUDA does: what comes after an invalid one is hidden
		default:
			out = append(out, name) // indices stay indices, in CUDA's own order
		}
	}
	return out
}
