package kubernetes

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// container is one run of an executor: its pod, from before that is created until it is gone.
type container struct {
	cluster *Cluster
	node    *node
	id      string
	who     protocol.Claims
	begin   *protocol.StartExecutor // nil: it was taken over
	full    bool                    // its node takes no pod more, so that it gets none
	// unbegun: nothing was heard of its tasks when it was taken over; partly: its pod ran then, so that its program may
	// be there in part
	unbegun, partly bool

	changed chan struct{} // capacity 1: look again
	// listened: its executor was seen to be there, so that nothing need be brought any more, whatever its log has left
	listened atomic.Bool
	output   outputs // that somebody looks at

	mu struct {
		sync.Mutex
		pod    *pod // as it was seen last; nil: not yet
		gone   bool // it was seen, and is not there any more
		killed bool
		why    string                   // it was killed, or is removed by us
		ended  map[protocol.TaskID]bool // of whose killing people were told
		limits protocol.Limits          // of its tasks
		sweep  string                   // its first task's, as a label has it
		waits  string                   // what keeps its pod from running, as people are told
		asked  sum                      // what its pod asks for, from right before it is created
		wanted bool                     // others wait for what it no longer needs
		// hopeless is what no patience helps with, as it was seen in passing: a kubelet soon says only that it waits
		hopeless string
	}

	// what only its goroutine touches
	delivery  int64 // bytes that its standard input brings before anything else
	size      protocol.Limits
	shrinkAt  time.Time
	deleted   bool // we asked for its deletion
	evicted   bool // its agent was told that others did
	started   bool
	blocked   blockade
	asked     time.Time // when its Events were asked for last
	warned    string    // what they said stands in its way
	attached  chan struct{}
	endAttach context.CancelFunc
	noAttach  error     // why the last attachment ended, or was none
	noLog     time.Time // since when the kubelet has no log of it, though it ran
	unread    time.Time // since when its log cannot be read for another reason
}

// start starts an executor; the agent's lock is held.
func (c *Cluster) start(n *node, e protocol.StartExecutor) {
	x := &container{cluster: c, node: n, id: e.Container, who: e.Claims(), begin: &e, changed: make(chan struct{}, 1)}
	x.mu.limits = e.Limits
	c.mu.Lock()
	room, said := c.mu.room[n.name]
	x.full = said && c.pods(n.name) >= room
	c.mu.Unlock()
	c.know(x)
	c.spawn(func() { x.run(c.ctx) })
}

// know has a container known from now on.
func (c *Cluster) know(x *container) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.containers[x.id] = x
	if c.mu.on[x.node.name] == nil {
		c.mu.on[x.node.name] = map[string]*container{}
	}
	c.mu.on[x.node.name][x.id] = x
}

// adopt takes an executor of a former life over; its goroutine is started later.
func (c *Cluster) adopt(n *node, r *protocol.Record) {
	x := &container{cluster: c, node: n, id: r.Container, changed: make(chan struct{}, 1), who: protocol.Claims{
		Framework: protocol.FrameworkID(r.Framework.GetID().GetValue()),
		Executor:  protocol.ExecutorID(r.Executor.ExecutorID.Value), Container: r.Container,
	}}
	resources := r.Executor.Resources
	x.unbegun = true
	for i := range r.Tasks {
		x.unbegun = x.unbegun && r.Tasks[i].State == mesos.TASK_STAGING
		if !protocol.Terminal(r.Tasks[i].State) {
			resources = append(resources[:len(resources):len(resources)], r.Tasks[i].Info.Resources...)
		}
	}
	x.mu.limits = protocol.LimitsOf(resources)
	x.size = x.mu.limits
	if x.mu.pod = c.known(n.name, x.id); x.mu.pod == nil {
		x.mu.gone = true
	} else {
		x.mu.sweep = x.mu.pod.Metadata.Labels[labelSweep]
		m := x.mu.pod.main()
		x.partly = m != nil && m.State.Running != nil
	}
	c.know(x)
}

// kill ends an executor's pod; the agent's lock is held.
func (c *Cluster) kill(n *node, id, why string) {
	c.mu.Lock()
	x := c.mu.containers[id]
	c.mu.Unlock()
	if x == nil { // it ended unseen
		c.spawn(func() { n.remote.Exited(id, 9) })
		return
	}
	x.mu.Lock()
	x.mu.killed, x.mu.why = true, why
	x.mu.Unlock()
	x.look()
}

// tellKilled writes an Event for each task that was killed, which its executor does by itself; the agent's lock is
// held.
func (c *Cluster) tellKilled(r *protocol.Record) {
	c.mu.Lock()
	x := c.mu.containers[r.Container]
	c.mu.Unlock()
	if x == nil {
		return
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if t.State != mesos.TASK_KILLED || t.Last == nil || t.Last.GetReason() == protocol.Draining {
			continue
		}
		id := protocol.TaskID(t.Info.TaskID.Value)
		x.mu.Lock()
		known := x.mu.ended[id]
		if x.mu.ended == nil {
			x.mu.ended = map[protocol.TaskID]bool{}
		}
		x.mu.ended[id] = true
		p := x.mu.pod
		x.mu.Unlock()
		if !known {
			c.events.tell(p, normal, eventKilled, "kaon ended attempt "+string(id)+" in this pod: "+
				cmp.Or(t.Last.GetMessage(), "its sweep wants it no more"))
		}
	}
}

// tellMoved writes an Event that the trials of a pod go elsewhere.
func (x *container) tellMoved(p *pod, why string) {
	x.cluster.events.tell(p, warning, eventMoved,
		"kaon has this pod's trials run elsewhere, at no charge to them: "+why)
}

// resize notes what an executor's tasks need together by now; the agent's lock is held.
func (c *Cluster) resize(id string, l protocol.Limits) {
	c.mu.Lock()
	x := c.mu.containers[id]
	c.mu.Unlock()
	if x != nil {
		x.mu.Lock()
		x.mu.limits = l
		x.mu.Unlock()
		x.look()
	}
}

func (x *container) look() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

// see takes the pod as the watch shows it.
func (x *container) see(p *pod, gone bool) {
	x.mu.Lock()
	// another has its name, so that it is no more
	if known := x.mu.pod; known != nil && known.Metadata.UID != p.Metadata.UID {
		p, gone = known, true
	}
	x.mu.pod, x.mu.gone = p, gone
	if o := p.obstacle(); o.why != "" && o.patience == 0 {
		x.mu.hopeless = o.why
	}
	x.mu.Unlock()
	x.look()
}

func (x *container) now() (p *pod, gone, killed bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.mu.pod, x.mu.gone, x.mu.killed
}

// run is the whole life of a container.
func (x *container) run(ctx context.Context) {
	c := x.cluster
	if x.begin != nil && !x.create(ctx) {
		x.forget()
		return
	}
	defer x.detach(0)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for !x.step(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-x.changed:
		case <-t.C:
		}
	}
	x.forget()
	c.dirty(x.node.name)
}

// forget has the container known no more. A pod of it that is still there was created though its creation failed.
func (x *container) forget() {
	c := x.cluster
	c.mu.Lock()
	delete(c.mu.containers, x.id)
	delete(c.mu.on[x.node.name], x.id)
	var left []*pod
	for _, p := range c.mu.pods[x.node.name] {
		if c.unclaimed(p) {
			left = append(left, p)
		}
	}
	c.mu.Unlock()
	for _, p := range left {
		c.discard(p)
	}
}

// step does what there is to do now; it tells whether the container has ended.
func (x *container) step(ctx context.Context) (over bool) {
	p, gone, killed := x.now()
	switch {
	case gone:
		x.lost()
		return true
	case p == nil:
		return false
	case p.over():
		return x.finish(ctx, p)
	}
	if killed && !x.deleted {
		if x.deleted = x.cluster.remove(ctx, p, 1) == nil; x.deleted {
			x.mu.Lock()
			why := x.mu.why
			x.mu.Unlock()
			x.cluster.events.tell(p, normal, eventKilled, "kaon ends this pod: "+why)
		}
	}
	if p.Metadata.DeletionTimestamp != nil && !x.deleted && !x.evicted {
		x.evicted = true
		x.mu.Lock()
		why := cmp.Or(x.mu.why, evictionOf(p)) // by us, as it has its program in part
		x.mu.Unlock()
		x.node.remote.Evicted(x.id, "Kubernetes: "+why)
		x.tellMoved(p, why)
	}
	if p.Spec.NodeName == "" {
		return x.stepUnbound(ctx, p)
	}
	if m := p.main(); m != nil && m.State.Running != nil {
		if !x.started {
			x.started = true
			x.waits("")
			x.node.remote.Started(x.id)
		}
		if x.attached == nil {
			x.attach(ctx, p)
		}
		x.fit(ctx, p)
		return false
	}
	return x.stuck(ctx, p)
}

// stepUnbound does what there is to do for a pod that has no node yet; over: its container has ended.
func (x *container) stepUnbound(ctx context.Context, p *pod) (over bool) {
	switch {
	case x.node.away.Load(): // nobody collects what was not on it
		x.node.remote.Refused(x.id, leftBehind)
		x.clear(ctx, p)
		return true
	case !x.deleted && len(x.node.remote.Unfinished(x.id)) == 0: // its tasks were ended before it had a node
		x.deleted = x.cluster.remove(ctx, p, 1) == nil
	}
	if p.Metadata.DeletionTimestamp != nil { // nobody binds it any more, so that no kubelet says how it ended
		return x.finish(ctx, p)
	}
	return x.stuck(ctx, p)
}

// evictionOf says why others delete a pod.
func evictionOf(p *pod) string {
	if why, found := p.disrupted(); found {
		return why
	}
	return "somebody deletes the pod " + p.Metadata.Name
}

// attach has a goroutine keep an attachment to the executor.
func (x *container) attach(ctx context.Context, p *pod) {
	ctx, x.endAttach = context.WithCancel(ctx)
	done := make(chan struct{})
	x.attached = done
	x.cluster.spawn(func() {
		defer close(done)
		x.serve(ctx, p)
	})
}

// detach ends the attachment, which may end by itself for so long.
func (x *container) detach(wait time.Duration) {
	if x.attached == nil {
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-x.attached:
	case <-t.C:
	}
	x.endAttach()
	<-x.attached
}

const (
	attachAgain  = 200 * time.Millisecond
	attachLonger = 10 * time.Second
)

// serve attaches, and attaches again, until ctx ends.
func (x *container) serve(ctx context.Context, p *pod) {
	c := x.cluster
	for try := 0; ctx.Err() == nil; try++ {
		began := time.Now()
		err := x.session(ctx, p)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Minute {
			try = 0
		}
		c.log.Debug("attachment ended", "pod", p.Metadata.Name, "err", err)
		x.noAttach = err
		// What a kubelet says is no proof of an end: one that was just started does not know its pods yet.
		if now, gone, _ := x.now(); gone || now.over() || errors.Is(err, io.EOF) && !x.alive() {
			return
		}
		if !timer.Sleep(ctx, timer.Backoff(attachAgain, attachLonger, try)) {
			return
		}
	}
}

// alive waits a moment for the watch to show that the executor has ended, when its output has.
func (x *container) alive() bool {
	for range 20 {
		p, gone, _ := x.now()
		if gone || p.over() {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}

// session is one attachment.
func (x *container) session(ctx context.Context, p *pod) error {
	c := x.cluster
	bytes, err := x.missing(ctx, p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a, err := c.api.attach(ctx, p.Metadata.Namespace, p.Metadata.Name)
	if err != nil {
		return err
	}
	defer a.Close()
	stop := context.AfterFunc(ctx, crash.Func(func() { _ = a.Close() }))
	defer stop()
	if len(bytes) > 0 {
		x.delivery = int64(len(bytes))
		if _, err := a.Write(bytes); err != nil {
			return err
		}
	}
	return stdio.Serve(ctx, rand.Text(), a, a, x.handler())
}

// missing is what the pod waits for before its executor can be: its program, or nothing.
func (x *container) missing(ctx context.Context, p *pod) ([]byte, error) {
	c := x.cluster
	if p.Metadata.Annotations[noteDelivery] == "" || x.listened.Load() {
		return nil, nil
	}
	listens := false
	err := c.api.log(ctx, p, func(log io.Reader) { listens = stdio.Listening(log) })
	if listens {
		x.listened.Store(true)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if x.delivery > 0 || x.partly { // a former attachment broke in the middle of it, or one of a former life may have
		c.log.Warn("the executor's program was brought only in part", "pod", p.Metadata.Name)
		return nil, x.replace(ctx, p, errPartly)
	}
	bytes, err := x.node.program()
	if err != nil {
		return nil, err
	}
	if want := p.Metadata.Annotations[noteDelivery]; want != strconv.Itoa(len(bytes)) { // an earlier kaon's pod
		return nil, x.replace(ctx, p, errOther)
	}
	return bytes, nil
}

// replace removes a pod that cannot become an executor, so that its tasks go to another, and gives back why.
func (x *container) replace(ctx context.Context, p *pod, why error) error {
	x.mu.Lock()
	x.mu.why = cmp.Or(x.mu.why, why.Error())
	x.mu.Unlock()
	_ = x.cluster.remove(ctx, p, 1)
	return why
}

// handler answers the executor: as its agent, and for the scheduler's files.
func (x *container) handler() http.Handler {
	agent, files := x.node.remote.Handler(x.who), x.cluster.conf.Files
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.listened.Store(true)
		switch {
		case r.Host == agentHost:
			agent.ServeHTTP(w, r)
		case r.URL.Hostname() == cluster.OutputHost:
			x.output.ServeHTTP(w, r)
		case r.URL.Hostname() == cluster.SchedulerHost && files != nil:
			files.ServeHTTP(w, r)
		default:
			http.Error(w, "this leads to the executor's agent and the scheduler alone", http.StatusForbidden)
		}
	})
}
