package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// Queues as an operator sets them and a submitter meets them; the server is killed and has them again.
func TestQueue(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	x, _ := p.serving()
	p.kaon("queue", "list").ends(exitDone).prints("default")
	p.kaon("queue", "set", "eng/ml", "--weight", "2", "--limit", "cpus=2,memory=1.5GB,trials=1").ends(exitDone).
		prints("queue eng/ml: weight 2, at most 2 cpus, 1.5 GB of memory, 1 trial")
	p.kaon("queue", "set", "eng/ml", "--user-limit", "trials=9").ends(exitDone).prints("weight 2, at most 2 cpus", "each user at most 9 trials")
	p.kaon("queue", "set", "eng/ml", "--guarantee", "cpus=1,trials=1").ends(exitDone).prints("guaranteed 1 cpu, 1 trial")
	p.kaon("queue", "set", "eng/ml", "--guarantee", "trials=3").ends(exitUsage).says("trials 3 is more than its limit of 1")
	p.kaon("queue", "set", "eng/ml", "--limit", "cpus").ends(exitUsage).says("want NAME=AMOUNT")
	p.kaon("queue", "set", "eng/ml", "--limit", "cpus=2GB").ends(exitUsage).says("cpus=2GB")
	p.kaon("queue", "set", "eng/ml", "--limit", "trails=2").ends(exitUsage).says("did you mean `trials`?")
	p.kaon("queue", "set", "eng/ml", "--user-limit", "mem=2GB,gpu=8").ends(exitUsage).says("did you mean `gpus`?")
	p.kaon("queue", "set", "eng//ml").ends(exitUsage).says("no name of a queue")
	p.kaon("submit", "slow.yaml", "--queue", "eng/mll").ends(exitUsage).says(`no queue "eng/mll"; there are: default, eng/ml`)
	p.kaon("submit", "slow.yaml", "--queue", "eng/ml", "--priority", "2000").ends(exitUsage).says("priority", "1000")
	var s api.Sweep
	p.kaon("submit", "slow.yaml", "--queue", "eng/ml", "--priority", "5", "--json").ends(exitDone).json(&s)
	waits := func() {
		testkit.Await(t, "the limit", func() bool {
			return strings.Contains(p.kaon("status", s.ID).stdout, "2 trials wait: queue eng/ml is at its limit of 1 trial")
		})
	}
	waits()
	p.kaon("status", s.ID).ends(exitDone).prints("queue eng/ml, priority 5")
	p.kaon("list", "--queue", "eng").ends(exitDone).prints(s.ID)
	p.kaon("queue", "rm", "eng/ml").ends(exitUsage).says("has not ended")
	x.signal(syscall.SIGKILL)
	x.wait()
	y, _ := p.serving()
	waits()
	var all api.Queues
	if err := json.Unmarshal([]byte(p.kaon("queue", "list", "--json").ends(exitDone).stdout), &all); err != nil || len(all.Queues) != 3 ||
		all.Queues[2].Used["trials"] != 1 || all.Queues[2].Waiting != 2 {
		t.Errorf("queues %+v, %v", all, err)
	}
	p.kaon("queue", "set", "eng/ml", "--limit", "none").ends(exitDone)
	testkit.Await(t, "all to run", func() bool { return strings.Contains(p.kaon("status", s.ID).stdout, "3 running") })
	p.write("go", "")
	p.kaon("watch", s.ID).ends(exitDone)
	p.kaon("queue", "rm", "eng/ml").ends(exitDone).prints("queue eng/ml is gone")
	p.write("prices.yaml", "{cpu_hour: 1000000, currency: EUR}")
	p.kaon("queue", "usage", "--price", "prices.yaml").ends(exitDone).prints("QUEUE", "CPU HOURS", "COST EUR", "eng/ml")
	var used pricedUsage
	p.kaon("queue", "usage", "--by", "sweep", "--results", "kaon-results", "--price", "prices.yaml", "--json").ends(exitDone).json(&used)
	if len(used.Items) != 1 || used.Items[0].Key != s.ID || used.Items[0].Attempts < 3 || used.Cost == nil || *used.Cost <= 0 {
		t.Errorf("used %+v", used)
	}
	p.write("prices.yaml", "cpus: 3")
	p.kaon("queue", "usage", "--price", "prices.yaml").ends(exitUsage).says("prices.yaml:1: cpus: no such price")
	p.kaon("queue", "usage", "--since", "soon").ends(exitUsage).says("--since soon", "30d")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// A word that is near that of an amount is no attribute of an agent, which would have less than it should.
func TestAgentOfMisspeltAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"cpu=4": "did you mean cpus?", "gpu=2": "did you mean gpus?", "memroy=4": "did you mean memory?",
		"port=80": "did you mean ports?", "mem=lots": "mem=lots: want", "cpus=4GB": "cpus=4GB: want a number", "disk=-1": "disk=-1: want",
	} {
		if _, err := parseAgent("name=a," + text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	a, err := parseAgent("name=a,cpus=2,memory=4GB,disk=1000,gpu=a100,rack=3,zone=b")
	if err != nil || a.MemoryMB != 4096 || a.DiskMB != 1000 || a.CPUs != 2 || len(a.Attributes) != 3 {
		t.Errorf("%+v, %v", a, err)
	}
}
