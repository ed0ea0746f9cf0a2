package kubernetes

import (
	"fmt"
	"strings"
	"time"
)

// Who gives pods their nodes. The packer has chosen one before a pod is made. Unless told otherwise the pod is created
// bound to it. With Config.Scheduler it is created unbound, and may be on no other, as the pods of a DaemonSet are: the
// cluster's scheduler binds it, when it sees fit. So volumes that are made when their first pod is scheduled, and
// queues that hold pods back by gates, have their way.

const (
	// KubeScheduler is the cluster's default scheduler as a Config.Scheduler, whatever it is called there.
	KubeScheduler = "kube"

	nodeNameField   = "metadata.name"
	schedulingGated = "SchedulingGated" // the reason of a condition

	unboundWait = 30 * time.Second // for what a scheduler says may pass, as when another's pod ends
	gatedWait   = 12 * time.Hour   // for whoever holds a pod back
)

// bind says on which node a pod is to be, and who binds it; scheduler is a Config's.
func (s *podSpec) bind(node, scheduler string) {
	switch scheduler {
	case "":
		s.NodeName = node
		return
	case KubeScheduler:
	default:
		s.SchedulerName = scheduler
	}
	only := nodeRequirement{nodeNameField, "In", []string{node}}
	s.Affinity = &affinity{&nodeAffinity{&nodeSelector{[]nodeSelectorTerm{{[]nodeRequirement{only}}}}}}
}

// node is the one that a pod is on, or is to be on and may be on no other; empty: that is not decided.
func (p *pod) node() string {
	a := p.Spec.Affinity
	if p.Spec.NodeName != "" || a == nil || a.Node == nil || a.Node.Required == nil {
		return p.Spec.NodeName
	}
	node := ""
	for _, t := range a.Node.Required.Terms { // one of which is enough
		only := ""
		for _, r := range t.Fields {
			if r.Key == nodeNameField && r.Operator == "In" && len(r.Values) == 1 {
				only = r.Values[0]
			}
		}
		if only == "" || node != "" && node != only {
			return ""
		}
		node = only
	}
	return node
}

// unbound says why a pod has no node yet; nothing: it has one. start is Config.StartTimeout.
func (p *pod) unbound(start time.Duration) obstacle {
	if p.Spec.NodeName != "" {
		return obstacle{}
	}
	if len(p.Spec.SchedulingGates) > 0 {
		gates := make([]string, len(p.Spec.SchedulingGates))
		for i, g := range p.Spec.SchedulingGates {
			gates[i] = g.Name
		}
		return obstacle{"gated", "the pod is held back by " + strings.Join(gates, ", "), gatedWait}
	}
	for _, c := range p.Status.Conditions {
		// That of gates stays when they go.
		if c.Type != "PodScheduled" || c.Status != "False" || c.Reason == schedulingGated {
			continue
		}
		why := fmt.Sprintf("the pod is not scheduled: %s: %s", c.Reason, c.Message)
		if p.Status.NominatedNodeName != "" { // what it preempts has its grace
			return obstacle{"preempting", why, start}
		}
		return obstacle{"unscheduled", why, min(unboundWait, start)}
	}
	return obstacle{"unseen", "no scheduler has looked at the pod", start}
}
