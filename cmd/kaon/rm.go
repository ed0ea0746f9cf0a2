package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/format"
	"github.com/kaon-sweep/kaon/server/state"
)

type rmCmd struct {
	Sweep []string `arg:"" help:"Sweeps that have ended."`
	Force bool     `help:"Interrupted sweeps, too: they can then not go on. And those whose sweep.json is damaged, if nobody runs them; on a server as an operator."`
	JSON  bool     `help:"Print one JSON object a sweep."`
	liveFlags
}

func (c *rmCmd) Help() string {
	return "Deletes everything of a sweep: records, artifacts and logs in the results, journal and sandboxes " +
		"on this machine."
}

// removed is what `kaon rm --json` and `kaon gc --json` print of each sweep, and of each run of a workflow: a contract
// for scripts.
type removed struct {
	Sweep   string `json:"sweep,omitempty"`
	Run     string `json:"run,omitempty"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"` // of those
	Dry     bool   `json:"dry_run,omitempty"`
}

func (c *rmCmd) Run(ctx context.Context, out *output) error {
	known := map[string][]api.Sweep{}
	for _, text := range c.Sweep {
		one := *c
		all, err := one.decide(ctx, out, text, known)
		if err != nil {
			return err
		}
		id, err := one.find(ctx, all, text)
		if err != nil {
			return err
		}
		if err := one.remove(ctx, out, sweepNamed(all, id), c.Force, c.JSON); err != nil {
			return err
		}
	}
	return nil
}

// find is the id of the sweep that a text names among those of a list and those whose sweep.json is damaged, so that
// no list has them. On a server they are asked for by their whole ids.
func (c *rmCmd) find(ctx context.Context, all []api.Sweep, text string) (string, error) {
	if slices.ContainsFunc(all, func(s api.Sweep) bool { return s.ID == text }) {
		return text, nil
	}
	if c.Server != "" {
		return c.findServed(ctx, all, text)
	}
	in, err := openBucket(ctx, c.Results, nil)
	if err != nil {
		return "", err
	}
	ids, err := store.Sweeps(ctx, in)
	if err != nil {
		return "", unreachable(err)
	}
	if slices.Contains(ids, text) {
		return text, nil
	}
	named := slices.Clone(all)
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(s api.Sweep) bool { return s.ID == id }) { // last: the newest is none of them
			named = append(named, api.Sweep{ID: id})
		}
	}
	id, err := pick(named, text)
	if err != nil {
		return "", usage(err)
	}
	return id, nil
}

func (c *rmCmd) findServed(ctx context.Context, all []api.Sweep, text string) (string, error) {
	id, wrong := pick(all, text)
	if wrong == nil && !c.Force {
		return id, nil
	}
	from, err := (serverFlags{c.Server}).client(ctx)
	if err != nil {
		return "", err
	}
	_, err = from.Sweep(ctx, text)
	if answer := (*client.Error)(nil); errors.As(err, &answer) && answer.Status == http.StatusConflict {
		return text, nil
	}
	if wrong == nil {
		wrong = fmt.Errorf("%q is sweep %s, or one whose sweep.json is damaged: with --force give the whole id", text,
			id)
	}
	return "", usage(wrong)
}

func sweepNamed(all []api.Sweep, id string) api.Sweep {
	for _, s := range all {
		if s.ID == id {
			return s
		}
	}
	return api.Sweep{ID: id}
}

// remove deletes one sweep: by the server that has it, else here.
func (f liveFlags) remove(ctx context.Context, out *output, s api.Sweep, force, asJSON bool) error {
	if f.Server != "" {
		from, err := (serverFlags{f.Server}).client(ctx)
		if err != nil {
			return err
		}
		del := from.Delete
		if force {
			del = from.DeleteDamaged
		}
		d, err := del(ctx, s.ID)
		if err != nil {
			return answered(err)
		}
		return printRemoved(out, removed{Sweep: s.ID, Objects: d.Objects, Bytes: d.Bytes}, asJSON)
	}
	if served, ok := f.server(s.ID); ok {
		f.Server = served
		return f.remove(ctx, out, s, force, asJSON)
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return err
	}
	_, damaged := store.ReadSweep(ctx, bucket, s.ID)
	switch _, running := f.controlOf(s.ID).now(ctx, s.ID); {
	case running:
		return usage(fmt.Errorf("sweep %s runs: end it with: kaon stop %s", s.ID, s.ID))
	case errors.Is(damaged, store.ErrDamaged) && !force:
		return unreachable(fmt.Errorf("nobody can tell whether sweep %s has ended: %w; where it ran, kaon repair "+
			"%s mends it; "+
			"--force deletes it all the same", s.ID, damaged, s.ID))
	case s.Finished == "" && !force:
		return usage(fmt.Errorf("sweep %s was interrupted and could go on; --force deletes it all the same", s.ID))
	}
	if err := state.Remove(state.Folder(f.Results, f.State, s.ID), s.ID); err != nil {
		return err
	}
	freed, err := server.DeleteResults(ctx, bucket, s.ID)
	if err != nil {
		return err
	}
	return printRemoved(out, removed{Sweep: s.ID, Objects: freed.Objects, Bytes: freed.Bytes}, asJSON)
}

func printRemoved(out *output, r removed, asJSON bool) error {
	var err error
	name := cmp.Or(r.Sweep, r.Run)
	switch {
	case asJSON:
		return json.NewEncoder(out.stdout).Encode(r)
	case r.Dry:
		_, err = fmt.Fprintf(out.stdout, "%s would be deleted\n", name)
	default:
		_, err = fmt.Fprintf(out.stdout, "%s is deleted: %s, %s\n", name, plural(r.Objects, "object"),
			format.Bytes(r.Bytes))
	}
	return err
}
