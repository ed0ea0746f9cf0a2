package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/sweep"
)

type listCmd struct {
	State    []string `enum:"running,ending,selecting,following,succeeded,failed,stopped,interrupted" placeholder:"STATE" help:"Only in these states: running (all that have not ended), ending, selecting, following, succeeded, failed, stopped, interrupted."`
	Label    []string `sep:"none" placeholder:"WORD" help:"Only with all of these labels."`
	Owner    string   `placeholder:"NAME" help:"Only of this submitter."`
	Queue    string   `placeholder:"QUEUE" help:"Only in this queue, and those below it."`
	Text     string   `placeholder:"TEXT" help:"Only with this in id, name, owner or labels."`
	Archived bool     `help:"Those that are archived, too."`
	Limit    int      `default:"50" placeholder:"N" help:"At most so many; 0 for all (${default})."`
	JSON     bool     `help:"Print one JSON object a line."`

	Folder string `name:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run with --state."`
	resultsFlags
}

func (c *listCmd) Run(ctx context.Context, out *output) error {
	from := liveFlags{State: c.Folder, resultsFlags: c.resultsFlags}
	all, err := from.everySweep(ctx, out, url.Values{"state": c.State, "label": c.Label, "owner": {c.Owner},
		"queue": {c.Queue}, "text": {c.Text}, "archived": trueOr(c.Archived)})
	if err != nil {
		return err
	}
	more := 0
	if c.Limit > 0 && len(all) > c.Limit {
		all, more = all[:c.Limit], len(all)-c.Limit
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		for _, s := range all {
			if err := enc.Encode(s); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintln(out.stderr, "kaon: no such sweep")
		return nil
	}
	if err := printSweeps(out.stdout, all, time.Now()); err != nil {
		return err
	}
	if more > 0 {
		fmt.Fprintf(out.stdout, "… and %d more; --limit 0 shows all\n", more)
	}
	return nil
}

// trueOr is a query's value for what is true, and none otherwise.
func trueOr(set bool) []string {
	if set {
		return []string{"true"}
	}
	return nil
}

// sweeps are those of a server, or of the results on this machine with what runs of it.
func (f liveFlags) sweeps(ctx context.Context, out *output, query url.Values) ([]api.Sweep, error) {
	for key, values := range query {
		if len(values) == 0 || values[0] == "" {
			query.Del(key)
		}
	}
	if f.Server != "" {
		from, err := (serverFlags{f.Server}).client(ctx)
		if err != nil {
			return nil, err
		}
		all, err := from.Sweeps(ctx, query)
		return all, answered(err)
	}
	if err := resultsAt(f.Results); err != nil {
		return nil, err
	}
	bucket, err := openBucket(ctx, f.Results, nil)
	if err != nil {
		return nil, err
	}
	all, damaged, err := api.Stored(ctx, bucket)
	if err != nil {
		return nil, unreachable(err)
	}
	for _, d := range damaged {
		if out == nil { // on a screen there is no room for it
			break
		}
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", d)
	}
	for i := range all {
		f.live(ctx, &all[i])
	}
	return api.Filter(all, query), nil
}

// decide has flags look where a sweep that is to be changed is, here or elsewhere, and lists what there is, which it
// adds to what is known.
func (f *liveFlags) decide(
	ctx context.Context, out *output, text string, known map[string][]api.Sweep,
) (all []api.Sweep, err error) {
	f.Changes = true
	if f.resultsFlags, err = f.decided(ctx, out, text); err != nil {
		return nil, err
	}
	if all, ok := known[f.Server]; ok {
		return all, nil
	}
	all, err = f.sweeps(ctx, out, url.Values{"archived": {"true"}})
	if err == nil {
		known[f.Server] = all
	}
	return all, err
}

// everySweep are the sweeps of a list, with those of this user's server where nothing says which are meant, the newest
// first.
func (f liveFlags) everySweep(ctx context.Context, out *output, query url.Values) ([]api.Sweep, error) {
	other, ok := f.elsewhere()
	if !ok {
		return f.sweeps(ctx, out, query)
	}
	f.Anywhere = false
	there := f
	there.Server = other.Server
	if resultsAt(f.Results) != nil {
		return there.sweeps(ctx, out, query)
	}
	asking, cancel := context.WithTimeout(ctx, otherWait)
	defer cancel()
	all, err := there.sweeps(asking, out, query)
	if err != nil {
		out.leftOut(other, asking, err)
	}
	here, err := f.sweeps(ctx, out, query)
	if err != nil {
		return nil, err
	}
	for _, s := range here {
		all = slices.DeleteFunc(all, func(t api.Sweep) bool { return t.ID == s.ID }) // a copy of results: here counts
	}
	all = append(here, all...)
	slices.SortStableFunc(all, func(a, b api.Sweep) int { return strings.Compare(b.Created, a.Created) })
	return all, nil
}

// live completes a sweep that a process of this machine runs.
func (f liveFlags) live(ctx context.Context, s *api.Sweep) {
	if s.Finished != "" {
		return
	}
	now, ok := f.controlOf(s.ID).now(ctx, s.ID)
	if !ok {
		return
	}
	s.State, s.Paused, s.Sentence, s.Trials, s.Waiting = now.State, now.Paused, now.Sentence, now.Trials, now.Waiting
	s.Staged, s.EarlyStopped = now.Staged, now.EarlyStopped
	if now.Best != nil {
		s.Best = &api.Best{Trial: now.Best.Trial, Value: now.Best.Value}
	}
}

func printSweeps(w io.Writer, all []api.Sweep, now time.Time) error {
	var tab table
	tab.keep = []int{0, 1}
	tab.row("SWEEP", "STATE", "DONE", "FAILED", "BEST", "OWNER", "AGE", "LABELS")
	for _, s := range all {
		n, state := s.Trials, s.State
		if s.Paused {
			state += ", paused"
		}
		if s.Damaged != "" {
			state += ", damaged"
		}
		best := "-"
		if s.Best != nil {
			best = s.Metric + " " + formatValue(float64(s.Best.Value))
		}
		done, failed := fmt.Sprintf("%d/%d", n.Ended(), n.Total), strconv.Itoa(n.Failed)
		if s.State == sweep.Interrupted { // its records say it, which a list does not read
			done, failed = fmt.Sprintf("?/%d", n.Total), "?"
		}
		tab.row(s.ID, cell{state, s.State}, done, failed, best, s.Owner,
			age(s.Created, now), strings.Join(s.Labels, " "))
	}
	return printFitting(w, &tab, "kaon list --json")
}

// age is how long ago a time was, in its largest unit.
func age(created string, now time.Time) string {
	at, err := time.Parse(time.RFC3339Nano, created)
	if err != nil {
		return "-"
	}
	switch d := max(now.Sub(at), 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
}
