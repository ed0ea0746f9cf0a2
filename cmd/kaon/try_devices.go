package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/byhand"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// assigned is what a trial that runs by hand has of this machine for itself. Nobody else knows that it has the GPUs.
type assigned struct {
	gpus    containerizer.GPUs
	ports   []uint64
	warning string // what it lacks
	release func()
}

// assign finds the devices and ports that a trial asks for. The caller must call release when it has ended.
func (f machineFlags) assign(need resource.Resources) (assigned, error) {
	a := assigned{release: func() {}}
	if n := int((need.GPUs + resource.Unit - 1) / resource.Unit); n > 0 {
		found, err := server.Devices(f.GPUs)
		if err != nil {
			return a, err
		}
		if has := len(found.IDs); has < n {
			a.warning = fmt.Sprintf("it asks for %s, and this machine has %d: if it has more, say how many with "+
				"--gpus N", plural(n, "GPU"), has)
		}
		a.gpus = containerizer.GPUs{Vendor: found.Vendor, IDs: found.IDs[:min(n, len(found.IDs))]}
	}
	if need.Ports > 0 {
		leased, release := server.LeasePorts()
		a.release = release
		for p := leased[0]; p != 0 && p <= leased[1] && len(a.ports) < need.Ports; p++ {
			a.ports = append(a.ports, p)
		}
		if len(a.ports) < need.Ports {
			a.warning = server.NoPorts
		}
	}
	return a, nil
}

// environ is what tells the trial of them, as it is told on this machine. Into an image the engine brings NVIDIA's, and
// counts them anew.
func (a assigned) environ(image bool) (env []string) {
	if len(a.gpus.IDs) > 0 && (!image || a.gpus.Vendor == containerizer.AMD) {
		for name, value := range a.gpus.Environment(a.gpus.IDs) {
			env = append(env, name+"="+value)
		}
	}
	return append(env, executor.PortVariables(a.ports)...)
}

// docker is the words of `docker run` that give a container the devices.
func (a assigned) docker() []string {
	switch {
	case len(a.gpus.IDs) == 0:
		return nil
	case a.gpus.Vendor == containerizer.AMD:
		return []string{"--device", "/dev/kfd", "--device", "/dev/dri"}
	}
	return []string{"--gpus", `"device=` + strings.Join(a.gpus.IDs, ",") + `"`}
}

// needs is what a trial, or the step that follows, asks of a machine.
func (s source) needs(
	ctx context.Context, spec *sweep.Spec, trial int, params json.RawMessage,
) (resource.Resources, error) {
	var point sweep.Point
	switch {
	case !spec.DemandVaries():
	case trial == results.ThenTrial:
		w, err := store.ReadWinner(ctx, s.bucket, s.id)
		if err != nil {
			return resource.Resources{}, fmt.Errorf("find the winner, with which the `then` step runs: %w", err)
		}
		if err := json.Unmarshal(w.Params, &point); err != nil {
			return resource.Resources{}, fmt.Errorf("read the winner's parameters: %w", err)
		}
	default:
		var err error
		if point, err = (byhand.Trial{Sweep: s.id, Spec: spec, Trial: trial, Params: params}).Point(); err != nil {
			return resource.Resources{}, err
		}
	}
	return spec.Demand(point)
}
