package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/api"
)

type rmCmd struct {
	Sweep []string `arg:"" help:"Sweeps that have ended."`
	Force bool     `help:"Interrupted sweeps, too: they can then not go on."`
	JSON  bool     `help:"Print one JSON object a sweep."`
	liveFlags
}

func (c *rmCmd) Help() string {
	return "Deletes everything of a sweep: records, artifacts and logs in the results, journal and sandboxes on this machine."
}

// removed is what `kaon rm --json` and `kaon gc --json` print of each sweep: a contract for scripts.
type removed struct {
	Sweep   string `json:"sweep"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"` // of those
	Dry     bool   `json:"dry_run,omitempty"`
}

func (c *rmCmd) Run(ctx context.Context, out *output) error {
	all, err := c.sweeps(ctx, url.Values{"archived": {"true"}})
	if err != nil {
		return err
	}
	for _, text := range c.Sweep {
		id, err := pick(all, text)
		if err != nil {
			return usage(err)
		}
		if err := c.remove(ctx, out, sweepNamed(all, id), c.Force, c.JSON); err != nil {
			return err
		}
	}
	return nil
}

func sweepNamed(all []api.Sweep, id string) api.Sweep {
	for _, s := range all {
		if s.ID == id {
			return s
		}
	}
	return api.Sweep{ID: id}
}

type gcCmd struct {
	OlderThan string `name:"older-than" required:"" placeholder:"AGE" help:"That ended so long ago: 30d, 12h, 45m."`
	Dry       bool   `name:"dry-run" help:"Say what would be deleted, and delete nothing."`
	JSON      bool   `help:"Print one JSON object a sweep."`
	liveFlags
}

func (c *gcCmd) Help() string {
	return "Deletes everything of sweeps that ended long ago, as rm does."
}

func (c *gcCmd) Run(ctx context.Context, out *output) error {
	limit, err := parseAge(c.OlderThan)
	if err != nil {
		return usage(fmt.Errorf("--older-than %s: %w", c.OlderThan, err))
	}
	all, err := c.sweeps(ctx, url.Values{"archived": {"true"}})
	if err != nil {
		return err
	}
	none := true
	for _, s := range all {
		ended, err := time.Parse(time.RFC3339Nano, s.Finished)
		if err != nil || time.Since(ended) < limit {
			continue
		}
		none = false
		if c.Dry {
			err = printRemoved(out, removed{Sweep: s.ID, Dry: true}, c.JSON)
		} else {
			err = c.remove(ctx, out, s, false, c.JSON)
		}
		if err != nil {
			return err
		}
	}
	if none && !c.JSON {
		fmt.Fprintf(out.stderr, "kaon: no sweep ended more than %s ago\n", c.OlderThan)
	}
	return nil
}

// parseAge reads a duration that may be in days.
func parseAge(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		const most = 36_500 // far more would be a negative time, and everything old enough
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > most {
			return 0, fmt.Errorf("want a number of days up to %d, as in 30d", most)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("want a time, as in 30d, 12h or 45m")
	}
	return d, nil
}

// remove deletes one sweep: by the server that has it, else here.
func (f liveFlags) remove(ctx context.Context, out *output, s api.Sweep, force, asJSON bool) error {
	if f.Server != "" {
		from, err := (serverFlags{f.Server}).client(ctx)
		if err != nil {
			return err
		}
		d, err := from.Delete(ctx, s.ID)
		if err != nil {
			return answered(err)
		}
		return printRemoved(out, removed{Sweep: s.ID, Objects: d.Objects, Bytes: d.Bytes}, asJSON)
	}
	if served, ok := f.server(s.ID); ok {
		f.Server = served
		return f.remove(ctx, out, s, force, asJSON)
	}
	switch _, running := f.controlOf(s.ID).now(ctx, s.ID); {
	case running:
		return usage(fmt.Errorf("sweep %s runs: end it with: kaon stop %s", s.ID, s.ID))
	case s.Finished == "" && !force:
		return usage(fmt.Errorf("sweep %s was interrupted and could go on; --force deletes it all the same", s.ID))
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return err
	}
	state := server.StateFolder(f.Results, f.State, s.ID)
	if err := server.RemoveState(state, s.ID); err != nil {
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
	switch {
	case asJSON:
		return json.NewEncoder(out.stdout).Encode(r)
	case r.Dry:
		_, err = fmt.Fprintf(out.stdout, "%s would be deleted\n", r.Sweep)
	default:
		_, err = fmt.Fprintf(out.stdout, "%s is deleted: %s, %s\n", r.Sweep, plural(r.Objects, "object"), server.Bytes(r.Bytes))
	}
	return err
}
