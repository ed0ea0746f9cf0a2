package kubernetes

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// Cluster is the engine: agents of this process whose executors are pods. A scheduler reaches its master by Transport.
type Cluster struct {
	conf      Config
	api       *API
	log       *slog.Logger
	server    *embedded.Server
	secret    string // of the scheduler, which is in this process
	owner     string // value of labelOwner on all that is ours
	former    place  // of the pods of a former life
	place     place  // of those that are made
	tolerate  []toleration
	creation  *rate.Limiter
	complaint rate.Sometimes // of pods that are not created
	binaries  binaries

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	wake   chan struct{} // capacity 1: a node is to be refreshed
	seen   chan seenNode // nodes as they change, to the cluster's goroutine
	events *events
	nodes  map[string]*node

	mu struct {
		sync.Mutex
		dirty      map[string]bool            // nodes to refresh
		pods       map[string]map[string]*pod // by node, by namespace and name
		at         map[string]string          // node of a pod, by namespace and name
		containers map[string]*container      // by the agent's id
		// of pods of ours, by node; one that is not there says nothing of it
		room        map[string]int
		on          map[string]map[string]*container // containers, by node first
		allocatable map[string]amounts               // of nodes, as they said last
		swept       bool                             // what is ours and in no agent's records is nobody's
		// pods that are nobody's any more, by UID until they are gone; false: under way
		removed map[string]bool
		narrow  bool // only the pods of the namespace may be seen
	}
}

type seenNode struct {
	name   string
	object *nodeObject // nil: it is gone
}

const (
	// principal is who the scheduler is to the master.
	principal = "kaon"
	// reregistration is how long executors of a former life have to be attached to again before their node is offered
	// without.
	reregistration = 10 * time.Second
	// registration is how long a pod may take to run: its image is pulled meanwhile, and what stands in its way is told
	// sooner.
	registration = time.Hour
	// executorPatience is how long an executor keeps what it has to tell for a scheduler that is away.
	executorPatience = 24 * time.Hour
	shutdownGrace    = 20 * time.Second
	refreshEvery     = time.Second
	complaintEvery   = 10 * time.Second
	settle           = 50 * time.Millisecond // changes of one node in a row are one
)

// Start begins to drive a cluster: it reads the nodes and the pods there are, takes over those of a former life, and
// goes on until Close. The error is that of the configuration, or of the API server.
func Start(ctx context.Context, conf Config) (*Cluster, error) {
	if err := conf.complete(); err != nil {
		return nil, err
	}
	account, err := FindAccount(conf.Kubeconfig, conf.Context)
	if err != nil {
		return nil, err
	}
	conf.Namespace = cmp.Or(conf.Namespace, account.Namespace)
	api, err := NewAPI(account)
	if err != nil {
		return nil, err
	}
	c := &Cluster{conf: conf, api: api, log: conf.Log, secret: rand.Text(), nodes: map[string]*node{},
		creation: rate.NewLimiter(rate.Limit(conf.Rate), int(max(1, conf.Rate))), wake: make(chan struct{}, 1),
		seen:   make(chan seenNode, 1024),
		events: newEvents(api, conf.Log)}
	c.binaries.find, c.complaint = conf.Program, rate.Sometimes{First: 1, Interval: complaintEvery}
	c.tolerate = conf.tolerations()
	c.mu.dirty, c.mu.pods, c.mu.at = map[string]bool{}, map[string]map[string]*pod{}, map[string]string{}
	c.mu.containers, c.mu.removed, c.mu.room = map[string]*container{}, map[string]bool{}, map[string]int{}
	c.mu.on, c.mu.allocatable = map[string]map[string]*container{}, map[string]amounts{}
	if c.owner, err = ownerOf(conf.Folder); err != nil {
		return nil, err
	}
	if c.former, err = formerPlace(conf.Folder); err != nil {
		return nil, err
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.begin(ctx); err != nil {
		c.Close(0)
		return nil, err
	}
	return c, nil
}

// ownerOf is a name of the folder's own, by which what was made from it is known.
func ownerOf(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the cluster's agents: %w", err)
	}
	file := filepath.Join(folder, "owner")
	if text, err := os.ReadFile(file); err == nil && len(text) == len(rand.Text()) {
		return string(text), nil
	}
	name := rand.Text()
	if err := durable.Replace(file, []byte(name)); err != nil {
		return "", fmt.Errorf("keep the owner's name: %w", err)
	}
	return name, nil
}

// begin reads what there is, makes the agents and watches.
func (c *Cluster) begin(ctx context.Context) (err error) {
	patience := registration
	if c.conf.Scheduler != "" {
		patience += gatedWait
	}
	c.server, err = embedded.Start(c.ctx, embedded.Config{
		Private: true, Auth: map[string]string{principal: c.secret}, Log: c.log,
		Timing: protocol.Timing{
			AllocationInterval: time.Microsecond, ExecutorRegistration: patience,
			ExecutorReregistration: reregistration,
			RecoveryTimeout:        executorPatience, ShutdownGrace: shutdownGrace, AgentTimeout: c.conf.NodeTimeout,
			ResendFirst: c.conf.Resend,
		},
	})
	if err != nil {
		return err
	}
	if err := c.checkNamespace(ctx); err != nil {
		return err
	}
	if c.place, err = c.api.place(ctx, c.conf.Namespace); err != nil {
		c.log.Debug("which cluster this is cannot be told", "err", err)
	}
	c.warnOfRights(ctx)
	nodes := c.conf.nodes(c.api)
	nodes.replace, nodes.change = c.replaceNodes, c.changeNode
	pods := &reflector[pod]{
		api: c.api, path: "/api/v1/pods", query: url.Values{}, log: c.log, meta: func(p *pod) *meta {
			return &p.Metadata
		},
		replace: c.replacePods, change: c.changePod,
	}
	err = pods.list(ctx)
	if code(err) == http.StatusForbidden {
		c.log.Warn("the pods of other namespaces may not be seen, so their nodes may be offered fuller than they are",
			"err", err)
		c.mu.narrow = true
		pods.path = podsPath(c.conf.Namespace)
		err = pods.list(ctx)
	}
	if err != nil {
		return fmt.Errorf("list the pods: %w", remedy(err))
	}
	var first []*nodeObject
	nodes.replace = func(all []*nodeObject) { first = all }
	if err := nodes.list(ctx); err != nil {
		return fmt.Errorf("list the nodes: %w", remedy(err))
	}
	nodes.replace = c.replaceNodes
	if err := c.takeUp(first); err != nil {
		return err
	}
	if err := c.place.keep(c.conf.Folder, c.former); err != nil {
		return err
	}
	c.spawn(func() { pods.run(c.ctx) })
	c.spawn(func() { nodes.run(c.ctx) })
	c.spawn(c.run)
	c.spawn(func() { c.events.run(c.ctx) })
	c.sweep()
	return nil
}

// remedy adds what a person can do about a refusal.
func remedy(err error) error {
	switch code(err) {
	case http.StatusForbidden:
		return fmt.Errorf("%w: have an administrator apply deploy/kubernetes/rbac.yaml, which has all that kaon needs",
			err)
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: log in to the cluster again; `kubectl get pods` shows whether it takes you in", err)
	}
	return err
}

// Narrow reports whether the pods of other namespaces may not be seen.
func (c *Cluster) Narrow() bool { return c.mu.narrow }

func (c *Cluster) checkNamespace(ctx context.Context) error {
	err := c.api.call(ctx, http.MethodGet, podsPath(c.conf.Namespace), url.Values{"limit": {"1"}}, nil, nil)
	if err != nil {
		return fmt.Errorf("reach the cluster at %s: %w", c.api.account.Server, remedy(err))
	}
	return nil
}

// warnOfRights tells what the account may not do, before a pod is refused or waits for it. It refuses nothing: an API
// server that was just started has not read its roles yet.
func (c *Cluster) warnOfRights(ctx context.Context) {
	needed, _, err := c.api.missing(ctx, c.conf.Namespace)
	switch {
	case err != nil:
		c.log.Debug("what the account may do is not known", "err", err)
	case len(needed) > 0:
		c.log.Warn("the account lacks rights that sweeps need: have an administrator apply deploy/kubernetes/rbac.yaml",
			"may_not", strings.Join(needed, "; "))
	}
}

// takeUp makes the agents of the nodes there are, and of those that are gone and had executors.
func (c *Cluster) takeUp(nodes []*nodeObject) error {
	for _, o := range nodes {
		if _, err := c.addNode(o.Metadata.Name, o); err != nil {
			return err
		}
		c.dirty(o.Metadata.Name)
	}
	known, err := os.ReadDir(c.nodesFolder())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, d := range known {
		if c.nodes[d.Name()] == nil { // one of which nothing is wanted any more is none
			if _, err := c.addNode(d.Name(), nil); err != nil {
				return err
			}
			c.dirty(d.Name())
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.mu.containers {
		c.spawn(func() { x.run(c.ctx) })
	}
	return nil
}

func (c *Cluster) nodesFolder() string { return filepath.Join(c.conf.Folder, "nodes") }

func (c *Cluster) spawn(f func()) { c.wg.Go(crash.Func(f)) }

// Credentials are those by which the scheduler authenticates to the master.
func (c *Cluster) Credentials() (name, secret string) { return principal, c.secret }

// Transport is the way to the master.
func (c *Cluster) Transport() http.RoundTripper { return c.server.Transport() }

// Name is the cluster for people.
func (c *Cluster) Name() string {
	if c.api.account.Context == "" {
		return "Kubernetes (this pod's cluster), namespace " + c.conf.Namespace
	}
	return fmt.Sprintf("Kubernetes (context %s), namespace %s", c.api.account.Context, c.conf.Namespace)
}

// Close ends the engine. Pods go on: another on the same folder takes them over. Those that are to end, as their
// framework was torn down, are awaited as long as one of them goes in each so long: hundreds take a slow API server
// minutes.
func (c *Cluster) Close(wait time.Duration) {
	left := c.leaving()
	for until := time.Now().Add(wait); left > 0 && time.Now().Before(until); {
		time.Sleep(20 * time.Millisecond)
		n := c.leaving()
		if n < left {
			until = time.Now().Add(wait)
		}
		left = n
	}
	c.cancel()
	c.wg.Wait()
	if c.server != nil {
		c.server.Close()
	}
	for _, n := range c.nodes {
		n.folder.Close()
	}
	c.api.Close()
}

// leaving is how many pods there still are, or are being removed, when no framework is left. One that is both counts
// twice, so that its way out is seen.
func (c *Cluster) leaving() (n int) {
	if c.server == nil || c.server.Frameworks() > 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, done := range c.mu.removed {
		if !done {
			n++
		}
	}
	return n + len(c.mu.containers)
}

// run keeps the nodes' agents up to date.
func (c *Cluster) run() {
	t := time.NewTicker(refreshEvery)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case s := <-c.seen:
			c.take(s)
			continue
		case <-c.wake:
			if !timer.Sleep(c.ctx, settle) {
				return
			}
		case <-t.C: // what could not be told before
		}
		c.mu.Lock()
		dirty := c.mu.dirty
		c.mu.dirty = map[string]bool{}
		c.mu.Unlock()
		for name := range dirty {
			if n := c.nodes[name]; n != nil {
				n.refresh()
			}
		}
	}
}

// take takes a change of a node.
func (c *Cluster) take(s seenNode) {
	n := c.nodes[s.name]
	switch {
	case n != nil:
		n.change(s.object)
	case s.object == nil:
		return
	default:
		if _, err := c.addNode(s.name, s.object); err != nil {
			c.log.Error("node not taken", "node", s.name, "err", err)
			return
		}
	}
	c.dirty(s.name)
}

// dirty has a node refreshed soon.
func (c *Cluster) dirty(name string) {
	c.mu.Lock()
	c.mu.dirty[name] = true
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Cluster) changeNode(o *nodeObject, gone bool) {
	s := seenNode{o.Metadata.Name, o}
	if gone {
		s.object = nil
	}
	select {
	case c.seen <- s:
	case <-c.ctx.Done():
	}
}

// replaceNodes takes a new list: what is not in it is gone.
func (c *Cluster) replaceNodes(all []*nodeObject) {
	there := map[string]bool{}
	for _, o := range all {
		there[o.Metadata.Name] = true
		c.changeNode(o, false)
	}
	entries, err := os.ReadDir(c.nodesFolder()) // every agent has a folder
	if err != nil {
		c.log.Error("nodes not compared", "err", err)
		return
	}
	for _, d := range entries {
		if !there[d.Name()] {
			gone := &nodeObject{}
			gone.Metadata.Name = d.Name()
			c.changeNode(gone, true)
		}
	}
}
