package kubernetes

import (
	"context"
	"time"
)

// Kubelets refuse what does not fit beside the pods that they have, and a task's resources are free before its pod is gone: as soon as its executor has told
// of its end, or while a warm pod keeps the requests of tasks that it no longer has. So a pod is created when those of ours have made room.

const (
	roomPatience = 30 * time.Second // then its kubelet may decide
	roomAgain    = 50 * time.Millisecond
	roomSlack    = 1e-6 // of amounts that were added up
	roundedCPU   = 0.0015
	roundedBytes = 2 << 20 // requests are whole thousandths and MiB
)

// awaitRoom waits until a pod fits on its node beside what is there, as long as pods of ours are about to make room; false: ctx has ended, or the container
// was killed.
func (x *container) awaitRoom(ctx context.Context, p *pod) bool {
	for until := time.Now().Add(roomPatience); ; {
		fits, waits := x.cluster.takeRoom(x, p.requests())
		if fits || !waits || time.Now().After(until) {
			return true
		}
		if _, _, killed := x.now(); killed || !sleep(ctx, roomAgain) {
			return false
		}
	}
}

// takeRoom notes what a pod that is about to be created needs, if its node has that; else waits tells that pods of ours are to give back what they have no
// use for.
func (c *Cluster) takeRoom(x *container, need sum) (fits, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := c.mu.allocatable[x.node.name]
	if total == nil {
		return true, false
	}
	taken := sum{podsName: 1}
	add := func(more sum) {
		for name, v := range more {
			taken[name] += v
		}
	}
	add(need)
	count := func(p *pod) {
		if !p.ended() {
			add(p.requests())
			taken[podsName]++
		}
	}
	for _, p := range c.mu.pods[x.node.name] {
		switch {
		case p.Metadata.Namespace == c.conf.Namespace && c.ours(p) && c.mu.containers[p.Metadata.Labels[labelContainer]] != nil: // below
			continue
		case p.Metadata.Namespace == c.conf.Namespace && c.ours(p):
			waits = true // it is being removed
		}
		count(p)
	}
	var slack []*container
	for _, o := range c.mu.on[x.node.name] {
		if o == x {
			continue
		}
		o.mu.Lock()
		p, needs, asked := o.mu.pod, o.mu.limits, o.mu.asked
		o.mu.Unlock()
		switch {
		case p == nil && asked != nil: // the watch has yet to show it
			add(asked)
			taken[podsName]++
		case p != nil:
			count(p)
			has := p.requests()
			if p.ended() || p.Metadata.DeletionTimestamp != nil || has[cpuName] > needs.CPUs+roundedCPU || has[memoryName] > needs.MemoryMB*(1<<20)+roundedBytes {
				slack = append(slack, o)
			}
		}
	}
	for name, v := range taken {
		if all, said := total[name]; v > all.value()+roomSlack && (said || name != podsName) {
			for _, o := range slack {
				o.shrink()
			}
			return false, waits || len(slack) > 0
		}
	}
	x.mu.Lock()
	x.mu.asked = need
	x.mu.Unlock()
	return true, false
}

// shrink has a warm pod give back at once what its tasks no longer need: another waits for it.
func (x *container) shrink() {
	x.mu.Lock()
	x.mu.wanted = true
	x.mu.Unlock()
	x.look()
}
