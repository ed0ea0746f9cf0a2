package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Agents may keep containers to their disk, and the executor's program lies in the sandbox with what the trials write: where
// a spec names disk it is asked for besides. Agents without disk are good for specs that name none.
func TestExecutorsProgramIsNoneOfTheTrialsDisk(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(self)
	if err != nil {
		t.Fatal(err)
	}
	size := int(info.Size() >> 20)
	p := newPlace(t)
	p.write("square.yaml", square)
	roomy := p.serve("", fmt.Sprintf("name=a,cpus=2,mem=2000,disk=%d", 50+size+2))
	p.kaon("run", "square.yaml", "--cluster", roomy, "--set", "task.resources.disk=50MB").ends(exitDone)

	other := newPlace(t)
	tight := other.serve("", fmt.Sprintf("name=a,cpus=2,mem=2000,disk=%d", 50+size-1))
	address := strings.TrimPrefix(tight, "mesos://")
	p.shareCredentials(other, address, address)
	p.kaon("plan", "square.yaml", "--cluster", tight, "--set", "task.resources.disk=50MB").prints("fits no agent", "disk")
	p.kaon("plan", "square.yaml", "--cluster", tight, "--set", "task.resources.memory=1990MB").prints("fits no agent", "mem")
	p.kaon("run", "square.yaml", "--cluster", tight).ends(exitDone)
}
