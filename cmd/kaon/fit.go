package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// misfit is trials that could not run on the cluster as it is, however long they waited.
type misfit struct {
	Trials   int            `json:"trials"` // of those looked at
	Sentence string         `json:"sentence"`
	Reasons  offers.Reasons `json:"reasons"`
	Remedy   string         `json:"remedy,omitempty"`
}

// fitsLooked bounds how many trials of different needs are looked at: a plan is an answer for people.
const fitsLooked = 10_000

// misfits asks the packer, with the cluster's agents empty, which trials no agent could ever hold. It launches nothing.
func misfits(
	ctx context.Context, spec *sweep.Spec, f executorFlags, m machineFlags, where string, wait time.Duration,
) ([]misfit, error) {
	found, err := offersOf(ctx, where, m, wait)
	if err != nil {
		return nil, err
	}
	demands, err := demandsOf(spec)
	if err != nil {
		return nil, err
	}
	overhead := f.beside(spec, where)
	for i := range demands {
		demands[i].Overhead = overhead
	}
	index := offers.NewIndex(0)
	now := time.Now()
	index.Add(now, found...)
	all := []misfit{}
	foreign, err := f.foreign(found)
	if err != nil {
		return nil, err
	}
	for _, refusal := range index.Peek(now, demands, offers.Options{Foreign: foreign}).Refusals {
		if reasons := refusal.Reasons(); reasons.FitsEmpty == 0 {
			count := demands[refusal.Demand].Count
			unfit := misfit{count, reasons.Sentence(refusal.Count), reasons, remedy(reasons)}
			if text, helps, ok := neverHere(reasons, refusal.Count); ok && where == "local" {
				unfit.Sentence, unfit.Remedy = text, helps
			}
			all = append(all, unfit)
		}
	}
	return all, nil
}

// fitsHere refuses a sweep with trials that this machine could not hold even if it did nothing else, and likewise what
// follows it: no other agent will come.
func fitsHere(ctx context.Context, spec *sweep.Spec, m machineFlags) error {
	found, err := misfits(ctx, spec, executorFlags{}, m, "local", 0)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return usage(fmt.Errorf("%s: this would never start here: %s\n      %s", spec.File, found[0].Sentence,
			cmp.Or(found[0].Remedy, "change task.resources or task.constraints, or run it elsewhere with --cluster")))
	}
	if spec.Then != nil && spec.Then.Next != nil {
		return fitsHere(ctx, spec.Then.Next, m)
	}
	return nil
}

// beside is what an executor needs besides its first trial; its cpus are the trial's.
func (f executorFlags) beside(spec *sweep.Spec, where string) resource.Resources {
	if where == "local" {
		return resource.Resources{}
	}
	t := scheduler.ExecutorTemplate{Overhead: resource.Resources{Mem: executorOverhead.Mem}}
	if !strings.HasPrefix(f.Executor, "/") || spec.Task.Container != nil {
		t.URIs = []cluster.URI{{}} // it is fetched
	}
	return f.weigh(t, spec).Overhead
}

// foreign is the agents that name an architecture for which there would be no executor.
func (f executorFlags) foreign(list []offers.Offer) (map[offers.AgentID]string, error) {
	if f.Executor != "" {
		return nil, nil // the operator's own, of which nothing is known here
	}
	binaries, err := f.binaries()
	if err != nil {
		return nil, err
	}
	foreign := map[offers.AgentID]string{}
	for i := range list {
		arch := scheduler.Architecture(list[i].Attributes)
		if arch != "" && !slices.ContainsFunc(binaries, func(b binary) bool { return b.arch == arch }) {
			foreign[list[i].Agent] = arch
		}
	}
	return foreign, nil
}

// remedy is what can be done about reasons besides waiting or asking for less; empty: nothing.
func remedy(r offers.Reasons) string {
	if len(r.Foreign) == 0 {
		return ""
	}
	return "an executor for the other agents: " + foreignRemedy
}

// explain is the reasons why trials wait, for people, with what can be done. A nil machine is a cluster.
func (m machine) explain(r *offers.Refusal) string {
	why := r.Reasons()
	if m != nil {
		if text, ok := m.waits(why, r.Count, r.Each()); ok {
			return text
		}
	}
	text := why.Sentence(r.Count)
	if what := remedy(why); what != "" {
		text += "; what helps: " + what
	}
	return text
}

// offersOf is this machine, or what a live master offers; its offers are declined at once.
func offersOf(ctx context.Context, where string, f machineFlags, wait time.Duration) ([]offers.Offer, error) {
	if where != "local" {
		return survey(ctx, where, "kaon plan", wait)
	}
	agent, err := thisMachine(".", f)
	if err != nil {
		return nil, err
	}
	amount := func(name string, v float64) offers.Amount {
		return offers.Amount{Name: name, Scalar: resource.Milli(v * float64(resource.Unit))}
	}
	return []offers.Offer{{
		ID: "here", Agent: "here", Hostname: agent.Hostname,
		Amounts: []offers.Amount{amount("cpus", agent.CPUs), amount("mem", agent.MemoryMB), amount("disk", agent.DiskMB),
			amount("gpus", agent.GPUs),
			{Name: "ports", Ranges: []offers.Range{{Begin: firstPort, End: firstPort + portsLeased - 1}}}},
	}}, nil
}

// survey takes the offers of a live master as a framework of its own that is gone again when it returns.
func survey(ctx context.Context, where, name string, wait time.Duration) ([]offers.Offer, error) {
	conf, err := parseCluster(where)
	if err != nil {
		return nil, usage(fmt.Errorf("--cluster: %w", err))
	}
	conf.Name, conf.FirstTimeout = name, wait
	conf.FailoverTimeout = time.Nanosecond // whatever ends this process, the framework must not stay behind
	driver, err := mesos.New(conf)
	if err != nil {
		return nil, usage(err)
	}
	found, err := bench.Survey(ctx, driver, wait)
	if err != nil {
		return nil, unreachable(err)
	}
	return found, nil
}

// demandsOf groups the trials of a sweep by what they need, in order of first appearance.
func demandsOf(spec *sweep.Spec) ([]offers.Demand, error) {
	if !spec.DemandVaries() {
		need, err := spec.Demand(nil)
		return []offers.Demand{{Resources: need, Constraints: spec.Task.Constraints, Sweep: spec.Name, Count: spec.Trials}}, err
	}
	method, err := search.New(spec)
	if err != nil {
		return nil, err
	}
	var demands []offers.Demand
	at := map[string]int{}
	for i := range min(spec.Trials, fitsLooked) {
		point, ok := method.Ask(i)
		if !ok {
			break
		}
		need, err := spec.Demand(point)
		if err != nil {
			return nil, usage(fmt.Errorf("compute the resources of trial %d: %w", i, err))
		}
		key := fmt.Sprint(need)
		if _, known := at[key]; !known {
			at[key] = len(demands)
			demands = append(demands, offers.Demand{Resources: need, Constraints: spec.Task.Constraints, Sweep: spec.Name})
		}
		demands[at[key]].Count++
	}
	return demands, nil
}
