package scheduler

import (
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// A launch costs a cluster some tens of milliseconds of CPU and its answers some more, so trials that are shorter than
// a second or two are launched several at a time. How many follows from what the sweep's own trials took, and from
// guided self-scheduling (Polychronopoulos and Kuck, 1987): each task takes a share of what remains over the slots, so
// that the last tasks are small and no slot stands idle while another works off a long bundle. Half a share, as in
// factoring, since trials are not of one length.
const (
	// BundleWork is how much work a bundle of a learnt size is to be: a launch is a hundredth of it, and people wait no
	// longer for a slot.
	BundleWork = 2 * time.Second
	// leastWork is less than what is worth a launch of its own, even where slots stand idle meanwhile.
	leastWork = 100 * time.Millisecond
	// mostBundled bounds a bundle, and so what a lost task loses.
	mostBundled = 256
	// bundleBytes bounds the orders of a bundle: agents and masters keep what tasks carry in memory.
	bundleBytes = 256 << 10
	// bundleWindow is for how long a bundle of a learnt size begins trials: then a guess that was wrong has cost
	// enough.
	bundleWindow = 2 * BundleWork
)

// bundleSize is how many trials the next task of a group runs, the first of which is at hand.
func (g *group) bundleSize(first *task.Order) int {
	r := g.run
	if g.Isolated || !r.mayBundle(first.Trial) {
		return 1
	}
	most, least, parts := r.spec.Task.Bundle.Most(), 1, 1
	if most == 0 {
		parts = 2
		if !r.learnsBundles(g) || r.took.count < knownTrials {
			return 1
		}
		most, least = r.took.fit(BundleWork), r.took.fit(leastWork)
	}
	waiting := r.counts[sweep.Waiting]
	slots := r.tasks + r.granted + 1
	share := r.queue.Room(waiting, 0) / (parts * slots)
	left := r.queue.Left(&g.Group, waiting-1) + 1 - g.granted // each task that is placed gets a trial
	size := min(most, max(share, least), mostBundled, left)
	if size > 1 {
		size = min(size, bundleBytes/len(task.Encode(*first)))
	}
	return max(size, 1)
}

// mayBundle reports whether a trial may share a task. One that had a loss does not: should it be what its executors end
// of, it ends no other trial's attempt again, and is the one that pays.
func (r *run) mayBundle(trial int) bool {
	return trial != ThenTrial && r.budgets[trial].Losses == 0
}

// learnsBundles reports whether a sweep loses nothing by bundles of a size that is learnt.
func (r *run) learnsBundles(g *group) bool {
	return r.executor.shared != "" && WhyAlone(r.spec, r.search.Learns(), g.Demand.Resources) == ""
}

// WhyAlone is why trials of a spec that need so much never share a task of the cluster, unless `task.bundle` is a
// number: where a later trial is to know how an earlier one did, where trials are compared with others that run beside
// them, where constraints count trials, where ports or devices are to have rest between two trials, and where each
// trial is promised an executor of its own. Empty: short ones do.
func WhyAlone(spec *sweep.Spec, learns bool, need resource.Resources) string {
	switch {
	case spec.Task.Bundle == sweep.NoBundle:
		return "task.bundle is off"
	case learns:
		return "the search learns from each result"
	case len(spec.Early) > 0:
		return "early stopping compares trials that run beside each other"
	case spec.Task.Isolation == sweep.Contained:
		return "task.isolation promises each an executor of its own"
	case need.Ports > 0:
		return "they have ports"
	case need.GPUs > 0:
		return "they have GPUs"
	case need.Devices():
		return "they have devices"
	case slices.ContainsFunc(spec.Task.Constraints, counts):
		return "a constraint counts them"
	}
	return ""
}

// counts reports whether a constraint counts the tasks of an agent, rack or whatever it names.
func counts(c resource.Constraint) bool {
	switch c.Operator {
	case resource.Unique, resource.GroupBy, resource.MaxPer:
		return true
	}
	return false
}

// window is for how long its bundles begin trials; 0: until all have begun, as the spec says how many there are to be.
func (r *run) window() time.Duration {
	if r.spec.Task.Bundle.Most() > 0 {
		return 0
	}
	return bundleWindow
}
