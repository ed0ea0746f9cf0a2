package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/sweep"
)

type submitCmd struct {
	specFlags
	queueFlags
	Label []string `sep:"none" placeholder:"WORD" help:"A word to find the sweep by; may be repeated."`
	Key   string   `placeholder:"TEXT" help:"A second submission with the same key is the first: scripts may try again."`
	Watch bool     `short:"w" help:"Show it until it has ended, as run does."`
	JSON  bool     `help:"Print the sweep as one JSON object."`
	serverFlags
}

func (c *submitCmd) Run(ctx context.Context, out *output) error {
	to, err := c.client(ctx)
	if err != nil {
		return err
	}
	s, err := c.inQueue(c.specFlags).submit(ctx, out, to, c.Label, c.Key)
	if err != nil {
		return err
	}
	switch {
	case c.Watch:
		return (&remoteWatch{out: out, from: to, id: s.ID, json: c.JSON}).run(ctx)
	case c.JSON:
		return json.NewEncoder(out.stdout).Encode(s)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: %s by %s search; watch it with: kaon watch %s\n", s.ID, plural(s.Trials.Total, "trial"), s.Method, s.ID)
	return err
}

// submit hands the spec to a server, with the folder that it needs if the server is on another machine.
func (f specFlags) submit(ctx context.Context, out *output, to *client.Client, labels []string, key string) (s api.Sweep, err error) {
	spec, err := f.parse() // here, for what is wrong is then told as run tells it
	if err != nil {
		return s, err
	}
	for _, warning := range spec.Warnings {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", warning)
	}
	sub := api.Submission{Spec: string(spec.Source), Set: f.Set, Seed: f.Seed, Labels: labels}
	if strings.HasPrefix(to.Address(), "unix:") {
		if err := absolutePaths(spec); err != nil {
			return s, err
		}
		sub.File = spec.File
	} else if needsFolder(spec) {
		if sub.Folder, err = upload(ctx, out, to, spec); err != nil {
			return s, err
		}
		sub.File = filepath.Base(spec.File)
	}
	s, err = to.Submit(ctx, sub, key)
	return s, explainProblem(err)
}

// explainProblem has mistakes that the server found told as those found here.
func explainProblem(err error) error {
	var problem *client.Error
	if errors.As(err, &problem) && len(problem.Spec) > 0 {
		return usage(sweep.Errors(problem.Spec))
	}
	return answered(err)
}

// needsFolder tells whether a spec names files beside itself.
func needsFolder(spec *sweep.Spec) bool {
	if spec.File == "-" {
		return false
	}
	if spec.Task.Code != "" {
		return true
	}
	for _, input := range spec.Task.Fetch {
		if !strings.Contains(input.URL, "://") {
			return true
		}
	}
	return server.NamesFiles(spec)
}

// upload packs the spec's folder and brings it to the server.
func upload(ctx context.Context, out *output, to *client.Client, spec *sweep.Spec) (id string, err error) {
	folder := filepath.Dir(spec.File)
	var packed bytes.Buffer
	if err := archive.Pack(&packed, folder, filepath.Join(folder, "kaon-results"), filepath.Join(folder, "kaon-state")); err != nil {
		return "", usage(fmt.Errorf("pack %s for the server: %w", folder, err))
	}
	if size := packed.Len(); size > 10<<20 {
		fmt.Fprintf(out.stderr, "kaon: uploading %s (%d MB)\n", folder, size>>20)
	}
	f, err := to.Upload(ctx, io.Reader(&packed))
	return f.ID, answered(err)
}
