package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

var (
	errPartly = errors.New("the executor's program was brought only in part, and the rest cannot be")
	errOther  = errors.New("the pod waits for the program of another version of kaon")
)

const (
	discardWait   = 5 * time.Second // before the removal of a pod that failed is tried again
	contendedWait = time.Second     // before a quota that others change at the same time is asked again
	quotaWait     = 5 * time.Second // before a quota that is used up, or who does not take us in, is asked again
)

// create creates the pod; false: there is none, and its agent was told.
func (x *container) create(ctx context.Context) bool {
	c := x.cluster
	if x.full {
		x.node.remote.Refused(x.id, "Kubernetes: node "+x.node.name+" takes no more pods")
		return false
	}
	if c.creation.Wait(ctx) != nil {
		return false
	}
	x.node.remote.Settled() // tasks that came with the first are known
	p, err := x.describe()
	if err != nil {
		x.node.remote.StartFailed(x.id, err.Error())
		return false
	}
	if !x.awaitRoom(ctx, p) {
		if ctx.Err() == nil {
			x.node.remote.Exited(x.id, 9)
		}
		return false
	}
	until := time.Now().Add(c.conf.CreateTimeout)
	for {
		if _, _, killed := x.now(); killed {
			x.node.remote.Exited(x.id, 9)
			return false
		}
		var made pod
		err := c.api.call(ctx, http.MethodPost, podsPath(c.conf.Namespace), nil, p, &made)
		if exists(err) {
			err = x.compare(ctx, p, &made)
		}
		if err == nil {
			x.mu.Lock()
			x.mu.waits = ""
			if x.mu.pod == nil {
				x.mu.pod = &made
			}
			x.mu.Unlock()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if again, _ := passing(err, 0); again && time.Now().Before(until) {
			c.log.Warn("pod not created", "pod", p.Metadata.Name, "err", err)
			x.waits("the pod is not created: " + err.Error())
			continue // the call itself has waited
		}
		if left := time.Until(until); left > 0 && (contended(err) || exceeded(err) || young(err) || denied(err)) {
			c.complaint.Do(func() { c.log.Warn("pods are not created", "pod", p.Metadata.Name, "err", remedyOf(err)) })
			x.waits("the pod is not created: " + remedyOf(err).Error())
			wait := contendedWait
			if !contended(err) {
				wait = min(quotaWait, left)
			}
			if x.pause(ctx, wait) && c.creation.Wait(ctx) == nil {
				continue
			}
			return false
		}
		x.refuse(err)
		return false
	}
}

// pause waits, or until something else is to be looked at; it tells whether ctx still stands.
func (x *container) pause(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-x.changed:
	case <-ctx.Done():
		return false
	}
	return true
}

// exists tells the refusal of a name that is taken.
func exists(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && s.Code == http.StatusConflict && s.Reason == "AlreadyExists"
}

// contended tells a refusal that is of the moment: a quota's count was changed by others at the same time.
func contended(err error) bool { return code(err) == http.StatusConflict && !exists(err) }

// describe makes the pod that is to be created.
func (x *container) describe() (*pod, error) {
	c := x.cluster
	x.mu.Lock()
	limits := x.mu.limits
	x.mu.Unlock()
	var delivery int64
	if c.conf.Executor == "" && c.conf.KaonImage == "" {
		program, err := x.node.program()
		if err != nil {
			return nil, err
		}
		delivery = int64(len(program))
	}
	x.size = limits
	p, err := c.podOf(x.node, x.begin, limits, delivery)
	if err == nil {
		x.mu.Lock()
		x.mu.sweep = p.Metadata.Labels[labelSweep]
		x.mu.Unlock()
	}
	if err == nil && delivery > 0 {
		p.Metadata.Annotations[noteDelivery] = strconv.FormatInt(delivery, 10)
	}
	return p, err
}

// compare finds out whether the pod that is there under our name is ours: then an earlier try has made it.
func (x *container) compare(ctx context.Context, want, there *pod) error {
	c := x.cluster
	if err := c.api.call(ctx, http.MethodGet, podPath(c.conf.Namespace, want.Metadata.Name), nil,
		nil, there); err != nil {
		return err
	}
	if !c.ours(there) || there.Metadata.Annotations[noteHash] != want.Metadata.Annotations[noteHash] {
		return &StatusError{Code: http.StatusConflict, Reason: "AlreadyExists",
			Message: fmt.Sprintf("pod %s is there already, and is not what was to be created", want.Metadata.Name)}
	}
	return nil
}

// exceeded tells the refusal of a quota that is used up.
func exceeded(err error) bool {
	return code(err) == http.StatusForbidden && strings.Contains(err.Error(), "exceeded quota")
}

// young tells the refusal of a namespace that was just made, whose account is still to come.
func young(err error) bool {
	return code(err) == http.StatusForbidden && strings.Contains(err.Error(), "error looking up service account ")
}

// remedyOf is what to do where our account is what is refused, or a quota that wants limits does it: other 403s say
// themselves what they want.
func remedyOf(err error) error {
	if code(err) == http.StatusForbidden && strings.Contains(err.Error(), "must specify limits.") {
		return fmt.Errorf("%w: add limits=%s to the cluster's address", err, LimitsRequests)
	}
	if denied(err) {
		return remedy(err)
	}
	return err
}

// refuse tells the agent that the API server will have no such pod. What quotas say, and what is said of our account,
// may be otherwise later, and is not the pod's fault.
func (x *container) refuse(err error) {
	why := "Kubernetes refuses the pod: " + remedyOf(err).Error()
	if exceeded(err) || young(err) || denied(err) || contended(err) ||
		code(err) == 0 || code(err) == http.StatusTooManyRequests || code(err) >= 500 {
		x.node.remote.Refused(x.id, why)
		return
	}
	x.node.remote.StartFailed(x.id, why)
}

// remove deletes a pod, whose containers have so many seconds to end. One that is gone is removed.
func (c *Cluster) remove(ctx context.Context, p *pod, grace int) error {
	err := c.api.remove(ctx, p, grace)
	if err != nil && ctx.Err() == nil {
		c.log.Warn("pod not deleted", "pod", p.Metadata.Name, "err", err)
	}
	return err
}

// release takes our finalizer off a pod: all that it can tell was written down.
func (c *Cluster) release(ctx context.Context, p *pod) error {
	err := c.api.release(ctx, p)
	if err != nil && ctx.Err() == nil {
		c.log.Warn("pod not released", "pod", p.Metadata.Name, "err", err)
	}
	return err
}

// sweep removes pods of ours that no agent knows: their end was written down, or they were created by a process that
// died before it was told so. From then on they are removed as they are seen.
func (c *Cluster) sweep() {
	c.mu.Lock()
	c.mu.swept = true
	var left []*pod
	for _, of := range c.mu.pods {
		for _, p := range of {
			if c.unclaimed(p) {
				left = append(left, p)
			}
		}
	}
	c.mu.Unlock()
	for _, p := range left {
		c.discard(p)
	}
}

// unclaimed tells a pod of ours that no agent knows; the lock is held. Before sweep, agents have yet to say what they
// know.
func (c *Cluster) unclaimed(p *pod) bool {
	return c.mu.swept && c.ours(p) && c.mu.containers[p.Metadata.Labels[labelContainer]] == nil
}

// discard removes a pod that no agent knows, unless that is done or under way.
func (c *Cluster) discard(p *pod) {
	if c.claim(p) {
		c.events.tell(p, normal, eventNotAdopted, "kaon takes this pod away: what it did is written down, or "+
			"it was created by a kaon that ended before it knew; nobody waits for it")
		c.spawn(func() { c.discardUntil(p) })
	}
}

// claim reports whether a pod is the caller's to remove: somebody else may have, and the watch is yet to show it.
func (c *Cluster) claim(p *pod) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.mu.removed[p.Metadata.UID]; taken {
		return false
	}
	c.mu.removed[p.Metadata.UID] = false
	return true
}

// discarded notes that a pod is removed.
func (c *Cluster) discarded(p *pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, seen := c.mu.removed[p.Metadata.UID]; seen {
		c.mu.removed[p.Metadata.UID] = true
	}
}

// discardUntil removes a pod, as often as it takes.
func (c *Cluster) discardUntil(p *pod) {
	for c.remove(c.ctx, p, 1) != nil || c.release(c.ctx, p) != nil {
		if !timer.Sleep(c.ctx, discardWait) {
			return
		}
	}
	c.discarded(p)
}

// Kubelets refuse what does not fit beside the pods that they have, and a task's resources are free before its pod is
// gone: as soon as its executor has told of its end, or while a warm pod keeps the requests of tasks that it no longer
// has. So a pod is created when those of ours have made room.

const (
	roomPatience = 30 * time.Second // then its kubelet may decide
	roomAgain    = 50 * time.Millisecond
	roomSlack    = 1e-6 // of amounts that were added up
	roundedCPU   = 0.0015
	roundedBytes = 2 << 20 // requests are whole thousandths and MiB
)

// awaitRoom waits until a pod fits on its node beside what is there, as long as pods of ours are about to make room;
// false: ctx has ended, or the container was killed.
func (x *container) awaitRoom(ctx context.Context, p *pod) bool {
	for until := time.Now().Add(roomPatience); ; {
		fits, waits := x.cluster.takeRoom(x, p.requests())
		if fits || !waits || time.Now().After(until) {
			return true
		}
		if _, _, killed := x.now(); killed || !timer.Sleep(ctx, roomAgain) {
			return false
		}
	}
}

// takeRoom notes what a pod that is about to be created needs, if its node has that; else waits tells that pods of ours
// are to give back what they have no use for.
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
		case p.Metadata.Namespace == c.conf.Namespace && c.ours(p) &&
			c.mu.containers[p.Metadata.Labels[labelContainer]] != nil:
			// below
			continue
		case p.Metadata.Namespace == c.conf.Namespace && c.ours(p):
			waits = true // it is being removed
		case p.Spec.NodeName == "": // as in others
			continue
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
			if p.ended() || p.Metadata.DeletionTimestamp != nil || has[cpuName] > needs.CPUs+roundedCPU ||
				has[memoryName] > needs.MemoryMB*(1<<20)+roundedBytes {
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
