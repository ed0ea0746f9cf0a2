package main

import (
	"context"
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/bench"
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/mesos"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// misfit is trials that could not run on the cluster as it is, however long they waited.
type misfit struct {
	Trials   int            `json:"trials"` // of those looked at
	Sentence string         `json:"sentence"`
	Reasons  offers.Reasons `json:"reasons"`
}

// fitsLooked bounds how many trials of different needs are looked at: a plan is an answer for people.
const fitsLooked = 10_000

// misfits asks the packer, with the cluster's agents empty, which trials no agent could ever hold. It launches nothing.
func misfits(ctx context.Context, spec *sweep.Spec, where string, wait time.Duration) ([]misfit, error) {
	found, err := offersOf(ctx, where, wait)
	if err != nil {
		return nil, err
	}
	demands, err := demandsOf(spec)
	if err != nil {
		return nil, err
	}
	index := offers.NewIndex(0)
	now := time.Now()
	index.Add(now, found...)
	all := []misfit{}
	for _, refusal := range index.Peek(now, demands, offers.Options{}).Refusals {

		if reasons := refusal.Reasons(); reasons.FitsEmpty == 0 {
			all = append(all, misfit{demands[refusal.Demand].Count, refusal.Sentence(), reasons})
		}
	}
	return all, nil
}

// offersOf is this machine, or what a live master offers; its offers are declined at once.
func offersOf(ctx context.Context, where string, wait time.Duration) ([]offers.Offer, error) {
	if where != "local" {
		return survey(ctx, where, "kaon plan", wait)
	}
	agent := thisMachine(".")
	amount := func(name string, v float64) offers.Amount {
		return offers.Amount{Name: name, Scalar: sweep.Milli(v * float64(sweep.Unit))}
	}
	return []offers.Offer{{
		ID: "here", Agent: "here", Hostname: agent.Hostname,
		Amounts: []offers.Amount{amount("cpus", agent.CPUs), amount("mem", agent.MemoryMB), amount("disk", agent.DiskMB)},
	}}, nil
}

// survey takes the offers of a live master as a framework of its own that is gone again when it returns.
func survey(ctx context.Context, where, name string, wait time.Duration) ([]offers.Offer, error) {
	conf, err := mesos.ParseURL(where)
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
