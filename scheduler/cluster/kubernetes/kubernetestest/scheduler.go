package kubernetestest

import (
	"fmt"
	"slices"
)

// schedule gives pods without a node the first that they fit on, where the options say so. It is called after each
// creation and whenever a kubelet of the cluster synchronizes.
func (c *Cluster) schedule() {
	if !c.options.Scheduler {
		return
	}
	pods := kindNamed("pods")
	unbound, _ := c.store.list(pods, "", func(o Object) bool {
		return o.Text("spec", "nodeName") == "" && !o.ended() && !o.Deleting() &&
			len(items(o.Get("spec", "schedulingGates"))) == 0
	})
	for _, pod := range unbound {
		node := c.fit(pod)
		_, _ = c.store.update(key{pods, pod.Namespace(), pod.Name()}, func(o Object) (Object, *Status) {
			if o.Text("spec", "nodeName") != "" || o.UID() != pod.UID() {
				return nil, conflict(pods, pod.Name(), "it changed")
			}
			if node == "" {
				setCondition(o, "PodScheduled", "False", "Unschedulable",
					fmt.Sprintf("0/%d nodes are available", len(c.Kubelets())))
				return o, nil
			}
			dict(o["spec"])["nodeName"] = node
			setCondition(o, "PodScheduled", "True", "", "")
			return o, nil
		})
	}
}

// fit is a node that has room for a pod and does not keep it away, "" where there is none.
func (c *Cluster) fit(pod Object) string {
	nodes, _ := c.store.list(kindNamed("nodes"), "", nil)
	required := dict(pod.Get("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"))
next:
	for _, node := range nodes {
		if flag(node, "spec", "unschedulable") || required != nil && !affine(required, node) {
			continue
		}
		labels := node.Labels()
		for name, value := range words(pod.Get("spec", "nodeSelector")) {
			if labels[name] != value {
				continue next
			}
		}
		for _, taint := range items(node.Get("spec", "taints")) {
			if text(taint, "effect") != "PreferNoSchedule" && !tolerates(pod, taint) {
				continue next
			}
		}
		free := readAmounts(node.Get("status", "allocatable"))
		for _, other := range c.store.podsOn(node.Name()) {
			if !other.ended() {
				for name, n := range requested(other) {
					free[name] -= n
				}
			}
		}
		for name, n := range requested(pod) {
			if n > free[name]+1e-9 {
				continue next
			}
		}
		return node.Name()
	}
	return ""
}

// affine reports whether a node is one of those that a selector requires: by its name, which is all that is known here.
func affine(required map[string]any, node Object) bool {
	return slices.ContainsFunc(items(required, "nodeSelectorTerms"), func(term any) bool {
		fields := items(term, "matchFields")
		return len(fields) > 0 && !slices.ContainsFunc(fields, func(f any) bool {
			named := text(f, "key") == "metadata.name" && text(f, "operator") == "In"
			return !named || !slices.Contains(texts(f, "values"), node.Name())
		})
	})
}
