package kubernetestest

// AddNamespace makes a namespace with labels, such as pod-security.kubernetes.io/enforce: restricted.
func (c *Cluster) AddNamespace(name string, labels map[string]string) {
	c.t.Helper()
	meta := map[string]any{"name": name}
	if len(labels) > 0 {
		set := map[string]any{}
		for key, value := range labels {
			set[key] = value
		}
		meta["labels"] = set
	}
	c.Create("namespaces", "", Object{"metadata": meta})
}

// Create keeps an object past authorization and admission, for the test itself.
func (c *Cluster) Create(resource, namespace string, o Object) Object {
	c.t.Helper()
	k := kindNamed(resource)
	o = o.clone()
	withDefaults(k, o)
	created, status := c.store.create(k, namespace, o)
	if status != nil {
		c.t.Fatalf("create %s: %v", resource, status)
	}
	return created.clone()
}

// Get is an object as it is now, nil where there is none.
func (c *Cluster) Get(resource, namespace, name string) Object {
	o, ok := c.store.get(key{kindNamed(resource), namespace, name})
	if !ok {
		return nil
	}
	return o.clone()
}

// List is all objects of a resource in a namespace, "" for all namespaces, sorted by name.
func (c *Cluster) List(resource, namespace string) []Object {
	all, _ := c.store.list(kindNamed(resource), namespace, nil)
	out := make([]Object, len(all))
	for i, o := range all {
		out[i] = o.clone()
	}
	return out
}

// Change replaces an object by what edit makes of it, status too, and says whether there was one.
func (c *Cluster) Change(resource, namespace, name string, edit func(Object)) bool {
	c.t.Helper()
	_, status := c.store.update(key{kindNamed(resource), namespace, name}, func(o Object) (Object, *Status) {
		edit(o)
		return o, nil
	})
	return status == nil
}

// Delete asks for an object's end as somebody else's kubectl does; grace in seconds, negative for the object's own.
func (c *Cluster) Delete(resource, namespace, name string, grace int64) {
	how := deletion{grace: &grace}
	if grace < 0 {
		how.grace = nil
	}
	_, _, _ = c.store.delete(key{kindNamed(resource), namespace, name}, how)
}

// Disrupt deletes a pod as an eviction, a preemption or a node's taint does: the condition DisruptionTarget with the
// reason (EvictionByEvictionAPI, PreemptionByScheduler, DeletionByTaintManager, TerminationByKubelet) comes first.
func (c *Cluster) Disrupt(namespace, pod, reason string) {
	c.t.Helper()
	c.Change("pods", namespace, pod, func(o Object) {
		setCondition(o, "DisruptionTarget", "True", reason, "the pod was chosen by the test")
	})
	c.Delete("pods", namespace, pod, -1)
}

// setCondition writes a condition into an object's status.
func setCondition(o Object, kind, value, reason, message string) {
	status, ok := o["status"].(map[string]any)
	if !ok {
		status = map[string]any{}
		o["status"] = status
	}
	condition := map[string]any{"type": kind, "status": value}
	if reason != "" {
		condition["reason"] = reason
	}
	if message != "" {
		condition["message"] = message
	}
	list := items(status, "conditions")
	for i, old := range list {
		if text(old, "type") == kind {
			condition["lastTransitionTime"] = dict(old)["lastTransitionTime"]
			if text(old, "status") != value || condition["lastTransitionTime"] == nil {
				condition["lastTransitionTime"] = now()
			}
			list[i] = condition
			return
		}
	}
	condition["lastTransitionTime"] = now()
	status["conditions"] = append(list, condition)
}
