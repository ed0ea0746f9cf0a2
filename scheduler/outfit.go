package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep"
)

// Container is the image an executor is started in.
type Container struct {
	sweep.Container
	Grows       bool     // several attempts share it, so its limits grow with them
	Credentials []byte   // a config.json of Docker for the image's registry; nil: none
	URIs        []URI    // fetched into the sandbox before the image is pulled, besides the executor's own
	Labels      []string // KEY=VALUE, for whoever looks at the agent
}

// errNoContainers is why a sweep with an image is refused by a scheduler that was not told how to run one.
var errNoContainers = errors.New("this scheduler runs no images")

// outfit is how the executors of one sweep are started.
type outfit struct {
	template  ExecutorTemplate
	container *Container        // nil: on the host
	shared    offers.ExecutorID // of the executor that all attempts on an agent share; empty: each has its own
}

// outfit answers for a sweep. Attempts share an executor where neither the spec nor the cluster is against it.
func (c *Core) outfit(spec *sweep.Spec) (outfit, error) {
	o := outfit{template: c.cfg.Executor}
	if spec.Task.Container != nil {
		if c.cfg.Container == nil {
			return o, errNoContainers
		}
		o.template = c.cfg.Inside
		var err error
		if o.container, err = c.cfg.Container(spec); err != nil {
			return o, fmt.Errorf("image %s: %w", spec.Task.Container.Image, err)
		}
	}
	if spec.Task.Isolation != sweep.Contained && !o.template.Isolated {
		if o.container != nil {
			o.container.Grows = true
		}
		o.shared = o.id()
	}
	return o, nil
}

// id of the shared executor: a hash of all that makes one executor as good as another. Two kaon releases fetch
// different URIs or run different paths, and images differ, so their executors never mix.
func (o *outfit) id() offers.ExecutorID {
	b, err := json.Marshal(o.template)
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
func (c *Core) executorInfo(att *attempt, grant offers.Grant) ExecutorInfo {
	o := &att.run.outfit
	t := &o.template
	info := ExecutorInfo{
		ID: o.shared, Name: "kaon", Argv: t.Argv, Env: t.Env, URIs: t.URIs, Resources: grant.NewExecutor, Container: o.container,
	}
	if o.container != nil {
		info.URIs = slices.Concat(t.URIs, o.container.URIs)
	}
	if o.shared != "" {
		info.Resources = c.workers[workerKey{att.agent, info.ID}]
		return info
	}
	info.ID = offers.ExecutorID("kaon-" + string(att.task))
	info.Argv = slices.Concat(t.Argv, t.Once)
	if o.container != nil {
		labelled := *o.container
		labelled.Labels = []string{
			"kaon.sweep=" + att.run.id, "kaon.trial=" + strconv.Itoa(att.trial), "kaon.attempt=" + strconv.Itoa(att.number),
		}
		info.Container = &labelled
	}
	return info
}

// hire notes the resources of the shared executor that a grant starts.
func (c *Core) hire(run *sweepRun, id offers.AgentID, grant offers.Grant) {
	shared := run.outfit.shared
	if shared == "" || grant.NewExecutor == nil {
		return
	}
	own := plain(grant.NewExecutor)
	c.workers[workerKey{id, shared}] = own
	c.journal(ExecutorEntry{Agent: id, Executor: shared, Resources: own})
}
