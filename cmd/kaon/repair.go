package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/repair"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

type repairCmd struct {
	Sweep string `arg:"" help:"Sweep whose journal or results are damaged or lost."`
	JSON  bool   `help:"Print one JSON object."`
	liveFlags
}

func (c *repairCmd) Help() string {
	return "The journal is rebuilt from the results, or what the results lack is written anew from the " +
		"journal. What was damaged is kept " +
		"under another name; nothing is deleted. It says what was brought back and what is lost. Afterwards the " +
		"sweep is looked at, resumed and retried as before."
}

func (c *repairCmd) Run(ctx context.Context, out *output) error {
	c.Changes = true
	src, err := c.open(ctx, out, c.Sweep)
	if err != nil {
		return err
	}
	if src.remote != nil {
		return usage(src.repairedThere())
	}
	if err := src.heardOf(ctx); err != nil {
		return err
	}
	m, err := repair.Sweep(ctx, src.bucket, src.id, src.stateFolder())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(m)
	}
	for _, part := range []struct {
		word  string
		lines []string
	}{{"brought back", m.Brought}, {"lost", m.Lost}, {"kept aside", m.Aside}} {
		for _, line := range part.lines {
			fmt.Fprintf(out.stdout, "%s: %s\n", part.word, line)
		}
	}
	if len(m.Brought)+len(m.Lost)+len(m.Aside) == 0 {
		fmt.Fprintf(out.stdout, "%s: journal and results are whole\n", src.id)
	}
	return nil
}

// repairedThere says how a sweep of a server is repaired: its journal and results are not reached through the server.
func (s source) repairedThere() error {
	results := "PLACE"
	for _, a := range ownServers() {
		if a.Server == s.place {
			results = shell.Quote(a.Results)
		}
	}
	return fmt.Errorf("sweep %[1]s is of the server at %[2]s, and is repaired where that has its files: on its "+
		"machine, with --results and --state as they were given to `kaon serve`, as in: kaon repair %[1]s "+
		"--results %[3]s", s.id, s.place, results)
}

// heardOf refuses a sweep of which there is nothing: neither sweep.json nor records nor a journal.
func (s source) heardOf(ctx context.Context) error {
	_, err := store.ReadSweep(ctx, s.bucket, s.id)
	if !errors.Is(err, bucket.ErrNotExist) {
		return nil // repair has its own errors
	}
	if there, lookErr := state.HasJournal(s.stateFolder()); there || lookErr != nil {
		return nil
	}
	if had, listErr := server.HasRecords(ctx, s.bucket, s.id); had || listErr != nil {
		return nil
	}
	return s.explain(ctx, err)
}
