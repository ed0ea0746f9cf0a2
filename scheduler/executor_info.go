package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// errNoContainers is why a sweep with an image is refused by a scheduler that was not told how to run one.
var errNoContainers = errors.New("this scheduler runs no images")

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
	// Agents give devices to executors, so trials with GPUs or other devices do not share one.
	if spec.Task.Isolation != sweep.Contained && !o.template.Isolated && !spec.WantsDevices() {
		if o.container != nil {
			o.container.ResizesWithTasks = true
		}
		o.share(c.shared)
	} else {
		o.inputs = c.inputs(id)
	}
	return o, nil
}

// variantOn is the way in which tasks of a sweep start their executor on an agent: that of the agent's architecture,
// but for as long as a shared one runs that was started in another way, since the agent named its architecture later,
// that.
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

// executorInfo is the executor of a new task. A shared one keeps the resources it was started with: Mesos
// refuses a task whose ExecutorInfo differs from the one that runs.
func (c *Core) executorInfo(att *attempt, grant offers.Grant) cluster.ExecutorInfo {
	o := &att.run.executor
	t := &o.template
	variant := c.variantOn(o, att.agent, att.role)
	build := t.buildFor(variant)
	info := cluster.ExecutorInfo{
		Name: "kaon", Argv: build.Argv, Env: t.Env, URIs: build.URIs, Resources: grant.NewExecutor,
		Container: o.container,
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
			"kaon.sweep=" + att.run.id, "kaon.trial=" + strconv.Itoa(att.trial),
			"kaon.attempt=" + strconv.Itoa(att.number),
		}
		info.Container = &labelled
	}
	return info
}

// startSharedExecutor notes the shared executor that a grant starts.
func (c *Core) startSharedExecutor(g *group, id offers.AgentID, role string, grant offers.Grant) {
	o := &g.run.executor
	if !o.shares(g.Demand) || grant.NewExecutor == nil {
		return
	}
	variant := o.ids[o.template.variant(c.arch(id))]
	e := journal.ExecutorEntry{
		Agent: id, Executor: startedWith(variant, role, grant.NewExecutor), Role: role,
		Resources: slices.Clone(grant.NewExecutor),
	}
	if old, there := c.current[executorRole{id, variant, role}]; there && old != e.Executor {
		// the packer would not have paid again for one that runs
		c.forgetExecutor(journal.ExecutorKey{Agent: id, Executor: old})
	}
	c.rememberExecutor(e)
	c.journal(e)
}

// runningExecutors is the executors that an offer lists, by the packer's names. Shared ones are listed only if we
// know the resources they were started with, because every task of theirs must repeat them; for another the packer
// counts an executor's resources once more.
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

// Attempts that share an executor share what it fetched. Where each has its own, their agent brings code and inputs: it
// fetches them once, and copies. Two things can go wrong that an executor by itself does better. An agent gives a
// container one minute by default from launch to subscription, however long fetching takes; and when fetching fails, it
// does not say of what. So an attempt after a loss fetches for itself, and so do all of a sweep when agents keep
// failing.

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
