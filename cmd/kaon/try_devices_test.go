package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/containerizer"
	"github.com/kaon-sweep/kaon/server"
)

// A trial that runs by hand has devices and ports as it has in a run.
func TestTryGivesDevicesAndPorts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("given.yaml", `
method: grid
metric: {name: y}
parameters: {n: {values: [1, 2]}}
command: 'echo y=1; echo "$CUDA_VISIBLE_DEVICES/$ROCR_VISIBLE_DEVICES/$PORT0 $PORT1/$PORTS"'
task: {logs: all, resources: {cpus: 1, memory: 1MB, gpus: n, ports: 2}}
then: 'echo "then $CUDA_VISIBLE_DEVICES/$PORT1"'
`)
	id := contract(t, p.kaon("run", "given.yaml", "--json", "--gpus", "0,3").ends(exitDone)).Sweep
	given := regexp.MustCompile(`(?m)^0,3/0,3/(3\d{4}) (3\d{4})/(3\d{4}),(3\d{4})$`)
	for _, text := range []string{
		p.kaon("logs", id+"/1").ends(exitDone).stdout,
		p.kaon("try", id+"/1", "--gpus", "0,3").ends(exitDone).stdout,
	} {
		found := given.FindStringSubmatch(text)
		if found == nil || found[1] != found[3] || found[2] != found[4] || found[1] == found[2] {
			t.Errorf("%q is not %s", text, given)
		}
	}
	p.kaon("try", id+"/0", "--gpus", "0,3").ends(exitDone).prints("0/0/3") // it asks for one
	p.kaon("try", id+"/then", "--gpus", "1").ends(exitDone).prints("then 0/3")
	p.kaon("try", id+"/1", "--print", "--gpus", "2").ends(exitDone).prints("export CUDA_VISIBLE_DEVICES=0,1\n", "export PORT1=3")
	if found, err := server.Devices(""); err == nil && len(found.IDs) == 0 {
		p.kaon("try", id+"/1").ends(exitDone).says("it asks for 2 GPUs, and this machine has 0", "--gpus N")
	}
	p.kaon("try", id+"/1", "--gpus", "x").ends(exitUsage).says("as in --gpus 2")
}

func TestDevicesOfAnImage(t *testing.T) {
	for _, c := range []struct {
		gpus   containerizer.GPUs
		docker string
		env    string
	}{
		{containerizer.GPUs{}, "", ""},
		{containerizer.GPUs{Vendor: containerizer.NVIDIA, IDs: []string{"GPU-a", "GPU-b"}}, `--gpus "device=GPU-a,GPU-b"`, ""},
		{containerizer.GPUs{IDs: []string{"1"}}, `--gpus "device=1"`, ""},
		{containerizer.GPUs{Vendor: containerizer.AMD, IDs: []string{"1"}}, "--device /dev/kfd --device /dev/dri", "ROCR_VISIBLE_DEVICES=1"},
	} {
		a := assigned{gpus: c.gpus}
		env := a.environ(true)
		slices.Sort(env)
		if got := strings.Join(a.docker(), " "); got != c.docker || strings.Join(env, " ") != c.env {
			t.Errorf("%+v: %q and %q, want %q and %q", c.gpus, got, env, c.docker, c.env)
		}
	}
}
