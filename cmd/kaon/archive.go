package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
)

type archiveCmd struct {
	Sweep []string `arg:"" help:"Sweeps that have ended."`
	archiveFlags
}

func (c *archiveCmd) Help() string {
	return "Has `kaon list` leave sweeps out, unless it is asked for them by --archived; all else of them stays. " +
		"`kaon unarchive` takes them back."
}

func (c *archiveCmd) Run(ctx context.Context, out *output) error {
	return c.set(ctx, out, c.Sweep, true)
}

type unarchiveCmd struct {
	Sweep []string `arg:"" help:"Sweeps that were archived."`
	archiveFlags
}

func (c *unarchiveCmd) Run(ctx context.Context, out *output) error {
	return c.set(ctx, out, c.Sweep, false)
}

type archiveFlags struct {
	JSON bool `help:"Print one JSON object a sweep."`
	liveFlags
}

// set archives sweeps, or takes them back.
func (f *archiveFlags) set(ctx context.Context, out *output, sweeps []string, archived bool) error {
	known := map[string][]api.Sweep{}
	for _, text := range sweeps {
		one := f.liveFlags
		all, err := one.decide(ctx, out, text, known)
		if err != nil {
			return err
		}
		id, err := pick(all, text)
		if err != nil {
			return usage(err)
		}
		if err := one.archive(ctx, sweepNamed(all, id), archived); err != nil {
			return err
		}
		word := "archive"
		if !archived {
			word = "unarchive"
		}
		if f.JSON {
			err = json.NewEncoder(out.stdout).Encode(sent{Sweep: id, Done: word})
		} else {
			_, err = fmt.Fprintf(out.stdout, "%s is %sd\n", id, word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// archive changes one sweep: by the server that has it, else here.
func (f liveFlags) archive(ctx context.Context, s api.Sweep, archived bool) error {
	address := f.Server
	if address == "" {
		address, _ = f.server(s.ID)
	}
	if address != "" {
		to, err := (serverFlags{address}).client(ctx)
		if err != nil {
			return err
		}
		_, err = to.Archive(ctx, s.ID, archived)
		return answered(err)
	}
	if archived && s.Finished == "" {
		return usage(fmt.Errorf("sweep %s has not ended: only what has is archived", s.ID))
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return err
	}
	return server.ArchiveResults(ctx, bucket, s.ID, archived)
}
