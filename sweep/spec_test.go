package sweep

import (
	"math/big"
	"testing"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func TestTrialLimitsAreWhatTheSpecNames(t *testing.T) {
	const head = "method: grid\nprogram: train.py\nparameters: {batch: {values: [32, 64]}}\n"
	for task, want := range map[string]TrialLimits{
		"":                               {},
		"task: {resources: {gpus: 0}}":   {},
		"task: {resources: {cpus: 0.5}}": {CPUs: 500},
		"task: {cpu_limit: hard, resources: {cpus: 2}}":         {CPUs: 2000, HardCPUs: true},
		"task: {cpu_limit: soft, resources: {cpus: 2}}":         {CPUs: 2000},
		"task: {resources: {mem: 100}}":                         {Mem: 100 * resource.Unit},
		`task: {resources: {cpus: 0, memory: "batch * 4MB"}}`:   {Mem: 256 * resource.Unit},
		`task: {resources: {cpus: "batch / 32", memory: 1 GB}}`: {CPUs: 2000, Mem: 1024 * resource.Unit},
	} {
		spec, err := Parse("x.yaml", []byte(head+task))
		if err != nil {
			t.Errorf("%s: %v", task, err)
			continue
		}
		if got, err := spec.TrialLimits(spec.Space.At(big.NewInt(1))); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", task, got, err, want)
		}
	}
}
