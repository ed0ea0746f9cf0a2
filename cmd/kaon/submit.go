package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/sweep"
)

type submitCmd struct {
	Spec string   `arg:"" optional:"" help:"Sweep file; - reads it from standard input. Left out with --like."`
	Like string   `placeholder:"SWEEP" help:"Instead of a file: the spec, the folder and the labels of a sweep that the server has, with what --set changes."`
	Set  []string `placeholder:"KEY=VALUE" sep:"none" help:"Override a key of the spec by its path, as in --set parameters.lr.max=0.5; may be repeated."`
	Seed *uint64  `placeholder:"N" help:"Seed of the search, instead of the spec's."`
	pythonFlag

	queueFlags
	foreignFlags
	Label []string `sep:"none" placeholder:"WORD" help:"A word to find the sweep by; may be repeated."`
	Key   string   `placeholder:"TEXT" help:"A second submission with the same key is the first: scripts may try again."`
	Watch bool     `short:"w" xor:"until" help:"Show it until it has ended, as run does."`
	Wait  bool     `xor:"until" help:"Say nothing until it has ended, then print how, as run does; the exit code tells too."`
	JSON  bool     `help:"Print the sweep as one JSON object; with --wait when it has ended, as run --json does."`
	serverFlags
}

func (c *submitCmd) Run(ctx context.Context, out *output) error {
	if starts := c.Spec != "" || c.Python != ""; starts == (c.Like != "") {
		return usage(errors.New("submit wants a sweep file, or --python FILE:FUNCTION, or --like SWEEP, and not both"))
	}
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	s, err := c.submit(ctx, out, to)
	if err != nil {
		return err
	}
	switch {
	case c.Watch:
		return (&remoteWatch{out: out, from: to, id: s.ID, json: c.JSON}).run(ctx)
	case c.Wait:
		return (&remoteWatch{out: out, from: to, id: s.ID, quiet: true, json: c.JSON, result: true}).run(ctx)
	case c.JSON:
		return json.NewEncoder(out.stdout).Encode(s)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: %s by %s search; watch it with: kaon watch %s\n", s.ID,
		plural(s.Trials.Total, "trial"), s.Method, s.ID)
	return err
}

// submit hands in the file, or a sweep that the server has once more.
func (c *submitCmd) submit(ctx context.Context, out *output, to *client.Client) (s api.Sweep, err error) {
	set := slices.Concat(c.Set, c.queueFlags.overrides())
	if c.Like == "" {
		f, err := c.apply(ctx, specFlags{Spec: c.Spec, Set: set, Seed: c.Seed, foreignFlags: c.foreignFlags})
		if err != nil {
			return s, err
		}
		spec, err := f.parse(ctx) // here, for what is wrong is then told as run tells it
		if err != nil {
			return s, err
		}
		return f.submit(ctx, out, to, spec, c.Label, c.Key)
	}
	id, err := resolve(ctx, to, c.Like)
	if err != nil {
		return s, err
	}
	s, err = to.Clone(ctx, id, api.Clone{Set: set, Seed: c.Seed, Labels: c.Label}, c.Key)
	return s, explainProblem(err)
}

// submit hands the spec that the flags read to a server, with the folder that it needs if the server is on another
// machine.
func (f specFlags) submit(
	ctx context.Context, out *output, to *client.Client, spec *sweep.Spec, labels []string, key string,
) (s api.Sweep, err error) {
	for _, warning := range spec.Warnings {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", warning)
	}
	sub, err := f.submission(ctx, out, to, spec)
	if err != nil {
		return s, err
	}
	sub.Labels = labels
	s, err = to.Submit(ctx, sub, key)
	return s, explainProblem(err)
}

// submission is the spec as a server takes it: with its path on this machine, or its folder uploaded.
func (f specFlags) submission(
	ctx context.Context, out *output, to *client.Client, spec *sweep.Spec,
) (sub api.Submission, err error) {
	sub = api.Submission{Spec: string(spec.Source), Set: f.Set, Seed: f.Seed}
	if strings.HasPrefix(to.Address(), "unix:") {
		if err := absolutePaths(spec); err != nil {
			return sub, err
		}
		sub.File = spec.File
		return sub, nil
	}
	if spec.Name == "" && spec.Title() != "" { // the sweep is called after its file
		sub.File = filepath.Base(spec.File)
	}
	if staging.NeedsFolder(spec) {
		if sub.Folder, err = uploadFolder(ctx, out, to, spec.Folder()); err != nil {
			return sub, err
		}
		sub.File = filepath.Base(spec.File)
	}
	return sub, nil
}

// explainProblem has mistakes that the server found told as those found here.
func explainProblem(err error) error {
	var problem *client.Error
	if errors.As(err, &problem) && len(problem.Spec) > 0 {
		return usage(sweep.Errors(problem.Spec))
	}
	return answered(err)
}
