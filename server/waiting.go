package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// machine is the one agent of the cluster on this machine, which has nobody else's tasks: what people are
// told of it needs none of a cluster's words.
type machine map[string]resource.Milli // what it has, by resource

func machineOf(a embedded.AgentConfig) machine {
	milli := func(v float64) resource.Milli { return resource.Milli(v * float64(resource.Unit)) }
	return machine{"cpus": milli(a.CPUs), "mem": milli(a.MemoryMB), "disk": milli(a.DiskMB),
		"gpus": milli(a.GPUs)}
}

// waits says why so many trials, which take this much each, wait for this machine. Not ok when they wait
// for something else than what runs on it now; then the scheduler's own reasons are to be told.
func (m machine) waits(why offers.Reasons, trials int, each resource.Resources) (text string, ok bool) {
	if why.Agents == 0 {
		return "the cluster on this machine is starting", true
	}
	are := "is"
	if trials != 1 {
		are = "are"
	}
	for _, l := range why.Largest {
		if l.Resource == "ports" { // that it has had enough of them otherwise, CheckFeasible knows
			return fmt.Sprintf("%s %s waiting: %s", format.Plural(trials, "trial"), are, NoPorts), true
		}
	}
	if why.FitsEmpty == 0 || why.Quota > 0 || why.OtherRole > 0 || why.Leaving != nil ||
		len(why.Excluded)+len(why.Constraints) > 0 {
		return "", false
	}
	if why.Cordoned > 0 {
		return fmt.Sprintf("%s %s waiting, as this machine is to get no work: end that with: kaon cordon --undo",
			format.Plural(trials, "trial"), are), true
	}
	var parts []string
	for _, s := range why.Resources {
		parts = append(parts, m.short(s, each))
	}
	switch {
	case len(parts) > 0:
	case why.Avoided > 0:
		parts = []string{"this machine to be trusted again after failures: it gets no more for a while"}
	default: // what is free is being offered now, or the first trials have to begin
		parts = []string{"what runs on this machine to begin or to end"}
	}
	return fmt.Sprintf("%s %s waiting for %s", format.Plural(trials, "trial"), are,
		strings.Join(parts, "; and for ")), true
}

// neverHere says what trials need that this machine does not have, even if it did nothing else, and what
// helps. Not ok when it is something else that keeps them from it.
func neverHere(why offers.Reasons, trials int) (text, helps string, ok bool) {
	if len(why.Largest) == 0 || len(why.Excluded)+len(why.Constraints) > 0 {
		return "", "", false
	}
	needs, each := "needs", ""
	if trials != 1 {
		needs, each = "need", " each"
	}
	var parts []string
	helps = "ask for less in task.resources, or run it elsewhere with --cluster"
	for _, l := range why.Largest {
		if l.Largest == 0 && resource.Extended(l.Resource) {
			helps = nobodyHas(l.Resource) + "; run it there with --cluster"
		}
		asked, has := format.Quantity(l.Resource, l.Asked), "this machine has "+format.Quantity(l.Resource, l.Largest)
		if l.Largest == 0 && resource.Extended(l.Resource) {
			has = "this machine has none"
		}
		if l.Resource == "gpus" {
			if has = "this machine has " + format.Value(float64(l.Largest)/float64(resource.Unit)); l.Largest == 0 {
				has = "none was found on this machine"
			}
			helps = "if it has more, say how many with --gpus N (what is looked for: NVIDIA's driver or nvidia-smi, " +
				"and AMD's /dev/kfd); else " + helps
		}
		parts = append(parts, fmt.Sprintf("%s%s, and %s", asked, each, has))
	}
	return fmt.Sprintf("%s %s %s", format.Plural(trials, "trial"), needs, strings.Join(parts, "; ")), helps, true
}

// short says what there is too little of now.
func (m machine) short(s offers.Shortage, each resource.Resources) string {
	want, unit := each.Named[s.Resource], ""
	one, more := s.Resource, s.Resource
	switch s.Resource {
	case "cpus":
		want, one, more = each.CPUs, "a free cpu", "free cpus"
	case "mem":
		want, one, more, unit = each.Mem, "free memory", "free memory", " MB"
	case "disk":
		want, one, more, unit = each.Disk, "free disk", "free disk", " MB"
	case "gpus":
		want, one, more = each.GPUs, "a free GPU", "free GPUs"
	case "ports":
		want, one, more = resource.Milli(each.Ports)*resource.Unit, "a free port", "free ports"
	}
	if want <= resource.Unit {
		more = one
	}
	amount := func(v resource.Milli) string { return format.Value(float64(v)/float64(resource.Unit)) + unit }
	has, known := m[s.Resource]
	free := want - s.Least
	switch {
	case !known:
		return more
	case free <= 0 && want <= has:
		return fmt.Sprintf("%s: this machine has %s, all in use", more, amount(has))
	}
	return fmt.Sprintf("%s: each takes %s, and of this machine's %s only %s free", more, amount(want),
		amount(has), isFree(max(free, 0), amount))
}

func isFree(v resource.Milli, amount func(resource.Milli) string) string {
	if v == resource.Unit {
		return amount(v) + " is"
	}
	return amount(v) + " are"
}

// explain is the reasons why trials wait, for people, with what can be done. A nil machine is a cluster.
func (m machine) explain(why offers.Reasons, trials int, each resource.Resources) string {
	if m != nil {
		if text, ok := m.waits(why, trials, each); ok {
			return text
		}
	}
	text := why.Sentence(trials)
	if what := remedy(why); what != "" {
		text += "; what helps: " + what
	}
	return text
}

// remedy is what can be done about reasons besides waiting or asking for less; empty: nothing.
func remedy(r offers.Reasons) string {
	if len(r.Excluded) > 0 {
		return "an executor for the other agents: " + foreignRemedy
	}
	for _, l := range r.Largest {
		if l.Largest == 0 && resource.Extended(l.Resource) {
			return nobodyHas(l.Resource)
		}
	}
	return ""
}

// nobodyHas says what helps where a device is asked for that no agent has.
func nobodyHas(device string) string {
	if slices.Contains(resource.GPUNames, device) {
		return "write `gpus` for GPUs of any maker, which every cluster knows; nodes of Kubernetes have " + device +
			" when its device plugin runs there"
	}
	return "nodes of Kubernetes have " + device + " when its device plugin runs there (kubectl describe node), " +
		"and agents of Mesos by their --resources"
}
