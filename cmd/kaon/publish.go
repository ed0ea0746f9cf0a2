package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/results/export"
	"github.com/kaon-sweep/kaon/results/export/mlflow"
	"github.com/kaon-sweep/kaon/results/store"
)

// publishable says whether the flags fit --to, before anything is read.
func (c *exportCmd) publishable() error {
	switch {
	case c.To == "":
		return nil
	case c.Format != "" || c.Points:
		return usage(fmt.Errorf("--to %s is no table: leave out --format and --points", c.To))
	case c.To == "mlflow":
		if _, err := mlflow.Open(c.Output, os.Getenv); err != nil {
			return usage(fmt.Errorf("--to mlflow: --output: %w", err))
		}
		return nil
	case c.Output == "-":
		return usage(fmt.Errorf("--to %s writes a folder: name a new or empty one with --output DIR", c.To))
	}
	return emptyFolder(c.Output)
}

// emptyFolder refuses a place to write to that holds something already.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return usage(fmt.Errorf("write export: %w", err))
	case len(entries) > 0:
		return usage(fmt.Errorf("write export: %s holds %q already: name a new or empty folder with --output", dir,
			entries[0].Name()))
	}
	return nil
}

// publish writes a sweep for the program that --to names.
func (c *exportCmd) publish(ctx context.Context, out *output, src source, from liveBoard) error {
	if c.To == "mlflow" {
		return c.publishRuns(ctx, out, src, from)
	}
	if err := os.MkdirAll(c.Output, 0o777); err != nil {
		return usage(fmt.Errorf("write export: %w", err))
	}
	dir, err := os.OpenRoot(c.Output)
	if err != nil {
		return usage(fmt.Errorf("write export: %w", err))
	}
	defer dir.Close()
	var n int
	if c.To == "wandb" {
		n, err = export.Wandb(ctx, dir, src.bucket, src.id, os.Getenv("WANDB_PROJECT"), from.Board, from.fresh)
	} else {
		n, err = export.TensorBoard(ctx, dir, src.bucket, src.id, from.Board, from.fresh)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out.stdout, "%d trials of %s in %s\n", n, src.id, c.Output)
	return nil
}

// publishRuns writes a sweep to a tracking server.
func (c *exportCmd) publishRuns(ctx context.Context, out *output, src source, from liveBoard) error {
	client, err := mlflow.Open(c.Output, os.Getenv)
	if err != nil {
		return usage(err)
	}
	known, err := store.ReadSweep(ctx, src.bucket, src.id)
	if err != nil {
		return src.explain(ctx, err)
	}
	told, err := mlflow.Publish(ctx, client, src.bucket, known, from.Board, from.fresh)
	if err != nil {
		return unreachable(fmt.Errorf("%w; the same command goes on from there", err))
	}
	fmt.Fprintf(out.stdout, "%d trials of %s in experiment %q, %d points written now\n", told.Trials, src.id,
		told.Experiment, told.Points)
	return nil
}
