package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type gcCmd struct {
	OlderThan string `name:"older-than" required:"" placeholder:"AGE" help:"That ended so long ago: 30d, 12h, 45m."`
	Dry       bool   `name:"dry-run" help:"Say what would be deleted, and delete nothing."`
	JSON      bool   `help:"Print one JSON object a sweep or run."`
	liveFlags
}

func (c *gcCmd) Help() string {
	return "Deletes everything of sweeps that ended long ago, as rm does, and runs of workflows that did: with " +
		"--server that server's, with what " +
		"their steps have left in the results, else those of the results' folder that no server has."
}

func (c *gcCmd) Run(ctx context.Context, out *output) error {
	limit, err := parseAge(c.OlderThan)
	if err != nil {
		return usage(fmt.Errorf("--older-than %s: %w", c.OlderThan, err))
	}
	if other, ok := c.elsewhere(); ok && resultsAt(c.Results) != nil {
		return usage(fmt.Errorf("there is no folder %s here; --server %s deletes what the server at %s has, "+
			"--results PLACE what lies elsewhere", c.Results, ownAddress, other.Server))
	}
	var left undeleted
	who, err := c.caller(ctx)
	if err != nil {
		return err
	}
	runs, err := c.runs(ctx, out, time.Now().Add(-limit), who, &left) // first: sweeps of their steps go with them
	if err != nil {
		return err
	}
	all, err := c.sweeps(ctx, out, url.Values{"archived": {"true"}})
	if err != nil {
		return err
	}
	none := len(runs) == 0
	for _, s := range all {
		ended, err := time.Parse(time.RFC3339Nano, s.Finished)
		if err != nil || time.Since(ended) < limit {
			continue
		}
		if c.Dry && slices.ContainsFunc(runs, func(r api.WorkflowRun) bool { return stepOf(r, s) }) {
			continue
		}
		none = false
		if refused := mayDelete(who, "sweep", s.Owner); c.Dry && refused != nil {
			left = append(left, refused)
		} else if c.Dry {
			err = printRemoved(out, removed{Sweep: s.ID, Dry: true}, c.JSON)
		} else {
			err = left.keep(c.remove(ctx, out, s, false, c.JSON))
		}
		if err != nil {
			return err
		}
	}
	if err := left.tell(out); err != nil {
		return err
	}
	if none && !c.JSON {
		fmt.Fprintf(out.stderr, "kaon: no sweep or run of a workflow ended more than %s ago\n", c.OlderThan)
	}
	return nil
}

// stepOf tells whether a sweep is a step of a run, which goes with the run.
func stepOf(r api.WorkflowRun, s api.Sweep) bool {
	return workflows.IsStep(r.Run, s.ID) && r.Owner == s.Owner
}

// caller is who the server takes this for, that a dry run says what it would refuse. Without a server, this user may
// delete everything.
func (c *gcCmd) caller(ctx context.Context) (who access.Caller, err error) {
	if c.Server == "" || !c.Dry {
		return access.Caller{Role: access.Admin}, nil
	}
	from, err := (serverFlags{c.Server}).client(ctx)
	if err != nil {
		return who, err
	}
	me, err := from.WhoAmI(ctx)
	return access.Caller{Name: me.Name, Role: me.Role}, answered(err)
}

// mayDelete is what the server would answer to who deletes what is somebody's; nil: it would be done.
func mayDelete(who access.Caller, what, owner string) error {
	err := who.MayChange(what, owner)
	if refusal := access.Check(who, access.Submitter, nil); who.Name != "" && refusal != nil {
		err = refusal
	}
	if err == nil {
		return nil
	}
	refused := new(client.Error)
	refused.Status, refused.Detail = http.StatusForbidden, err.Error()
	return refused
}

// undeleted is what gc could not delete while it went on with others: what is somebody else's, or was deleted or gone
// on with meanwhile, and what the results did not let go.
type undeleted []error

// keep takes the error of one that stays; others are handed back, as of a server that is not there, does not know who
// asks, or asks for patience.
func (u *undeleted) keep(err error) error {
	stays := errors.Is(err, fs.ErrPermission)
	if answer := (*client.Error)(nil); errors.As(err, &answer) {
		switch answer.Status {
		case http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
			stays = true
		default:
			stays = answer.Status >= http.StatusInternalServerError
		}
	}
	if !stays {
		return err
	}
	*u = append(*u, err)
	return nil
}

// tell says what stays. The error is of what should have gone.
func (u undeleted) tell(out *output) (failed error) {
	const shown = 10
	for i, err := range u {
		var answer *client.Error
		switch {
		case failed == nil && !(errors.As(err, &answer) && answer.Status < http.StatusInternalServerError):
			failed = answered(err)
		case i < shown:
			fmt.Fprintf(out.stderr, "kaon: stays: %v\n", err)
		}
	}
	if more := len(u) - shown; more > 0 {
		fmt.Fprintf(out.stderr, "kaon: and %d more stay\n", more)
	}
	return failed
}

// runs deletes runs of workflows that ended before a time, and says which.
func (c *gcCmd) runs(
	ctx context.Context, out *output, before time.Time, who access.Caller, left *undeleted,
) (gone []api.WorkflowRun, err error) {
	if c.Server == "" {
		return c.runsHere(out, before)
	}
	from, err := (serverFlags{c.Server}).client(ctx)
	if err != nil {
		return nil, err
	}
	all, err := from.WorkflowRuns(ctx, nil)
	if err != nil {
		return nil, answered(err)
	}
	for _, r := range all {
		if r.Live || !r.State.Ended() || !time.UnixMilli(r.Ended).Before(before) {
			continue
		}
		one := removed{Run: r.Run, Dry: c.Dry}
		if refused := mayDelete(who, "run", r.Owner); c.Dry && refused != nil {
			*left = append(*left, refused)
			continue
		}
		if !c.Dry {
			d, err := from.DeleteWorkflow(ctx, r.Run)
			if err != nil {
				if err := left.keep(err); err != nil {
					return gone, answered(err)
				}
				continue
			}
			one.Objects, one.Bytes = d.Objects, d.Bytes
		}
		gone = append(gone, r)
		if err := printRemoved(out, one, c.JSON); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// runsHere is runs of those that no server has.
func (c *gcCmd) runsHere(out *output, before time.Time) (gone []api.WorkflowRun, err error) {
	folder := localRuns{&workFlags{Results: c.Results, State: c.State}}.folder()
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, unreachable(err)
	}
	parents, names := map[string]string{}, []string{}
	for _, e := range entries {
		// else it never began, or kaon workflow list says what is wrong
		if h, err := run.ReadHeader(folder, e.Name()); err == nil {
			parents[e.Name()] = h.Parent
			names = append(names, e.Name())
		}
	}
	steps := map[string][]string{} // by the run that they are of
	for _, id := range names {
		root := id
		for range len(names) {
			above := parents[root]
			if _, known := parents[above]; !known {
				break
			}
			root = above
		}
		if root != id {
			steps[root] = append(steps[root], id)
		}
	}
	for _, id := range names {
		if parents[id] != "" {
			continue
		}
		r, err := run.Read(folder, id, false)
		if err != nil || r.Live || !r.View.State.Ended() || !time.UnixMilli(r.View.Ended).Before(before) {
			continue
		}
		if !c.Dry {
			err = run.Remove(folder, id, steps[id])
			if errors.Is(err, run.ErrLocked) || errors.Is(err, run.ErrNotEnded) { // it goes on again
				continue
			}
		}
		if err == nil {
			gone = append(gone, api.WorkflowRun{Run: id}) // what its steps have left in the results goes by itself
			err = printRemoved(out, removed{Run: id, Dry: c.Dry}, c.JSON)
		}
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
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
