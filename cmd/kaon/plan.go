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
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/foreign"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// specFlags name a spec and what is changed of it.
type specFlags struct {
	Spec string   `arg:"" help:"Sweep file; - reads it from standard input."`
	Set  []string `placeholder:"KEY=VALUE" sep:"none" help:"Override a key of the spec by its path, as in --set parameters.lr.max=0.5; may be repeated."`
	Seed *uint64  `placeholder:"N" help:"Seed of the search, instead of the spec's."`
	Text []byte   `kong:"-"` // the spec, where there is no file; nil: there is one

	Lenient bool `help:"Of another tool's experiment: leave out what cannot be carried, and say so, instead of refusing it."`
}

// maxSpec is more than Parse accepts, so that Parse says what is wrong with a larger file.
const maxSpec = 64 << 20

// parse reads and checks the spec. The error of a bad one is all its problems on one screen.
func (f specFlags) parse() (*sweep.Spec, error) {
	src, err := f.Text, error(nil)
	if src == nil {
		src, err = readSpec(f.Spec)
	}
	if err != nil {
		return nil, usage(err)
	}
	from, err := foreign.Translate(f.Spec, src, f.Lenient, beside(f.Spec))
	if err != nil {
		return nil, usage(err)
	}
	if from != nil {
		src = from.Text
	}
	set := f.Set
	if f.Seed != nil {
		set = append(slices.Clone(set), fmt.Sprintf("seed=%d", *f.Seed))
	}
	options := []sweep.Option{sweep.WithSet(set...), server.WithFilesBeside(f.Spec), sweep.WithEnvironment(os.LookupEnv)}
	spec, err := sweep.Parse(f.Spec, src, options...)
	if from != nil {
		err = from.Relocate(err)
	}
	if err != nil {
		return nil, usage(err)
	}
	if from != nil {
		spec.Warnings = from.Warnings(spec.Warnings)
	}
	return spec, nil
}

type planCmd struct {
	specFlags
	Cluster string        `default:"local" env:"KAON_CLUSTER" placeholder:"WHERE" help:"Where it would run, local or mesos://host:port: trials that fit no agent there are named (${default})."`
	Wait    time.Duration `default:"2s" help:"How long to take the offers of a mesos:// cluster (${default})."`
	Points  int           `default:"5" help:"How many points to show (${default})."`
	JSON    bool          `help:"Print JSON; problems of the spec too."`
	executorFlags
	machineFlags
}

// plan is what a sweep would do. Fields may be added, not renamed.
type plan struct {
	Name       string              `json:"name"`
	Method     string              `json:"method"`
	Chosen     string              `json:"method_chosen,omitempty"` // why, when the spec leaves it to kaon
	Seed       uint64              `json:"seed"`
	Trials     int                 `json:"trials"`
	Capped     bool                `json:"capped"`
	GridSize   string              `json:"grid_size,omitempty"` // decimal: may exceed 64 bits; absent when infinite
	Parameters int                 `json:"parameters"`
	From       []string            `json:"from,omitempty"` // sweeps whose results the search starts from
	Try        int                 `json:"try,omitempty"`  // how many of the first trials have points that the spec names
	Points     []sweep.Point       `json:"points"`         // of the first trials
	Commands   []string            `json:"commands"`       // of the same trials
	Demand     []demand            `json:"demand"`         // what they ask of the cluster
	Objective  sweep.Metric        `json:"objective"`
	Metrics    []sweep.Metric      `json:"metrics,omitempty"`
	Repeat     *sweep.Repeat       `json:"repeat,omitempty"` // nil: each point runs once
	Warnings   []*sweep.Error      `json:"warnings"`
	Sampler    []string            `json:"sampler,omitempty"` // the program that chooses points
	Refusals   []server.Infeasible `json:"refusals"`          // trials that fit no agent of the cluster
	Early      []earlyPlan         `json:"early_terminate,omitempty"`
	learns     bool                // points depend on results
}

// demand is what trials ask for, in units people use.
type demand struct {
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem_mb"`
	Disk float64 `json:"disk_mb"`
	GPUs float64 `json:"gpus"`
}

func (c *planCmd) Run(ctx context.Context, out *output) error {
	spec, err := c.parse()
	if err != nil {
		return c.refuse(out, err)
	}
	p, err := describe(spec, c.Points)
	if err != nil {
		return c.refuse(out, err)
	}
	p.Warnings = append(p.Warnings, server.Missing(spec)...)
	cluster, err := clusterAt(c.Cluster, c.executorFlags, c.machineFlags)
	if err != nil {
		return err
	}
	if p.Refusals, err = cluster.FindInfeasible(ctx, spec, "kaon plan", c.Wait); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false) // commands are read by people too
		return enc.Encode(p)
	}
	p.print(out.stdout, spec)
	return nil
}

// refuse tells what is wrong with the spec, to a script if asked to.
func (c *planCmd) refuse(out *output, err error) error {
	if !c.JSON {
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

// describe computes the first points and what they would run and ask for.
func describe(spec *sweep.Spec, points int) (plan, error) {
	p := plan{
		Name: spec.Name, Method: spec.Method, Chosen: spec.Chosen, Seed: spec.Seed, Trials: spec.Trials, Capped: spec.Capped,
		Parameters: len(spec.Space.Dimensions()), Objective: spec.Objective, Metrics: spec.Metrics, Warnings: append([]*sweep.Error{}, spec.Warnings...),
		Points: []sweep.Point{}, Commands: []string{}, Demand: []demand{},
	}
	p.Try, p.From = len(spec.Try), spec.From
	if spec.Repeat.Trials > 1 {
		p.Repeat = &spec.Repeat
	}
	if size, finite := spec.Space.Size(); finite {
		p.GridSize = size.String()
	}
	if spec.Sampler != nil {
		p.Sampler = spec.Sampler.Command
	}
	method, err := search.New(spec)
	if err != nil {
		return p, err
	}
	p.learns, p.Early = method.Replay(), planEarly(spec)
	for i := range min(points, spec.Trials) {
		point, ok := method.Ask(i)
		if !ok {
			break
		}
		run, err := spec.Command.Expand(sweep.Vars{Params: point, Getenv: os.LookupEnv})
		if err != nil {
			return p, usage(fmt.Errorf("expand the command of trial %d: %w", i, err))
		}
		need, err := spec.Demand(point)
		if err != nil {
			return p, usage(fmt.Errorf("compute the resources of trial %d: %w", i, err))
		}
		p.Points = append(p.Points, point)
		p.Commands = append(p.Commands, commandLine(run))
		p.Demand = append(p.Demand, demand{units(need.CPUs), units(need.Mem), units(need.Disk), units(need.GPUs)})
	}
	return p, nil
}

func units(m resource.Milli) float64 { return float64(m) / float64(resource.Unit) }

// commandLine writes a command as a person would type it.
func commandLine(run sweep.Expansion) string {
	if run.Shell != "" {
		return run.Shell
	}
	words := make([]string, len(run.Argv))
	for i, word := range run.Argv {
		words[i] = shell.Quote(word)
	}
	return strings.Join(words, " ")
}

func (p plan) print(w io.Writer, spec *sweep.Spec) {
	fmt.Fprintf(w, "%s: %s search over %s, %s, seed %d\n",
		cmp.Or(p.Name, spec.File), p.Method, plural(p.Parameters, "parameter"), plural(p.Trials, "trial"), p.Seed)
	if p.Chosen != "" {
		fmt.Fprintln(w, p.Chosen)
	}
	if size, finite := spec.Space.Size(); finite && size.Cmp(big.NewInt(int64(p.Trials))) != 0 {
		fmt.Fprintf(w, "a grid over them has %s points\n", server.Grouped(size))
	}
	if p.Capped {
		fmt.Fprintf(w, "this search never ends by itself: capped at %d trials, run_cap sets another number\n", p.Trials)
	}
	if p.Objective.Name != "" {
		fmt.Fprintf(w, "objective: %s %s, by the %s of its values\n", p.Objective.Goal, p.Objective.Name, p.Objective.Reduce)
	}
	if r := p.Repeat; r != nil {
		fmt.Fprintf(w, "%s, each %d times with other seeds, ranked by %s\n", plural(spec.Points(), "point"), r.Trials, r.Rank)
	}
	p.printGoals(w, spec)
	if p.Try > 0 {
		fmt.Fprintf(w, "first %s of the spec: `try`, or the defaults\n", plural(p.Try, "point"))
	}
	if len(p.From) > 0 {
		fmt.Fprintf(w, "the search starts from the results of %s\n", strings.Join(p.From, ", "))
	}
	if len(p.Sampler) > 0 {
		fmt.Fprintf(w, "points come from: %s\n", commandLine(sweep.Expansion{Argv: p.Sampler}))
	} else if p.learns {
		fmt.Fprintln(w, "points depend on results: these are asked for before there are any")
	}
	printEarly(w, p)
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

func (d demand) String() string {
	milli := resource.FromFloat
	parts := []string{server.Quantity("cpus", milli(d.CPUs)), server.Quantity("mem", milli(d.Mem))}
	if d.Disk > 0 {
		parts = append(parts, server.Quantity("disk", milli(d.Disk)))
	}
	if d.GPUs > 0 {
		parts = append(parts, server.Quantity("gpus", milli(d.GPUs)))
	}
	return strings.Join(parts, ", ")
}

// printGoals tells of further goals, and of bounds.
func (p plan) printGoals(w io.Writer, spec *sweep.Spec) {
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
