package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/sweep"
)

type planCmd struct {
	specFlags
	pythonFlag
	Cluster string        `default:"local" env:"KAON_CLUSTER" placeholder:"WHERE" help:"Where it would run, local, mesos://host:port or kubernetes: trials that fit no agent there are named (${default})."`
	Wait    time.Duration `default:"2s" help:"How long to take the offers of a mesos:// cluster (${default})."`
	Points  int           `default:"5" help:"How many points to show (${default})."`
	Results string        `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Folder or s3://bucket/prefix for the results, where what has run already is looked up for cache (${default})."`
	Server  string        `env:"KAON_SERVER" placeholder:"URL" help:"Ask this server, which knows its cluster and says when the sweep would run there, unless --cluster names another; none asks nobody."`
	JSON    bool          `help:"Print JSON; problems of the spec too."`

	TrialTime time.Duration `placeholder:"TIME" help:"How long a trial takes, as 10m, to say when the sweep would start and end on the server; left out, as long as those that it has known."`

	executorFlags
	machineFlags
}

func (c *planCmd) Run(ctx context.Context, out *output) error {
	if c.Spec == "" && c.Python == "" {
		return usage(errors.New("plan wants a sweep file, or --python FILE:FUNCTION"))
	}
	if c.TrialTime < 0 || c.TrialTime > 365*24*time.Hour {
		return usage(fmt.Errorf("--trial-time %s: want a time above 0, at most a year, as in --trial-time 10m",
			c.TrialTime))
	}
	var spec *sweep.Spec
	from, err := c.apply(ctx, c.specFlags)
	if err == nil {
		c.specFlags = from
		spec, err = c.parse(ctx)
	}
	if err != nil {
		return c.refuse(out, err)
	}
	var p plan.Plan
	if c.Server != "" && c.Server != noServer && c.Cluster == localCluster {
		p, err = c.ask(ctx, out, spec)
	} else {
		p, err = c.plan(ctx, spec)
	}
	var wrong *badSpec
	switch {
	case errors.As(err, &wrong):
		return c.refuse(out, wrong.error)
	case err != nil:
		return err
	case c.JSON:
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false) // commands are read by people too
		return enc.Encode(p)
	}
	printPlan(out.stdout, p, spec)
	return nil
}

// badSpec is what is wrong with a spec that was read.
type badSpec struct{ error }

func (e *badSpec) Unwrap() error { return e.error }

// plan is what the spec would do on a cluster that this process asks.
func (c *planCmd) plan(ctx context.Context, spec *sweep.Spec) (p plan.Plan, err error) {
	if p, err = plan.New(spec, c.Points, os.LookupEnv); err != nil {
		return p, &badSpec{err}
	}
	p.Warnings = append(p.Warnings, staging.Missing(spec)...)
	cluster, err := clusterAt(c.Cluster, c.executorFlags, c.machineFlags)
	if err != nil {
		return p, err
	}
	if p.Cache, err = c.cache(ctx, cluster, spec); err != nil {
		return p, err
	}
	p.Refusals, err = cluster.FindInfeasible(ctx, spec, "kaon plan", c.Wait)
	return p, err
}

// cache is what results there are of the spec's work.
func (c *planCmd) cache(ctx context.Context, cluster server.Cluster, spec *sweep.Spec) (*plan.CachePlan, error) {
	if !spec.Cache {
		return nil, nil
	}
	var in bucket.Bucket
	if resultsAt(c.Results) == nil {
		var err error
		if in, err = openBucket(ctx, c.Results, nil); err != nil {
			return nil, err
		}
	}
	return cluster.PlanCache(ctx, in, folderOf(c.Results), spec, os.LookupEnv)
}

// ask is what the spec would do on a server.
func (c *planCmd) ask(ctx context.Context, out *output, spec *sweep.Spec) (p plan.Plan, err error) {
	to, err := serverFlags{c.Server}.client(ctx)
	if err != nil {
		return p, err
	}
	sub, err := c.submission(ctx, out, to, spec)
	if err != nil {
		return p, err
	}
	p, err = to.Plan(ctx, sub, c.Points, c.TrialTime)
	if err = explainProblem(err); fault.KindOf(err) == fault.KindUsage {
		return p, &badSpec{err}
	}
	return p, err
}

// refuse tells what is wrong with the spec, to a script if asked to.
func (c *planCmd) refuse(out *output, err error) error {
	if !c.JSON || errors.Is(err, context.Canceled) {
		return err
	}
	var problems sweep.Errors
	if !errors.As(err, &problems) {
		problems = sweep.Errors{{File: c.Spec, Problem: err.Error()}}
	}
	if err := json.NewEncoder(out.stdout).Encode(map[string]any{"errors": problems}); err != nil {
		return err
	}
	return silently(exitUsage)
}

// printPlan tells a person what a sweep would do.
func printPlan(w io.Writer, p plan.Plan, spec *sweep.Spec) {
	fmt.Fprintf(w, "%s: %s search over %s, %s, seed %d\n",
		cmp.Or(p.Name, spec.File), p.Method, plural(p.Parameters, "parameter"), plural(p.Trials, "trial"), p.Seed)
	if p.Chosen != "" {
		fmt.Fprintln(w, p.Chosen)
	}
	if size, finite := spec.Space.Size(); finite && size.Cmp(big.NewInt(int64(p.Trials))) != 0 {
		fmt.Fprintf(w, "a grid over them has %s points\n", format.Grouped(size))
	}
	if p.Capped {
		fmt.Fprintf(w, "this search never ends by itself: capped at %d trials, run_cap sets another number\n", p.Trials)
	}
	if p.Objective.Name != "" {
		fmt.Fprintf(w, "objective: %s %s, by the %s of its values\n", p.Objective.Goal, p.Objective.Name,
			p.Objective.Reduce)
	}
	if r := p.Repeat; r != nil {
		only := ""
		if r.Racing {
			only = ", after the first time only while it may still be the best"
		}
		fmt.Fprintf(w, "%s, each %d times with other seeds%s, ranked by %s\n", plural(spec.Points(), "point"), r.Trials,
			only, r.Rank)
	}
	printGoals(w, p, spec)
	if p.Try > 0 {
		fmt.Fprintf(w, "first %s of the spec: `try`, or the defaults\n", plural(p.Try, "point"))
	}
	if len(p.From) > 0 {
		fmt.Fprintf(w, "the search starts from the results of %s\n", strings.Join(p.From, ", "))
	}
	if len(p.Sampler) > 0 {
		fmt.Fprintf(w, "points come from: %s\n", plan.CommandLine(sweep.Expansion{Argv: p.Sampler}))
	} else if p.Learns {
		fmt.Fprintln(w, "points depend on results: these are asked for before there are any")
	}
	if p.Cache != nil {
		fmt.Fprintln(w, p.Cache.Sentence())
		for _, doubt := range p.Cache.Doubts {
			fmt.Fprintf(w, "cache: %s\n", doubt)
		}
	}
	printEarly(w, p)
	printWhen(w, p.When)
	if p.Bundle != nil && p.Trials > 1 {
		fmt.Fprintln(w, p.Bundle.Sentence)
	}
	for i, point := range p.Points {
		text, _ := json.Marshal(point)
		command := strings.ReplaceAll(bounded(strings.TrimRight(p.Commands[i], "\n")), "\n", "\n  ")
		fmt.Fprintf(w, "\ntrial %d: %s\n  %s\n  needs %s\n", i, bounded(string(text)), command, p.Demand[i])
	}
	for _, m := range p.Refusals {
		fmt.Fprintf(w, "\nwould never start: %s\n", m.Sentence)
		if m.Remedy != "" {
			fmt.Fprintf(w, "what helps: %s\n", m.Remedy)
		}
	}
	for _, warning := range p.Warnings {
		fmt.Fprintf(w, "\nwarning: %v\n", warning)
	}
}

// printWhen tells when a server would run the sweep.
func printWhen(w io.Writer, when *plan.When) {
	if when == nil {
		return
	}
	fmt.Fprintf(w, "now it %s\n", when.Sentence)
	if a := when.Ahead; a.Sweeps > 0 {
		fmt.Fprintf(w, "  beside %s with %s running and %s waiting\n", plural(a.Sweeps, "sweep"),
			plural(a.Running, "task"), plural(a.Waiting, "trial"))
	}
	took := time.Duration(when.TrialSeconds * float64(time.Second)).Round(time.Millisecond)
	if basis := map[string]string{
		"same_name": fmt.Sprintf("the last sweep of this name (%s)", plural(when.Trials, "trial")),
		"others":    fmt.Sprintf("other sweeps here (%s)", plural(when.Trials, "trial")),
		"timeout":   "half of task.timeout",
	}[when.Basis]; basis != "" {
		fmt.Fprintf(w, "  a trial is taken to need %s, by %s; --trial-time says it\n", took, basis)
	}
	if when.Start != nil || when.End != nil {
		fmt.Fprintf(w, "  if %s\n", strings.Join(when.Assumes, "; "))
	}
}

// printGoals tells of further goals, and of bounds.
func printGoals(w io.Writer, p plan.Plan, spec *sweep.Spec) {
	if goals := spec.Goals(); len(goals) > 1 {
		var all []string
		for _, m := range goals {
			all = append(all, fmt.Sprintf("%s %s", m.Goal, m.Name))
		}
		fmt.Fprintf(w, "Pareto front of: %s; the winner is the best in the first\n", strings.Join(all, ", "))
	}
	for _, m := range append([]sweep.Metric{p.Objective}, p.Metrics...) {
		switch {
		case m.Min != nil && m.Max != nil:
			fmt.Fprintf(w, "feasible with %s from %v to %v\n", m.Name, *m.Min, *m.Max)
		case m.Max != nil:
			fmt.Fprintf(w, "feasible with %s of at most %v\n", m.Name, *m.Max)
		case m.Min != nil:
			fmt.Fprintf(w, "feasible with %s of at least %v\n", m.Name, *m.Min)
		}
	}
}
