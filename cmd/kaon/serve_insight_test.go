package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/plan"
)

// forecast is what a server adds to a plan: when it would run there, and what that goes by.
var forecast = regexp.MustCompile(`(?m)^now it would .*\n(  if .*\n)?`)

// What plans, explains, compares, runs again and archives prints the same here and from elsewhere.
func TestServeInsight(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	var local plan.Plan
	p.kaon("plan", "quick.yaml", "--json", "--set", "limits.wall=1h").ends(exitDone).json(&local)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	at := ready.Listen[0]
	far := newPlace(t) // has nothing of the server's but the address and a token
	secret := strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)
	far.aws = []string{"HOME=" + far.dir, "XDG_CONFIG_HOME=" + far.dir + "/.config", "KAON_SERVER=" + at, "KAON_TOKEN=" + secret}
	far.write("quick.yaml", quickSpec)
	var remote plan.Plan
	far.kaon("plan", "quick.yaml", "--json", "--set", "limits.wall=1h").ends(exitDone).json(&remote)
	if remote.Trials != 3 || remote.Commands[0] != local.Commands[0] || *remote.Most.CPUHours != *local.Most.CPUHours {
		t.Errorf("plan here %+v, and there %+v", local, remote)
	}
	here, there := p.kaon("plan", "quick.yaml").ends(exitDone).stdout, far.kaon("plan", "quick.yaml").ends(exitDone).prints("now it would start at once").stdout
	if there = forecast.ReplaceAllString(there, ""); here != there {
		t.Errorf("plan prints\n%s\nand from elsewhere\n%s", here, there)
	}
	far.kaon("plan", "quick.yaml", "--set", "task.resources.cpus=100000").ends(exitDone).prints("would never start")
	far.kaon("plan", "quick.yaml", "--set", "task.secrets=[HOME]").ends(exitUsage).says("task.secrets")
	far.fed(quickSpec, "run", "-", "--quiet", "--json").ends(exitDone).prints(`"state":"succeeded"`) // read once

	var first, second api.Sweep
	far.kaon("submit", "quick.yaml", "--wait", "--label", "nightly").ends(exitDone).prints("winner: trial 1, loss 1")
	far.kaon("list", "--json", "--label", "nightly").ends(exitDone).json(&first)
	far.kaon("submit", "--like", "nightly", "--set", "parameters.x.values=[5,4]", "--json", "--wait").ends(exitDone).prints(`"value":4`)
	far.kaon("submit").ends(exitUsage).says("--like")
	far.kaon("submit", "quick.yaml", "--like", "nightly").ends(exitUsage)
	far.kaon("submit", "--like", "nightly", "--set", "paramters.x=1").ends(exitUsage).says("paramters")
	p.kaon("submit", "--like", first.ID, "--set", "command=exit 3", "--wait").ends(exitFailed)
	far.kaon("list", "--json", "--label", "nightly", "--state", "succeeded", "--limit", "1").ends(exitDone).json(&second)
	if second.ID == first.ID || second.Trials.Total != 2 {
		t.Errorf("run again: %+v", second)
	}
	for _, command := range [][]string{
		{"compare", first.ID, second.ID, first.ID + "/0"}, {"compare", first.ID, second.ID, "--json"}, {"best", first.ID, "--explain"}, {"best", first.ID, "--explain", "--json"},
	} {
		here, there := p.kaon(command...).ends(exitDone), far.kaon(command...).ends(exitDone)
		if here.stdout != there.stdout {
			t.Errorf("kaon %s prints\n%s\nand from elsewhere\n%s", strings.Join(command, " "), here.stdout, there.stdout)
		}
	}
	far.kaon("compare", first.ID, second.ID).ends(exitDone).prints("parameters that differ:", "settings that differ:", "parameters.x.values", "loss 1 (best)")
	far.kaon("compare", first.ID).ends(exitUsage).says("two sweeps or trials")
	far.kaon("archive", first.ID).ends(exitDone).prints("is archived")
	if shown := far.kaon("list").ends(exitDone); strings.Contains(shown.stdout, first.ID) || !strings.Contains(shown.stdout, second.ID) {
		t.Errorf("lists after the archive: %s", shown.stdout)
	}
	p.kaon("list", "--archived").ends(exitDone).prints(first.ID)
	far.kaon("status", first.ID).ends(exitDone)
	p.kaon("unarchive", first.ID, "--json").ends(exitDone).prints(`"done":"unarchive"`)
	far.kaon("list").ends(exitDone).prints(first.ID)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.kaon("archive", second.ID).ends(exitUnreachable) // its server does not run
}
