package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/kaon-sweep/kaon/bench"
)

type benchLocalCmd struct {
	Trials int      `default:"1000" help:"How many times true is run (${default})."`
	Few    int      `default:"40" help:"How many times by peers that take a second for each (${default})."`
	Rounds int      `default:"5" help:"Rounds of all programs in turns (${default})."`
	Only   []string `placeholder:"NAME" help:"Only this peer beside kaon: xargs, parallel, hyperqueue or ray; may be repeated."`
	peerFlags
	JSON bool `help:"Print JSON."`
}

func (c *benchLocalCmd) Run(ctx context.Context, out *output) error {
	if c.Trials < 1 || c.Rounds < 1 || c.Few < 1 {
		return usage(errors.New("--trials, --few and --rounds: want at least 1"))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	python, err := c.python(ctx, out)
	if err != nil {
		return err
	}
	return scratch(func(folder string) error {
		r, err := bench.Local(ctx, bench.LocalConfig{
			Kaon: self, Version: versionString(), Trials: c.Trials, Few: c.Few, Rounds: c.Rounds, Scratch: folder,
			Python: python, Only: c.Only,
		})
		if errors.Is(err, bench.ErrUnknownPeer) {
			return usage(err)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(out.stdout).Encode(r)
		}
		return r.WriteText(out.stdout)
	})
}
