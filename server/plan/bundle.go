package plan

import (
	"fmt"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// BundlePlan is how trials share tasks of the cluster: a contract for scripts.
type BundlePlan struct {
	// trials that a task runs at most, as the spec says; absent: as many as fit into Seconds
	Most int `json:"most,omitempty"`
	// of work that a task is to have, where trials are that short; absent: however long they take
	Seconds  float64 `json:"seconds,omitempty"`
	Alone    string  `json:"alone,omitempty"` // why each trial has a task of its own; absent: they share
	Sentence string  `json:"sentence"`
}

// planBundle is how trials that need so much share tasks.
func planBundle(spec *sweep.Spec, learns bool, need resource.Resources) BundlePlan {
	if most := spec.Task.Bundle.Most(); most > 1 {
		return BundlePlan{Most: most,
			Sentence: fmt.Sprintf("up to %d trials share a task of the cluster, one after the other", most)}
	}
	if why := scheduler.WhyAlone(spec, learns, need); why != "" {
		return BundlePlan{Alone: why, Sentence: "each trial is a task of its own on the cluster: " + why}
	}
	seconds := scheduler.BundleWork.Seconds()
	return BundlePlan{Seconds: seconds, Sentence: fmt.Sprintf("trials of less than a second share tasks of the "+
		"cluster, about %v seconds of work each", seconds)}
}
