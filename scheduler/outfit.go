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

// outfit is how the executors of one sweep are started.
type outfit struct {
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

// outfit answers for a sweep. Attempts share an executor where neither the spec nor the cluster is against it.
func (c *Core) outfit(id string, spec *sweep.Spec) (outfit, error) {
	o := outfit{template: c.cfg.Executor}
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
func (o *outfit) share(known map[offers.ExecutorID]sharedExecutor) {
	o.shared = o.hash("")
	o.ids = map[string]offers.ExecutorID{"": o.shared}
	for arch := range o.template.Builds {
		o.ids[arch] = o.hash(arch)
	}
	o.variants = slices.Sorted(maps.Keys(o.ids))
	for _, id := range o.ids {
		known[id] = sharedExecutor{o.shared, o.ids, o.template.Overhead.CPUs == 0 && o.template.Overhead.Mem == 0}
	}
}

// variantOn is the way in which tasks of a sweep start their executor on an agent: that of the agent's architecture, but
// for as long as a shared one runs that was started in another way, since the agent named its architecture later, that.
func (c *Core) variantOn(o *outfit, id offers.AgentID, role string) string {
	own := o.template.variant(c.archOf(id))
	if _, runs := c.current[workerRole{id, o.ids[own], role}]; runs || o.shared == "" {
		return own
	}
	for _, v := range o.variants {
		if _, runs := c.current[workerRole{id, o.ids[v], role}]; runs {
			return v
		}
	}
	return own
}

// hash names a variant of the shared executor by all that makes one executor as good as another. Two kaon releases fetch
// different URIs or run different paths, and images differ, so their executors never mix. What is built for other
// architectures is not in it, so that the executors of one are found again when another is added.
func (o *outfit) hash(arch string) offers.ExecutorID {
	t := o.template
	build := t.on(arch)
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
	o := &att.run.outfit
	t := &o.template
	variant := c.variantOn(o, att.agent, att.role)
	build := t.on(variant)
	info := cluster.ExecutorInfo{
		Name: "kaon", Argv: build.Argv, Env: t.Env, URIs: build.URIs, Resources: grant.NewExecutor, Container: o.container,
	}
	if o.container != nil {
		info.URIs = slices.Concat(build.URIs, o.container.URIs)
	}
	if o.shares(att.demand) {
		info.ID = o.ids[variant]
		if id, there := c.current[workerRole{att.agent, info.ID, att.role}]; there {
			info.ID = id
		}
		info.Resources = c.workers[journal.ExecutorKey{Agent: att.agent, Executor: info.ID}].resources
		return info
	}
	info.ID = offers.ExecutorID("kaon-" + string(att.task))
	info.Argv = slices.Concat(build.Argv, t.Once)
	info.URIs = slices.Concat(info.URIs, att.bring())
	if o.container != nil {
		labelled := *o.container
		labelled.Labels = []string{
			"kaon.sweep=" + att.run.id, "kaon.trial=" + strconv.Itoa(att.trial), "kaon.attempt=" + strconv.Itoa(att.number),
		}
		info.Container = &labelled
	}
	return info
}

// startShared notes the shared executor that a grant starts.
func (c *Core) startShared(g *group, id offers.AgentID, role string, grant offers.Grant) {
	o := &g.run.outfit
	if !o.shares(g.demand) || grant.NewExecutor == nil {
		return
	}
	variant := o.ids[o.template.variant(c.archOf(id))]
	e := journal.ExecutorEntry{
		Agent: id, Executor: startedWith(variant, role, grant.NewExecutor), Role: role,
		Resources: slices.Clone(grant.NewExecutor),
	}
	if old, there := c.current[workerRole{id, variant, role}]; there && old != e.Executor {
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
	return c.workers[journal.ExecutorKey{Agent: agent, Executor: id}].role
}

// archOf is the architecture that an agent names, as far as it has been met.
func (c *Core) archOf(id offers.AgentID) string {
	if a := c.agents[id]; a != nil {
		return a.arch
	}
	return ""
}

// packed is the packer's name of an executor.
func (c *Core) packed(agent offers.AgentID, id offers.ExecutorID) offers.ExecutorID {
	if s, shared := c.shared[variantOf(id)]; shared {
		return s.packed.In(c.roleOf(agent, id))
	}
	return id
}

// usable is the executors that an offer lists, by the packer's names: of shared ones those of which it is known with what
// they were started, as every task of theirs has to say the same. For another the packer pays once more, which comes to
// what it was started with.
func (c *Core) usable(o *offers.Offer) []offers.ExecutorID {
	variant := c.cfg.Executor.variant(c.archOf(o.Agent))
	var list []offers.ExecutorID
	for _, id := range o.Executors {
		k := journal.ExecutorKey{Agent: o.Agent, Executor: id}
		w, known := c.workers[k]
		switch {
		case known:
			c.current[w.workerRole] = id // the offer says which of several runs
			list = append(list, c.packed(o.Agent, id))
		case c.shared[variantOf(id)].packed == "":
			list = append(list, id)
		case c.shared[id].weightless && c.shared[id].ids[variant] == id:
			list = append(list, c.shared[id].packed.In(o.Role))
		}
	}
	return list
}
