package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// FindInfeasible asks the packer, with the agents of a cluster empty, which trials none could ever hold. It
// launches nothing. On a Mesos it takes offers for so long as a framework of the given name.
func (c Cluster) FindInfeasible(
	ctx context.Context, spec *sweep.Spec, framework string, wait time.Duration,
) ([]plan.Infeasible, error) {
	if err := c.checkDevices(spec); err != nil {
		return nil, err
	}
	found, err := c.empty(ctx, framework, wait)
	if err != nil {
		return nil, err
	}
	demands, err := plan.Demands(spec)
	if err != nil {
		return nil, err
	}
	overhead := c.overheadOf(spec)
	for i := range demands {
		demands[i].Overhead = overhead
	}
	index := offers.NewIndex()
	now := time.Now()
	index.Add(found...)
	all := []plan.Infeasible{}
	foreign, err := c.foreign(found)
	if err != nil {
		return nil, err
	}
	for _, refusal := range index.DryRun(now, demands, offers.Options{Exclude: foreign}).Unplaced {
		if reasons := refusal.Reasons(); reasons.FitsEmpty == 0 {
			count := demands[refusal.Demand].Count
			unfit := plan.Infeasible{
				Trials: count, Sentence: reasons.Sentence(refusal.Count), Reasons: reasons, Remedy: remedy(reasons),
			}
			if text, helps, ok := neverHere(reasons, refusal.Count); ok && c.onThisMachine() {
				unfit.Sentence, unfit.Remedy = text, helps
			}
			all = append(all, unfit)
		}
	}
	return all, nil
}

// CheckFeasible refuses a sweep with trials that the embedded cluster's machine could not hold even if it
// did nothing else, and likewise what follows it: no other agent will come. On a Mesos one may.
func (c Cluster) CheckFeasible(ctx context.Context, spec *sweep.Spec) error {
	if !c.onThisMachine() {
		return c.checkDevices(spec)
	}
	found, err := c.FindInfeasible(ctx, spec, "", 0)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return usage(fmt.Errorf("%s: this would never start here: %s\n      %s", spec.File, found[0].Sentence,
			cmp.Or(found[0].Remedy, "change task.resources or task.constraints, or run it elsewhere with --cluster")))
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return c.CheckFeasible(ctx, spec.Then.Next)
	}
	return nil
}

// checkDevices refuses trials that ask by name for what a Kubernetes's address counts otherwise.
func (c Cluster) checkDevices(spec *sweep.Spec) error {
	if c.Kubernetes == nil {
		return nil
	}
	demands, err := plan.Demands(spec)
	if err != nil {
		return err
	}
	for _, d := range demands {
		if err := c.Kubernetes.CheckDevices(d.Resources); err != nil {
			return usage(fmt.Errorf("%s: %w", spec.File, err))
		}
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return c.checkDevices(spec.Then.Next)
	}
	return nil
}

// onThisMachine tells the embedded cluster's one machine from clusters that others may join.
func (c Cluster) onThisMachine() bool { return c.Mesos == nil && c.Kubernetes == nil }

// overheadOf is what an executor needs besides its first trial; its cpus are the trial's.
func (c Cluster) overheadOf(spec *sweep.Spec) resource.Resources {
	if c.onThisMachine() {
		return resource.Resources{}
	}
	need := resource.Resources{Mem: executorOverhead.Mem}
	fetched := !strings.HasPrefix(c.Executor, "/") || spec.Task.Container != nil
	if c.Kubernetes == nil && fetched && spec.WantsDisk() {
		need.Disk = c.diskOf()
	}
	return need
}

// foreign is the agents that name an architecture for which there would be no executor.
func (c Cluster) foreign(list []offers.Offer) (map[offers.AgentID]offers.Exclusion, error) {
	if c.Executor != "" {
		return nil, nil // the operator's own, of which nothing is known here
	}
	binaries, err := c.binaries()
	if err != nil {
		return nil, err
	}
	foreign := map[offers.AgentID]offers.Exclusion{}
	for i := range list {
		arch := health.Architecture(list[i].Attributes)
		if arch != "" && !slices.ContainsFunc(binaries, func(b binary) bool { return b.arch == arch }) {
			foreign[list[i].Agent] = health.WithoutExecutor(arch)
		}
	}
	return foreign, nil
}

// machines are what this machine has, by the GPUs asked for.
var machines recent[string, embedded.AgentConfig]

// Offers are this machine, or what a live master offers to a framework of the given name within so long.
// They are declined at once, and the framework is gone again when it returns.
func (c Cluster) Offers(ctx context.Context, framework string, wait time.Duration) ([]offers.Offer, error) {
	if c.Mesos != nil {
		return c.survey(ctx, framework, wait)
	}
	if c.Kubernetes != nil {
		found, err := kubernetes.Survey(ctx, *c.Kubernetes)
		if err != nil {
			return nil, unreachable(err)
		}
		return found, nil
	}
	agent, err := machines.get(c.GPUs, func() (embedded.AgentConfig, error) { return ThisMachine(".", c.GPUs) })
	if err != nil {
		return nil, err
	}
	amount := func(name string, v float64) offers.Amount {
		return offers.Amount{Name: name, Scalar: resource.Milli(v * float64(resource.Unit))}
	}
	return []offers.Offer{{
		ID: "here", Agent: "here", Hostname: agent.Hostname,
		Amounts: []offers.Amount{amount("cpus", agent.CPUs), amount("mem", agent.MemoryMB),
			amount("disk", agent.DiskMB),
			amount("gpus", agent.GPUs),
			{Name: "ports", Ranges: []offers.Range{{Begin: firstPort, End: firstPort + portsLeased - 1}}}},
	}}, nil
}

// empty are Offers as they would be if nothing ran anywhere. A Mesos offers only what others have left: how large its
// agents are it tells to who may read that, and else what is offered has to do.
func (c Cluster) empty(ctx context.Context, framework string, wait time.Duration) ([]offers.Offer, error) {
	found, err := c.Offers(ctx, framework, wait)
	if c.Mesos == nil || err != nil && !errors.Is(err, mesos.ErrNoOffers) {
		return found, err
	}
	all, unknown := mesos.Agents(ctx, *c.Mesos)
	if unknown != nil || len(all) == 0 {
		return found, err
	}
	for _, o := range found { // of an agent that registered a moment ago, or one with GPUs that is offered to all
		if !slices.ContainsFunc(all, func(a offers.Offer) bool { return a.Agent == o.Agent }) {
			all = append(all, o)
		}
	}
	return all, nil
}

func (c Cluster) survey(ctx context.Context, framework string, wait time.Duration) ([]offers.Offer, error) {
	conf := *c.Mesos
	conf.Name, conf.FirstTimeout = framework, wait
	conf.FailoverTimeout = time.Nanosecond // whatever ends this process, the framework must not stay behind
	driver, err := mesos.New(conf)
	if err != nil {
		return nil, usage(err)
	}
	found, err := mesos.Survey(ctx, driver, wait)
	if err != nil {
		return nil, unreachable(err)
	}
	return found, nil
}
