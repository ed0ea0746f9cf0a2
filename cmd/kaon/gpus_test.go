package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server"
)

// Trials that run at the same time have devices and ports of their own, and one after the other the same again.
func TestTrialsHaveDevicesAndPortsOfTheirOwn(t *testing.T) {
	p := newPlace(t)
	p.write("sweep.yaml", `
method: grid
metric: {name: free, goal: maximize}
parameters: {i: {values: [0, 1, 2, 3, 4, 5]}}
command: |
  for name in $CUDA_VISIBLE_DEVICES ${PORT0} ${PORT1}; do mkdir held.$name || exit 9; done
  test "$PORTS" = "$PORT0,$PORT1" && test "$CUDA_VISIBLE_DEVICES" = "$ROCR_VISIBLE_DEVICES" || exit 8
  sleep 0.3
  for name in $CUDA_VISIBLE_DEVICES ${PORT0} ${PORT1}; do rmdir held.$name; done
  echo free=1 >> used.$CUDA_VISIBLE_DEVICES
  echo free=1
task: {resources: {cpus: 0.1, memory: 16MB, gpus: 1, ports: 2}, retries: 0}
`)
	var got struct {
		Trials struct{ Succeeded int }
	}
	p.kaon("run", "sweep.yaml", "--gpus", "5,7", "--json").ends(0).json(&got)
	if got.Trials.Succeeded != 6 {
		t.Fatalf("%+v", got)
	}
	used, _ := filepath.Glob(filepath.Join(p.dir, "used.*"))
	if s := strings.Join(used, " "); len(used) != 2 || !strings.Contains(s, "used.5") || !strings.Contains(s, "used.7") {
		t.Errorf("devices used: %v", used)
	}
}

// Who asks for a GPU where none is found learns how to name it.
func TestNoGPU(t *testing.T) {
	if found, err := server.Devices(""); err != nil || len(found.IDs) > 0 {
		t.Skip("this machine has GPUs")
	}
	p := newPlace(t)
	p.write("gpu.yaml", "method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: [\"true\"]\ntask: {resources: {cpus: 1, memory: 1MB, gpus: 1}}\n")
	const want = "2 trials need 1 GPU each, and none was found on this machine"
	p.kaon("run", "gpu.yaml").ends(exitUsage).says("gpu.yaml: this would never start here: "+want, "\n      if it has more, say how many with --gpus N")
	p.kaon("plan", "gpu.yaml").ends(exitDone).prints("needs 1 cpu, 1 MB of memory, 1 GPU\n", "would never start: "+want, "what helps: ", "--gpus N")
	p.kaon("run", "gpu.yaml", "--gpus", "x").ends(exitUsage).says(`--gpus x: "x" is no number and no GPU's id (none was found on this machine); want how many, as in --gpus 2`)
	p.kaon("plan", "gpu.yaml", "--set", "task.resources.gpus=2", "--gpus", "1").prints("2 trials need 2 GPUs each, and this machine has 1", "--gpus N")
	p.kaon("run", "gpu.yaml", "--gpus", "1", "--quiet").ends(exitDone)
}
