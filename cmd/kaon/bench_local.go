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
	Trials int  `default:"1000" help:"How many times true is run (${default})."`
	Rounds int  `default:"5" help:"Rounds of kaon and xargs in turns (${default})."`
	JSON   bool `help:"Print JSON."`
}

func (c *benchLocalCmd) Run(ctx context.Context, out *output) error {
	if c.Trials < 1 || c.Rounds < 1 {
		return usage(errors.New("--trials and --rounds: want at least 1"))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	return scratch(func(folder string) error {
		r, err := bench.Local(ctx, bench.LocalConfig{Kaon: self, Trials: c.Trials, Rounds: c.Rounds, Scratch: folder})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(out.stdout).Encode(r)
		}
		for i := range r.Kaon {
			fmt.Fprintf(out.stdout, "round %d: kaon run %.2f s (cpu %.2f s), xargs -P2 %.2f s (cpu %.2f s)\n", i+1, r.Kaon[i], r.KaonCPU[i], r.Xargs[i], r.XargsCPU[i])
		}
		_, err = fmt.Fprintf(out.stdout, "%d × true: %.2f times as long as xargs by the medians, %.2f by the best rounds; %.2f times the cpu\n", r.Trials, r.Ratio, r.Best, r.CPU)
		return err
	})
}
