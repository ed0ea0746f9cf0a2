package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/control"
)

// controlFlags say where the run is that a command speaks to.
type controlFlags struct {
	State string `placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	resultsFlags
}

// socket is where the process that runs a sweep listens.
func (f controlFlags) socket(id string) string {
	return filepath.Join((&workFlags{Results: f.Results, State: f.State}).state(id), controlFile)
}

// reach finds the sweep, the newest when id is empty, and the way to the process that runs it.
func (f controlFlags) reach(ctx context.Context, id string) (source, *control.Client, error) {
	src, err := f.open(ctx, id)
	if err != nil {
		return source{}, nil, err
	}
	return src, control.NewClient(f.socket(src.id)), nil
}

// explainControl says what to do when a command did not arrive.
func (f controlFlags) explainControl(ctx context.Context, src source, err error) error {
	var refused *control.Refusal
	switch {
	case errors.As(err, &refused) && refused.Code != http.StatusServiceUnavailable:
		return usage(refused)
	case !errors.Is(err, control.ErrNobody):
		return unreachable(err)
	}
	known, readErr := results.ReadSweep(ctx, src.bucket, src.id)
	if readErr != nil {
		return src.explain(ctx, readErr)
	}
	if known.Finished != "" {
		return usage(fmt.Errorf("sweep %s has ended: %s", src.id, known.State))
	}
	return unreachable(fmt.Errorf("no process on this machine runs sweep %s (nobody listens on %s): "+
		"was it started with another --results or --state, or interrupted (kaon run --resume %s)?", src.id, f.socket(src.id), src.id))
}

// send reaches the process that runs a sweep and says one thing to it.
func (f controlFlags) send(ctx context.Context, id string, say func(*control.Client, string) error) (string, error) {
	src, client, err := f.reach(ctx, id)
	if err != nil {
		return "", err
	}
	if err := say(client, src.id); err != nil {
		return "", f.explainControl(ctx, src, err)
	}
	return src.id, nil
}

type stopCmd struct {
	Target string `arg:"" name:"sweep[/trial]" help:"Sweep, or SWEEP/TRIAL for one trial."`
	Reason string `placeholder:"TEXT" help:"Said in the record instead of \"stopped by the user\"."`
	controlFlags
}

// Run asks for a graceful end: trials get {\"stop\": true}, SIGTERM, and their grace period.
func (c *stopCmd) Run(ctx context.Context, out *output) error {
	if !strings.Contains(c.Target, "/") {
		id, err := c.send(ctx, c.Target, func(client *control.Client, id string) error { return client.Stop(ctx, id, c.Reason) })
		if err == nil {
			fmt.Fprintf(out.stdout, "%s is ending: running trials have their grace period\n", id)
		}
		return err
	}
	target, trial, err := parseTrial(c.Target)
	if err != nil {
		return err
	}
	id, err := c.send(ctx, target, func(client *control.Client, id string) error { return client.StopTrial(ctx, id, trial, c.Reason) })
	if err == nil {
		fmt.Fprintf(out.stdout, "%s of %s is ending\n", named(trial), id)
	}
	return err
}

type pauseCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	controlFlags
}

func (c *pauseCmd) Run(ctx context.Context, out *output) error {
	id, err := c.send(ctx, c.Sweep, func(client *control.Client, id string) error { return client.Pause(ctx, id) })
	if err == nil {
		fmt.Fprintf(out.stdout, "%s is paused: running trials finish, no more start until `kaon resume %s`\n", id, id)
	}
	return err
}

type resumeCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	controlFlags
}

func (c *resumeCmd) Run(ctx context.Context, out *output) error {
	id, err := c.send(ctx, c.Sweep, func(client *control.Client, id string) error { return client.Resume(ctx, id) })
	if err == nil {
		fmt.Fprintf(out.stdout, "%s goes on\n", id)
	}
	return err
}

type messageCmd struct {
	Trial string `arg:"" help:"${trial}"`
	Body  string `arg:"" name:"json" help:"Any JSON value, as in '{\"checkpoint\": true}'."`
	controlFlags
}

func (c *messageCmd) Run(ctx context.Context, out *output) error {
	target, trial, err := parseTrial(c.Trial)
	if err != nil {
		return err
	}
	if !json.Valid([]byte(c.Body)) {
		return usage(fmt.Errorf("the message %.80q is not JSON: write it as in '{\"checkpoint\": true}', or a text as '\"text\"'", c.Body))
	}
	id, err := c.send(ctx, target, func(client *control.Client, id string) error {
		return client.Message(ctx, id, trial, json.RawMessage(c.Body))
	})
	if err == nil {
		fmt.Fprintf(out.stdout, "sent to %s of %s\n", named(trial), id)
	}
	return err
}

type statusCmd struct {
	Sweep string `arg:"" optional:"" help:"Sweep; the newest when left out."`
	JSON  bool   `help:"Print one JSON object."`
	controlFlags
}

// status is what `kaon status --json` prints: a contract for scripts.
type status struct {
	control.Sweep
	Live    bool              `json:"live"` // false: no process of this machine runs it, and the counts are the bucket's
	Running []control.Running `json:"running"`
}

func (c *statusCmd) Run(ctx context.Context, out *output) error {
	src, client, err := c.reach(ctx, c.Sweep)
	if err != nil {
		return err
	}
	live, err := client.Status(ctx)
	var s status
	switch {
	case errors.Is(err, control.ErrNobody):
		if s, err = stored(ctx, src, out); err != nil {
			return err
		}
	case err != nil:
		return c.explainControl(ctx, src, err)
	default:
		s = status{Live: true, Running: live.Running}
		for _, sweep := range live.Sweeps {
			if sweep.Sweep == src.id {
				s.Sweep = sweep
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(out.stdout).Encode(s)
	}
	return printStatus(out.stdout, s)
}

// stored is how a sweep stands by what is in its bucket.
func stored(ctx context.Context, src source, out *output) (status, error) {
	board, err := src.board(ctx, out)
	if err != nil {
		return status{}, err
	}
	known, err := results.ReadSweep(ctx, src.bucket, src.id)
	if err != nil {
		return status{}, src.explain(ctx, err)
	}
	n := board.Counts()
	s := status{Running: []control.Running{}, Sweep: control.Sweep{Sweep: src.id, State: known.State, Submitted: known.Created,
		Trials: scheduler.Counts{Total: n.Total, Waiting: n.Waiting, Running: n.Running,
			Succeeded: n.Succeeded, Failed: n.Failed, Stopped: n.Stopped, Cached: n.Cached}}}
	if known.Finished == "" {
		s.State = "interrupted"
	}
	if known.Then != nil && known.Then.Sweep == "" {
		s.Then = board.Step().State
	}
	if best, ok := board.Best(); ok {
		s.Best = &control.Best{Trial: best.Trial, Value: best.Value}
	}
	return s, nil
}

// shownTrials is how many running trials `kaon status` names to people; --json has all.
const shownTrials = 20

func printStatus(w io.Writer, s status) error {
	state := s.State
	if s.Paused {
		state += ", paused"
	}
	fmt.Fprintf(w, "%s: %s\n", s.Sweep.Sweep, state)
	if s.Sentence != "" {
		fmt.Fprintln(w, s.Sentence)
	}
	n := s.Trials
	fmt.Fprintf(w, "%d trials: %d waiting, %d running, %d succeeded, %d failed, %d stopped\n",
		n.Total, n.Waiting, n.Launched+n.Running, n.Succeeded, n.Failed, n.Stopped)
	if s.Waiting != "" {
		fmt.Fprintln(w, s.Waiting)
	}
	if s.Then != "" {
		fmt.Fprintf(w, "then: %s\n", s.Then)
	}
	if s.Best != nil {
		fmt.Fprintf(w, "best: %v (trial %d)\n", s.Best.Value, s.Best.Trial)
	}
	if len(s.Running) == 0 {
		return nil
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "\nTRIAL\tSTATE\tPROGRESS\tHOST")
	for _, r := range s.Running[:min(len(s.Running), shownTrials)] {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", label(r.Trial), r.State, percent(r.Percent), r.Host)
	}
	if more := len(s.Running) - shownTrials; more > 0 {
		fmt.Fprintf(tab, "… and %d more\n", more)
	}
	return tab.Flush()
}

func percent(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", *p)
}

// liveWait bounds how long a command about results waits for a run to say how far its trials are.
const liveWait = time.Second

// waiting is why trials of a sweep wait, in the words of who runs it on this machine; empty when nobody does, or
// nothing keeps them.
func (f controlFlags) waiting(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	s, err := control.NewClient(f.socket(id)).Status(ctx)
	if err != nil {
		return ""
	}
	for _, sweep := range s.Sweeps {
		if sweep.Sweep == id && sweep.Waiting != "" {
			return ": " + sweep.Waiting
		}
	}
	return ""
}

// alive is the running attempts of a sweep; none when nobody on this machine runs it.
func (f controlFlags) alive(ctx context.Context, id string) []control.Running {
	ctx, cancel := context.WithTimeout(ctx, liveWait)
	defer cancel()
	s, err := control.NewClient(f.socket(id)).Status(ctx)
	if err != nil {
		return nil // the results alone are an answer too
	}
	return slices.DeleteFunc(s.Running, func(r control.Running) bool { return r.Sweep != id })
}
