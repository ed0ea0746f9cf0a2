package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/foreign"
)

type importCmd struct {
	File string `arg:"" help:"Experiment of another tool; - reads it from standard input. With --hydra, a program."`
	hydraFlag
	foreignFlags
	JSON bool `help:"Print JSON: the tool, the sweep file as a text, and what was left out; problems too."`
}

// imported is a sweep file that came of another tool's. Fields may be added, not renamed.
type imported struct {
	Tool string         `json:"tool"`
	Spec string         `json:"spec"`
	Left []*sweep.Error `json:"left"` // what was left out
}

func (c *importCmd) Run(ctx context.Context, out *output) error {
	if c.Hydra != "" {
		return c.ofHydra(out)
	}
	from, err := c.read(ctx)
	if c.JSON {
		var problems sweep.Errors
		if errors.As(err, &problems) {
			if err := json.NewEncoder(out.stdout).Encode(map[string]any{"errors": problems}); err != nil {
				return err
			}
			return silently(exitUsage)
		}
	}
	if err != nil {
		return usage(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(imported{from.Tool, string(from.Text),
			append([]*sweep.Error{}, from.Left...)})
	}
	tellLeft(out, from.Left)
	_, err = out.stdout.Write(from.Text)
	return err
}

// ofHydra prints what --hydra makes of a program.
func (c *importCmd) ofHydra(out *output) error {
	text, left, err := c.hydraFlag.spec(c.File, c.Lenient)
	if err == nil {
		_, err = sweep.Parse(c.File, text, state.WithFilesBeside("."), sweep.WithEnvironment(os.LookupEnv))
	}
	if err != nil {
		return usage(err)
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(imported{"Hydra", string(text), append([]*sweep.Error{}, left...)})
	}
	tellLeft(out, left)
	_, err = out.stdout.Write(text)
	return err
}

// tellLeft warns of what was left out.
func tellLeft(out *output, left []*sweep.Error) {
	for _, e := range left {
		fmt.Fprintf(out.stderr, "kaon: warning: %s:%d:%d: %s: %s\n", e.File, e.Line, e.Column, e.Field, e.Problem)
	}
}

// read translates the file, and checks what came of it.
func (c *importCmd) read(ctx context.Context) (*foreign.Translation, error) {
	src, err := readSpec(ctx, c.File)
	if err != nil {
		return nil, err
	}
	from, err := c.translate(c.File, src, nil)
	if err != nil {
		return nil, err
	}
	if from == nil {
		return nil, fmt.Errorf("%s is no experiment of Katib, NNI, Determined or Guild AI, and no space of Optuna "+
			"or Ray Tune; `kaon plan %s` reads it as a sweep file", c.File, c.File)
	}
	if _, err := sweep.Parse(c.File, from.Text, state.WithFilesBeside(c.File),
		sweep.WithEnvironment(os.LookupEnv)); err != nil {
		return nil, from.Relocate(err)
	}
	return from, nil
}

// readSpec reads a file whole, or standard input.
func readSpec(ctx context.Context, name string) (src []byte, err error) {
	if src, err = readNamed(ctx, name); err != nil {
		return nil, fmt.Errorf("read spec: %w", err)
	}
	return src, nil
}
