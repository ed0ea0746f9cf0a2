package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const (
	drainWait                 = 3 * time.Second // for an attachment to bring what the executor said last
	eventsParts               = 18              // of Config.StartTimeout: how often a pod's Events are asked for
	logMax                    = 256 << 20       // kubelets keep 10 MiB unless told otherwise
	callMax                   = 64 << 20
	lineWait                  = 10 * time.Second // for a log's last line, which is only for people
	exitNoExec, exitNoProgram = 126, 127         // of shells
	logWait                   = 10 * time.Second // for a kubelet that was just started to know a pod's log
)

// stuck looks whether something stands in the way of a pod that does not run yet; true: it was given up.
func (x *container) stuck(ctx context.Context, p *pod) bool {
	o := p.unbound(x.cluster.conf.StartTimeout)
	if o.why == "" {
		o = p.obstacle()
	}
	if o.why == "" {
		o = x.told(ctx, p)
	}
	x.waits(o.why)
	lasts := x.blocked.lasts(o, time.Now())
	if o.why == "" {
		return false
	}
	x.mu.Lock()
	if x.mu.hopeless != "" {
		o.why, o.patience = x.mu.hopeless, 0
	}
	x.mu.Unlock()
	if lasts < o.patience || x.deleted {
		return false
	}
	if p.Spec.NodeName != "" {
		x.node.remote.StartFailed(x.id, "Kubernetes: "+o.why)
	} else { // what was offered was taken by others meanwhile, or is not to be had yet
		x.node.remote.Refused(x.id, "Kubernetes: "+o.why)
	}
	x.cluster.events.tell(p, warning, eventGaveUp, "kaon waits no longer for this pod to start: "+o.why)
	x.clear(ctx, p)
	return true
}

// told is what others' Events say that stands in a pod's way, where its status only says that it waits.
func (x *container) told(ctx context.Context, p *pod) obstacle {
	patience := x.cluster.conf.StartTimeout
	every := patience / eventsParts
	if x.cluster.api.now().Sub(p.Metadata.Created) < every {
		return obstacle{}
	}
	if time.Since(x.asked) >= every && x.cluster.events.asking.Allow() {
		why, err := x.cluster.events.obstacle(ctx, p)
		switch x.asked = time.Now(); {
		case err != nil: // what is known stands
			x.cluster.log.Debug("events of a pod not read", "pod", p.Metadata.Name, "err", err)
		case why != "":
			x.cluster.log.Warn("a pod waits", "pod", p.Metadata.Name, "node", x.node.name, "why", why)
			fallthrough
		default:
			x.warned = why
		}
	}
	if x.warned == "" {
		return obstacle{}
	}
	return obstacle{"event", x.warned, patience}
}

// lost tells the agent of a pod that is gone without a word: somebody took it away by force, or its node is no more. Of
// one that was never seen, and of whose tasks nothing was heard, there was none: a former life had yet to create it.
func (x *container) lost() {
	x.detach(0)
	if p, _, _ := x.now(); p == nil && x.unbegun {
		x.node.remote.Refused(x.id, "Kubernetes: kaon was started anew before it had created the pod")
		return
	}
	x.node.remote.Exited(x.id, -1)
}

// finish tells the agent how a pod ended, with what its executor said last, and removes it. false: not yet, as the API
// server is away.
func (x *container) finish(ctx context.Context, p *pod) bool {
	r := x.node.remote
	x.detach(drainWait)
	x.attached = nil
	m := p.main()
	var t *terminated
	if m != nil {
		t = m.State.Terminated
	}
	// also while nobody was here to see it; its executor's own word comes after that
	if why := takenBy(p, t); why != "" && !x.deleted && !x.evicted {
		x.evicted = true
		r.Evicted(x.id, "Kubernetes: "+why)
		x.tellMoved(p, why)
	}
	// An executor says nothing before somebody listens, which a former life may have done.
	if (x.begin == nil || x.listened.Load()) && len(r.Unfinished(x.id)) > 0 && !x.recall(ctx, p) {
		return false
	}
	switch {
	case p.Spec.NodeName == "" && p.Metadata.DeletionTimestamp != nil: // what came since can be had elsewhere
		r.Refused(x.id, "Kubernetes: the pod was deleted before it had a node")
	case neverRan(p):
		why := cmp.Or(p.Status.Message, p.Status.Reason, "its kubelet did not take the pod")
		if !p.mayBeTaken() {
			r.StartFailed(x.id, "Kubernetes: "+why)
			break
		}
		r.Refused(x.id, "Kubernetes: "+why)
		x.tellMoved(p, why)
	case t == nil && initFailure(p) != "" && !x.evicted:
		r.StartFailed(x.id, "Kubernetes: "+initFailure(p))
	case t != nil && t.ExitCode == cluster.ExitAgentUnreachable && x.noAttach != nil && !x.listened.Load():
		why := "Kubernetes: nobody could attach to the pod: " + remedy(x.noAttach).Error()
		if denied(x.noAttach) {
			r.Refused(x.id, why)
		} else {
			r.StartFailed(x.id, why)
		}
	default:
		if why := x.startFailure(ctx, p, t); why != "" {
			r.StartFailed(x.id, "Kubernetes: "+why)
			break
		}
		if t != nil && t.Reason == "OOMKilled" {
			x.mu.Lock()
			l := x.mu.limits
			x.mu.Unlock()
			r.OutOfMemory(x.id, l)
		}
		r.Exited(x.id, waitStatus(t))
	}
	x.clear(ctx, p)
	return true
}

// clear removes a pod whose end its agent has written down. What fails is tried again beside.
func (x *container) clear(ctx context.Context, p *pod) {
	if now, _, _ := x.now(); now != nil {
		p = now
	}
	c := x.cluster
	if !c.claim(p) {
		return
	}
	if c.remove(ctx, p, 1) == nil && c.release(ctx, p) == nil {
		c.discarded(p)
		return
	}
	c.spawn(func() { c.discardUntil(p) })
}

// neverRan tells a pod that its kubelet did not take.
func neverRan(p *pod) bool {
	if p.Status.Phase != failed {
		return false
	}
	for _, list := range [][]containerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range list {
			if s := &list[i].State; (s.Terminated != nil || s.Running != nil) &&
				p.Status.Reason != "UnexpectedAdmissionError" {
				return false
			}
		}
	}
	return true
}

// mayBeTaken reports whether a pod that its kubelet did not take may be another time: what was offered was taken by
// others meanwhile, its node is not as it was, or nobody says why. What a kubelet refuses for the pod itself, as a
// profile or a sysctl that it does not allow, or for how the node is set up, it refuses each time.
func (p *pod) mayBeTaken() bool {
	switch p.Status.Reason {
	case "", "UnexpectedAdmissionError", "NodeAffinity", "TaintToleration":
		return true
	}
	return strings.HasPrefix(p.Status.Reason, "OutOf") || disruption(p) != ""
}

// startFailure says why an executor's program could not be started, or brought; empty: it was, as far as is known.
func (x *container) startFailure(ctx context.Context, p *pod, t *terminated) (why string) {
	brought := p.Metadata.Annotations[noteDelivery] != ""
	switch {
	case t == nil || x.listened.Load() || x.deleted || x.evicted:
		return ""
	case t.Reason == "StartError" || t.Reason == "ContainerCannotRun":
		why = t.Message
		if _, short, found := strings.Cut(why, "runc create failed: "); found {
			why = short
		}
		why = t.Reason + ": " + why
	case t.ExitCode == exitNoExec, t.ExitCode == exitNoProgram, t.ExitCode == 1 && brought && x.begin != nil:
		why = fmt.Sprintf("the executor could not be started: exit code %d", t.ExitCode)
		if last := x.cluster.api.lastLine(ctx, p); last != "" {
			why += ": " + last
		}
	default:
		return ""
	}
	if brought {
		why += "; an image needs /bin/sh, head, gzip and chmod, unless the cluster's address has kaon_image"
	}
	return why
}

// deletedBefore tells a pod that was deleted before its executor ended, which it may have done for that reason.
func (p *pod) deletedBefore(t *terminated) bool {
	d := p.Metadata.DeletionTimestamp
	return d != nil && (t == nil || t.FinishedAt.IsZero() ||
		!t.FinishedAt.Before(d.Add(-time.Duration(p.Metadata.DeletionGrace)*time.Second)))
}

// takenBy says why others ended a pod that might have gone on; empty: they did not. One that its kubelet did not take
// had not begun.
func takenBy(p *pod, t *terminated) string {
	switch {
	case neverRan(p):
		return ""
	case p.deletedBefore(t):
		return evictionOf(p)
	}
	return disruption(p)
}

// disrupted is what a pod's condition DisruptionTarget says; found: it has it.
func (p *pod) disrupted() (why string, found bool) {
	for _, c := range p.Status.Conditions {
		if c.Type == "DisruptionTarget" && c.Status == "True" {
			return cmp.Or(c.Message, c.Reason), true
		}
	}
	return "", false
}

// disruption says why a node or the control plane ended a pod that might have gone on; empty: they did not.
func disruption(p *pod) string {
	if why, found := p.disrupted(); found {
		return why
	}
	switch p.Status.Reason {
	case "Evicted", "Preempting", "NodeShutdown", "Terminated", "NodeLost", "Shutdown":
		return cmp.Or(p.Status.Message, p.Status.Reason)
	}
	return ""
}

// initFailure says how an init container failed; empty: none did.
func initFailure(p *pod) string {
	for _, c := range p.Status.InitContainerStatuses {
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
			return fmt.Sprintf("init container %s ended with exit code %d: %s", c.Name, t.ExitCode,
				cmp.Or(t.Message, t.Reason))
		}
	}
	return ""
}

// waitStatus is how a container ended as the kernel tells of processes; -1: that is not known.
func waitStatus(t *terminated) int32 {
	switch {
	case t == nil:
		return -1
	case t.Signal > 0:
		return int32(t.Signal)
	case t.ExitCode > 128 && t.ExitCode < 128+65: // as shells and container runtimes tell of signals
		return int32(t.ExitCode - 128)
	}
	return int32(t.ExitCode&0xff) << 8
}

// recall gives the agent what the executor said and nobody heard, from its log. false: the log cannot be had now.
func (x *container) recall(ctx context.Context, p *pod) bool {
	var cut error
	err := x.cluster.api.log(ctx, p, func(log io.Reader) { cut = stdio.Replay(log, x.replay) })
	if err = cmp.Or(err, cut); err == nil { // the log's end, also one in the middle of a line
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	if c := code(err); c == http.StatusNotFound || c == http.StatusBadRequest { // there is none, or not yet
		if m := p.main(); m == nil || m.State.Terminated == nil ||
			m.State.Terminated.Reason == "ContainerStatusUnknown" {
			return true
		}
		if x.noLog.IsZero() {
			x.noLog = time.Now()
		}
		return time.Since(x.noLog) > logWait
	}
	// Whatever else is in the way, what the executor said last is nowhere but there. What was read is not taken twice.
	x.cluster.log.Warn("log of a pod not read", "pod", p.Metadata.Name, "err", remedy(err))
	if x.unread.IsZero() {
		x.unread = time.Now()
	}
	patience := executorPatience
	if x.unbegun { // as far as is known it had nothing to say
		patience = x.cluster.conf.CreateTimeout
	}
	x.waits("the log of the pod " + p.Metadata.Name + ", which has how its trials ended, is not read: " +
		remedy(err).Error())
	return time.Since(x.unread) > patience
}

// replay takes the updates of a call of an executor's.
func (x *container) replay(r *http.Request) {
	x.listened.Store(true)
	if r.Host != agentHost {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, callMax))
	var call api.Call
	if err != nil || call.Unmarshal(body) != nil || x.who.Allow(&call) != "" {
		return
	}
	var told []mesos.TaskStatus
	switch call.Type {
	case api.Call_UPDATE:
		if call.Update != nil {
			told = append(told, call.Update.Status)
		}
	case api.Call_SUBSCRIBE:
		for _, u := range call.GetSubscribe().GetUnacknowledgedUpdates() {
			told = append(told, u.Status)
		}
	}
	for _, s := range told {
		if len(s.UUID) > 0 && s.State != nil {
			x.node.remote.Told(x.id, s)
		}
	}
}

// log reads the log of a pod's executor from its beginning, as far as the kubelet has it. Of one that it does not know,
// or not yet, the error is 404 or 400.
func (a *API) log(ctx context.Context, p *pod, read func(io.Reader)) error {
	query := url.Values{"container": {executorContainer}}
	for try := 0; ; try++ {
		resp, err := a.open(ctx, a.client, http.MethodGet, podPath(p.Metadata.Namespace, p.Metadata.Name)+"/log",
			query, "", nil,
			http.Header{"Accept": {"*/*"}})
		if err == nil {
			read(io.LimitReader(resp.Body, logMax))
			return resp.Body.Close()
		}
		if again, wait := passing(err, try); !again || try >= tries || !timer.Sleep(ctx, wait) {
			return err
		}
	}
}

// lastLine is the last line of an executor's log that is not blank; empty: it cannot be had.
func (a *API) lastLine(ctx context.Context, p *pod) (last string) {
	ctx, cancel := context.WithTimeout(ctx, lineWait)
	defer cancel()
	resp, err := a.open(ctx, a.client, http.MethodGet, podPath(p.Metadata.Namespace, p.Metadata.Name)+"/log",
		url.Values{"container": {executorContainer}, "tailLines": {"10"}}, "", nil, http.Header{"Accept": {"*/*"}})
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, textMax))
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "")) {
		if line = strings.TrimSpace(line); line != "" {
			last = line
		}
	}
	return last
}

// Waits says what keeps pods of a sweep from running now, the reason of most of them first; empty: nothing is known to.
// It is told before anything is given up.
func (c *Cluster) Waits(sweep string) string {
	label := labelValue(sweep)
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.mu.containers))
	c.mu.Unlock()
	type reason struct {
		pods int
		node string // of one of them
	}
	reasons := map[string]reason{}
	for _, x := range all {
		x.mu.Lock()
		why, of := x.mu.waits, x.mu.sweep
		x.mu.Unlock()
		if why == "" || of != label {
			continue
		}
		r := reasons[why]
		if r.pods++; r.node == "" || x.node.name < r.node {
			r.node = x.node.name
		}
		reasons[why] = r
	}
	if len(reasons) == 0 {
		return ""
	}
	words := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		if n := reasons[b].pods - reasons[a].pods; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	first := reasons[words[0]]
	text := fmt.Sprintf("%d pods wait on Kubernetes, one of them on node %s: %s", first.pods, first.node, words[0])
	if first.pods == 1 {
		text = fmt.Sprintf("a pod waits on Kubernetes, on node %s: %s", first.node, words[0])
	}
	switch n := len(words) - 1; n {
	case 0:
	case 1:
		text += " (others wait for another reason)"
	default:
		text += fmt.Sprintf(" (others wait for %d other reasons)", n)
	}
	return text
}

// waits notes what keeps the pod from running; empty: nothing.
func (x *container) waits(why string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mu.waits = why
}
