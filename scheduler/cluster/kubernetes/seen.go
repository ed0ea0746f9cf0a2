package kubernetes

// Pods as the watch shows them: what of nodes is taken by others, and what became of our own.

func keyOf(p *pod) string { return p.Metadata.Namespace + "/" + p.Metadata.Name }

// ours tells a pod that was made from our folder. What carries its labels under another name is a copy that somebody
// made, as to look into one, and is treated as others' pods are.
func (c *Cluster) ours(p *pod) bool {
	m := &p.Metadata
	return m.Namespace == c.conf.Namespace && m.Labels[labelOwner] == c.owner &&
		m.Name == podName(m.Labels[labelContainer])
}

// changePod takes one pod that came, changed or went.
func (c *Cluster) changePod(p *pod, gone bool) {
	key := keyOf(p)
	name := p.node()
	c.mu.Lock()
	if old := c.mu.at[key]; old != "" && (gone || old != name) {
		delete(c.mu.pods[old], key)
		delete(c.mu.at, key)
		c.mu.dirty[old] = true
	}
	if name != "" && !gone {
		if c.mu.pods[name] == nil {
			c.mu.pods[name] = map[string]*pod{}
		}
		c.mu.pods[name][key], c.mu.at[key] = p, name
	}
	if gone {
		delete(c.mu.removed, p.Metadata.UID)
	}
	left := !gone && c.unclaimed(p)
	var x *container
	if c.ours(p) {
		x = c.mu.containers[p.Metadata.Labels[labelContainer]]
	}
	c.mu.Unlock()
	c.dirty(name)
	if x != nil {
		x.see(p, gone)
	}
	if left {
		c.discard(p)
	}
}

// replacePods takes a new list: what is not in it is gone.
func (c *Cluster) replacePods(all []*pod) {
	there := map[string]bool{}
	for _, p := range all {
		there[keyOf(p)] = true
	}
	var gone []*pod
	c.mu.Lock()
	for _, of := range c.mu.pods {
		for key, p := range of {
			if !there[key] {
				gone = append(gone, p)
			}
		}
	}
	c.mu.Unlock()
	for _, p := range gone {
		c.changePod(p, true)
	}
	for _, p := range all {
		c.changePod(p, false)
	}
}

// others is what pods that are not ours take of a node, and how many there are. What may be on it and is not yet has
// nothing of it, as kube-scheduler counts, too.
func (c *Cluster) others(node string) sum {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := sum{}
	for _, p := range c.mu.pods[node] {
		if c.ours(p) || p.ended() || p.Spec.NodeName == "" {
			continue
		}
		for name, v := range p.requests() {
			taken[name] += v
		}
		taken[podsName]++
	}
	return taken
}

// count is how many of our own pods a node has.
func (c *Cluster) count(node string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pods(node)
}

// pods is count; the lock is held.
func (c *Cluster) pods(node string) (n int) {
	for _, x := range c.mu.on[node] {
		if !x.full {
			n++
		}
	}
	return n
}

// noteRoom notes how many pods of ours a node takes.
func (c *Cluster) noteRoom(node string, room int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.room[node] = room
}

// known is the pod of a container as it was seen last; nil: it was not.
func (c *Cluster) known(node, container string) *pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.mu.pods[node] {
		if c.ours(p) && p.Metadata.Labels[labelContainer] == container {
			return p
		}
	}
	return nil
}
