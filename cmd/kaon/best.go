package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
)

type bestCmd struct {
	Sweep  string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	Format string `enum:"text,json,yaml,env,flags,argo,airflow,metaflow" default:"text" help:"text, json, yaml, env, flags, or the parameters for argo, airflow or metaflow."`
	JSON   bool   `help:"Same as --format json."`

	Explain bool `help:"Say too which parameters matter, alone and in pairs, where the best trials lie, and how the best was come by."`
	Partial bool `help:"Choose among the records that can be read, when some are damaged."`
	liveFlags
}

func (c *bestCmd) Help() string {
	return "Text shows numbers with six digits and the beginning of long values; the other formats have them whole. " +
		"env prints `export KAON_PARAM_…='…'` lines for a shell to eval, flags prints --name=value words for " +
		"a command line. " +
		"argo prints a file for argo submit --parameter-file, airflow a value for airflow dags trigger --conf, " +
		"metaflow words for a flow's run."
}

func (c *bestCmd) Run(ctx context.Context, out *output) error {
	if c.JSON {
		c.Format = board.FormatJSON
	}
	if c.Explain && c.Format != "text" && c.Format != board.FormatJSON {
		return usage(fmt.Errorf("--explain is for people and --json: --format %s has no place for it", c.Format))
	}
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	// the manifest when the sweep has ended, the board while it runs, and when it runs again what failed
	winner, damaged := store.ReadWinner(ctx, src.bucket, src.id)
	if known, readErr := store.ReadSweep(ctx, src.bucket, src.id); damaged != nil || readErr != nil ||
		known.Finished == "" {
		board, err := src.board(ctx, out)
		if err != nil {
			return err
		}
		if err := board.whole(src.id, c.Partial); err != nil {
			return err
		}
		if errors.Is(damaged, store.ErrDamaged) {
			fmt.Fprintf(out.stderr, "kaon: warning: %v: chosen anew from the records; `kaon repair %s` writes "+
				"it anew\n", damaged, src.id)
		}
		var ok bool
		if winner, ok = board.Winner(); !ok {
			return fmt.Errorf("sweep %s has no winner: no trial has succeeded with a finite value", src.id)
		}
		if readErr == nil && known.Finished == "" {
			fmt.Fprintf(out.stderr, "kaon: warning: sweep %s is not at its end: this is the best so far\n", src.id)
		}
		if known.Finished != "" { // as it was written when the sweep ended
			winner.SpecHash, winner.Created = known.SpecHash, known.Finished
		}
	}
	if _, err := store.ReadBoard(ctx, src.bucket, src.id); errors.Is(err, store.ErrDamaged) {
		fmt.Fprintf(out.stderr, "kaon: warning: %v: the best is none the less what it was; `kaon repair %s` writes "+
			"it anew\n", err, src.id)
	}
	if c.Explain {
		return c.explain(ctx, out, src, winner)
	}
	if c.Format == "text" {
		printWinner(out.stdout, winner)
		return nil
	}
	text, err := winner.Render(c.Format)
	if err != nil {
		return err
	}
	w, end := out.raw(false)
	defer end()
	if c.Format == board.FormatJSON || c.Format == board.FormatYAML {
		w = out.stdout // both have escapes for what is not printed
	}
	_, err = io.WriteString(w, text)
	return err
}
