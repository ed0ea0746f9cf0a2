package kubernetestest

import "fmt"

// schedule gives pods without a node the first that they fit on, where the options say so. It is called after each creation and
// whenever a kubelet of the cluster synchronizes.
func (c *Cluster) schedule() {
	if !c.options.Scheduler {
		return
	}
	pods := kindNamed("pods")
	unbound, _ := c.store.list(pods, "", func(o Object) bool {
		return o.Text("spec", "nodeName") == "" && !o.ended() && !o.Deleting() && len(items(o.Get("spec", "schedulingGates"))) == 0
	})
	for _, pod := range unbound {
		node := c.fit(pod)
		_, _ = c.store.update(key{pods, pod.Namespace(), pod.Name()}, func(o Object) (Object, *Status) {
			if o.Text("spec", "nodeName") != "" || o.UID() != pod.UID() {
				return nil, conflict(pods, pod.Name(), "it changed")
			}
			if node == "" {
				setCondition(o, "PodScheduled", "False", "Unschedulable", fmt.Sprintf("0/%d nodes are available", len(c.Kubelets())))
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
next:
	for _, node := range nodes {
		if flag(node, "spec", "unschedulable") {
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
