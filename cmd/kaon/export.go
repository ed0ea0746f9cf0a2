package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/results/export"
)

type exportCmd struct {
	Sweep  string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	Format string `enum:",csv,jsonl,parquet" default:"" placeholder:"FORMAT" help:"csv, jsonl or parquet; csv when left out."`
	Points bool   `help:"One row for each reported point instead of each trial."`
	To     string `enum:",tensorboard,mlflow,wandb" default:"" placeholder:"WHOM" help:"Publish it instead: tensorboard (event files in the folder --output), wandb (offline runs in the folder --output, for wandb sync) or mlflow (runs on the tracking server at --output)."`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"File to write, - for standard output; with --to a folder, new or empty, or http://HOST:PORT."`

	Partial bool `help:"Write the records that can be read, when some are damaged."`
	liveFlags
}

func (c *exportCmd) Run(ctx context.Context, out *output) (err error) {
	if err := c.publishable(); err != nil {
		return err
	}
	if c.Format == "parquet" && c.Output == "-" && onTerminal(out.stdout) {
		return usage(errors.New("parquet is nothing to look at: give --output FILE, or pipe it on"))
	}
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	board, err := src.board(ctx, out)
	if err == nil {
		err = board.whole(src.id, c.Partial)
	}
	if err != nil {
		return err
	}
	if c.To != "" {
		return c.publish(ctx, out, src, board)
	}
	w, end := out.raw(false)
	defer end()
	if c.Output != "-" {
		f, err := os.Create(c.Output)
		if err != nil {
			return usage(fmt.Errorf("write export: %w", err))
		}
		defer func() {
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
		}()
		w = f
	}
	format := export.Format(cmp.Or(c.Format, "csv"))
	if !c.Points {
		return export.Trials(w, format, board.Board)
	}
	// board has named the damage
	_, err = export.Points(ctx, w, format, src.bucket, src.id, board.fresh, board.Metrics())
	return err
}
