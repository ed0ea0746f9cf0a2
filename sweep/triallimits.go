package sweep

import "github.com/kaon-sweep/kaon/sweep/resource"

// TrialLimits are the amounts that one trial is held to, with all that it starts. Only what the spec names is a limit: a
// spec that is silent says nothing about how much its trials may take.
type TrialLimits struct {
	CPUs     resource.Milli // cores; 0: no limit
	HardCPUs bool           // CPUs are the most it gets; else it gets more while others leave it some
	Mem      resource.Milli // MB of 2^20 bytes; 0: no limit
}

// TrialLimits gives the limits of a trial at a point. It fails where Demand does.
func (s *Spec) TrialLimits(p Point) (TrialLimits, error) {
	r := &s.Task.resources
	if !r.cpus.named && !r.mem.named {
		return TrialLimits{}, nil
	}
	need, err := r.at(s.Space, p)
	if err != nil {
		return TrialLimits{}, err
	}
	l := TrialLimits{HardCPUs: s.Task.HardCPUs}
	if r.cpus.named {
		l.CPUs = need.CPUs
	}
	if r.mem.named {
		l.Mem = need.Mem
	}
	return l, nil
}

// cpuLimit is soft unless the spec says otherwise.
func (d *decoder) cpuLimit(n, resources *node) (hard bool) {
	if n == nil || n.null {
		return false
	}
	text := d.text(n, "task.cpu_limit")
	switch {
	case text != "soft" && text != "hard":
		d.fail(n, "task.cpu_limit", "want soft or hard, not "+n.what(),
			"hard: a trial never gets more than its cpus; soft: it gets what others leave idle, too")
	case resources == nil || resources.kind != mapping || resources.get("cpus") == nil:
		d.fail(n, "task.cpu_limit", "the spec does not say how many cpus a trial has", "add `resources: {cpus: 1}`")
	}
	return text == "hard"
}
