package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// errNoContainers is why a sweep with an image is refused by a scheduler that was not told how to run one.
var errNoContainers = errors.New("this scheduler runs no images")

// executorSpec is how the executors of one sweep are started.
type executorSpec struct {
	template  ExecutorTemplate
	container *cluster.Container // nil: on the host
	// shared is what the packer calls the executor that all attempts on an agent share, whatever the agent's
	// architecture; empty: each attempt has its own.
	shared   offers.ExecutorID
	variants []string                     // of the template, in order
	ids      map[string]offers.ExecutorID // of the shared executor, by variant
	inputs   []cluster.URI                // for those that serve one attempt
}

// sharedExecutor is what is known of an executor that attempts share. Variants that are started in the same way have the
// same id.
type sharedExecutor struct {
	packed offers.ExecutorID            // the packer's name for it
	ids    map[string]offers.ExecutorID // of all its variants
	// weightless: it is started with no resources of its own.
	weightless bool
}

// executorSpecFor answers for a sweep. Attempts share an executor where neither the spec nor the cluster is against it.
func (c *Core) executorSpecFor(id string, spec *sweep.Spec) (executorSpec, error) {
	o := executorSpec{template: c.cfg.Executor}
	if spec.Task.Container != nil {
		if c.cfg.Container == nil {
			return o, errNoContainers
		}
		o.template = c.cfg.Inside
		var err error
		if o.container, err = c.cfg.Container(id, spec); err != nil {
			return o, fmt.Errorf("image %s: %w", spec.Task.Container.Image, err)
		}
	}
	if spec.WantsDisk() {
		o.template.Overhead.Disk += o.template.Disk
	}
	// Agents give devices to executors, so trials with GPUs do not share one.
	if spec.Task.Isolation != sweep.Contained && !o.template.Isolated && !spec.WantsGPUs() {
		if o.container != nil {
			o.container.ResizesWithTasks = true
		}
		o.share(c.shared)
	} else {
		o.inputs = c.inputs(id)
	}
	return o, nil
}

// share gives the executor that attempts share its names.
func (o *executorSpec) share(known map[offers.ExecutorID]sharedExecutor) {
	o.shared = o.executorID("")
	o.ids = map[string]offers.ExecutorID{"": o.shared}
	for arch := range o.template.Builds {
		o.ids[arch] = o.executorID(arch)
	}
	o.variants = slices.Sorted(maps.Keys(o.ids))
	for _, id := range o.ids {
		known[id] = sharedExecutor{o.shared, o.ids, o.template.Overhead.CPUs == 0 && o.template.Overhead.Mem == 0}
	}
}

// variantOn is the way in which tasks of a sweep start their executor on an agent: that of the agent's architecture, but
// for as long as a shared one runs that was started in another way, since the agent named its architecture later, that.
func (c *Core) variantOn(o *executorSpec, id offers.AgentID, role string) string {
	own := o.template.variant(c.arch(id))
	if _, runs := c.current[executorRole{id, o.ids[own], role}]; runs || o.shared == "" {
		return own
	}
	for _, v := range o.variants {
		if _, runs := c.current[executorRole{id, o.ids[v], role}]; runs {
			return v
		}
	}
	return own
}

// executorID names a variant of the shared executor by all that makes one executor as good as another. Two kaon releases fetch
// different URIs or run different paths, and images differ, so their executors never mix. What is built for other
// architectures is not in it, so that the executors of one are found again when another is added.
func (o *executorSpec) executorID(arch string) offers.ExecutorID {
	t := o.template
	build := t.buildFor(arch)
	t.Argv, t.URIs, t.Builds = build.Argv, build.URIs, nil
	b, err := json.Marshal(t)
	if err == nil && o.container != nil {
		var inside []byte
		inside, err = json.Marshal(o.container)
		b = append(b, inside...)
	}
	if err != nil {
		panic(fmt.Sprintf("encode executor template: %v", err)) // plain data cannot fail
	}
	sum := sha256.Sum256(b)
	return offers.ExecutorID("kaon-" + hex.EncodeToString(sum[:8]))
}

// executorInfo is the executor of a new task. A shared one keeps the resources it was started with: Mesos
// refuses a task whose ExecutorInfo differs from the one that runs.
func (c *Core) executorInfo(att *attempt, grant offers.Grant) cluster.ExecutorInfo {
	o := &att.run.executor
	t := &o.template
	variant := c.variantOn(o, att.agent, att.role)
	build := t.buildFor(variant)
	info := cluster.ExecutorInfo{
		Name: "kaon", Argv: build.Argv, Env: t.Env, URIs: build.URIs, Resources: grant.NewExecutor, Container: o.container,
	}
	if o.container != nil {
		info.URIs = slices.Concat(build.URIs, o.container.URIs)
	}
	if o.shares(att.demand) {
		info.ID = o.ids[variant]
		if id, there := c.current[executorRole{att.agent, info.ID, att.role}]; there {
			info.ID = id
		}
		info.Resources = c.executors[journal.ExecutorKey{Agent: att.agent, Executor: info.ID}].resources
		return info
	}
	info.ID = offers.ExecutorID("kaon-" + string(att.task))
	info.Argv = slices.Concat(build.Argv, t.Once)
	info.URIs = slices.Concat(info.URIs, att.prefetchURIs())
	if o.container != nil {
		labelled := *o.container
		labelled.Labels = []string{
			"kaon.sweep=" + att.run.id, "kaon.trial=" + strconv.Itoa(att.trial), "kaon.attempt=" + strconv.Itoa(att.number),
		}
		info.Container = &labelled
	}
	return info
}

// startSharedExecutor notes the shared executor that a grant starts.
func (c *Core) startSharedExecutor(g *group, id offers.AgentID, role string, grant offers.Grant) {
	o := &g.run.executor
	if !o.shares(g.demand) || grant.NewExecutor == nil {
		return
	}
	variant := o.ids[o.template.variant(c.arch(id))]
	e := journal.ExecutorEntry{
		Agent: id, Executor: startedWith(variant, role, grant.NewExecutor), Role: role,
		Resources: slices.Clone(grant.NewExecutor),
	}
	if old, there := c.current[executorRole{id, variant, role}]; there && old != e.Executor {
		c.forgetExecutor(journal.ExecutorKey{Agent: id, Executor: old}) // the packer would not have paid again for one that runs
	}
	c.rememberExecutor(e)
	c.journal(e)
}

// startedWith is the id of a shared executor of one variant that is started with those resources. Mesos compares all of an
// ExecutorInfo with that of the running executor of the same id. What the variant's hash leaves open is where its
// resources come from: the role, reservations and disks of the offer at hand. Two that differ in it are two executors.
func startedWith(variant offers.ExecutorID, role string, resources []offers.Amount) offers.ExecutorID {
	plain := role == ""
	for i := range resources {
		plain = plain && resources[i].Reservation == ""
	}
	if plain {
		return variant
	}
	total := map[string]resource.Milli{} // two amounts of one origin are one to Mesos
	for _, a := range resources {
		total[a.Name+"\x00"+a.Reservation+"\x00"+a.Source] += a.Scalar
	}
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(total)) {
		fmt.Fprintf(h, "%q %d\n", k, total[k])
	}
	return variant + originMark + offers.ExecutorID(hex.EncodeToString(h.Sum(nil)[:6]))
}

// originMark parts the variant from the hash of the resources in an executor's id.
const originMark = "."

func variantOf(id offers.ExecutorID) offers.ExecutorID {
	variant, _, _ := strings.Cut(string(id), originMark)
	return offers.ExecutorID(variant)
}

// roleName is an allocation role as the core keeps it: empty for Mesos's "*".
func roleName(role string) string {
	if role == "*" {
		return ""
	}
	return role
}

// roleOf is the role that a shared executor is allocated to.
func (c *Core) roleOf(agent offers.AgentID, id offers.ExecutorID) string {
	return c.executors[journal.ExecutorKey{Agent: agent, Executor: id}].role
}

// arch is the architecture that an agent names, as far as it has been met.
func (c *Core) arch(id offers.AgentID) string {
	a, _ := c.health.Agent(id)
	return a.Arch
}

// packerID is the packer's name of an executor.
func (c *Core) packerID(agent offers.AgentID, id offers.ExecutorID) offers.ExecutorID {
	if s, shared := c.shared[variantOf(id)]; shared {
		return s.packed.In(c.roleOf(agent, id))
	}
	return id
}

// runningExecutors is the executors that an offer lists, by the packer's names: of shared ones those of which it is known with what
// they were started, as every task of theirs has to say the same. For another the packer pays once more, which comes to
// what it was started with.
func (c *Core) runningExecutors(o *offers.Offer) []offers.ExecutorID {
	variant := c.cfg.Executor.variant(c.arch(o.Agent))
	var list []offers.ExecutorID
	for _, id := range o.Executors {
		k := journal.ExecutorKey{Agent: o.Agent, Executor: id}
		w, known := c.executors[k]
		switch {
		case known:
			c.current[w.executorRole] = id // the offer says which of several runs
			list = append(list, c.packerID(o.Agent, id))
		case c.shared[variantOf(id)].packed == "":
			list = append(list, id)
		case c.shared[id].weightless && c.shared[id].ids[variant] == id:
			list = append(list, c.shared[id].packed.In(o.Role))
		}
	}
	return list
}

// Build is the executor for one architecture.
type Build struct {
	Argv []string
	URIs []cluster.URI
}

// buildFor is how the executor is started on agents of an architecture. Those that do not name theirs, and all when there is
// one way only, are of the architecture "".
func (t *ExecutorTemplate) buildFor(arch string) Build {
	if b, named := t.Builds[arch]; named {
		return b
	}
	return Build{t.Argv, t.URIs}
}

// variant is the key of the way in which the executor is started on agents of an architecture.
func (t *ExecutorTemplate) variant(arch string) string {
	if _, named := t.Builds[arch]; named {
		return arch
	}
	return ""
}

// unsupported reports whether the executor is not built for an architecture.
func (t *ExecutorTemplate) unsupported(arch string) bool {
	return arch != "" && len(t.Builds) > 0 && t.variant(arch) == ""
}

// Attempts that share an executor share what it fetched. Where each has its own, their agent brings code and inputs: it
// fetches them once, and copies. Two things can go wrong that an executor by itself does better. An agent gives a
// container one minute by default from launch to subscription, however long fetching takes; and when fetching fails, it
// does not say of what. So an attempt after a loss fetches for itself, and so do all of a sweep when agents keep failing.

// maxPrefetchFailures in a row, with no attempt of the sweep reaching RUNNING in between, disable prefetching for it.
const maxPrefetchFailures = 5

// inputs are what agents bring to executors that serve one attempt of a sweep.
func (c *Core) inputs(id string) []cluster.URI {
	if c.cfg.Inputs == nil {
		return nil
	}
	return c.cfg.Inputs(id)
}

// prefetchURIs says what the agent is to bring to a new attempt.
func (a *attempt) prefetchURIs() []cluster.URI {
	r := a.run
	if r.prefetchFailures >= maxPrefetchFailures || r.budgets[a.trial].Losses > 0 {
		return nil
	}
	a.prefetched = len(r.executor.inputs) > 0
	return r.executor.inputs
}

// ExecutorTemplate says how agents start the executor.
type ExecutorTemplate struct {
	Argv []string
	Once []string // added to Argv for an executor that serves one attempt
	Env  []string // KEY=VALUE
	URIs []cluster.URI
	// Builds take the place of Argv and URIs on agents that name their architecture, by that architecture as Go names it.
	// An agent of one that is not here gets no task. None: all agents are alike.
	Builds   map[string]Build   `json:",omitempty"`
	Overhead resource.Resources // what the executor itself needs
	// Disk is what its programs take in a sandbox. It is asked for where trials ask for disk: agents that keep containers to
	// their disk count them with what the trials write, and others need not offer any.
	Disk     resource.Milli `json:"-"`
	Isolated bool           // one executor per attempt; otherwise one warm executor per agent runs many
}

// shares reports whether an attempt that is to be launched as a demand says shares its executor.
func (o *executorSpec) shares(d *offers.Demand) bool { return o.shared != "" && d.Executor != "" }
