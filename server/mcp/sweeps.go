package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// sweepArgs name a sweep.
type sweepArgs struct {
	Sweep string `json:"sweep,omitempty" jsonschema:"id of the sweep, the beginning of one, a label, or @latest; the newest when absent"`
}

// status is how a sweep stands, for an agent.
type status struct {
	Sweep    string         `json:"sweep"`
	State    string         `json:"state"`
	Paused   bool           `json:"paused,omitempty"`
	Why      string         `json:"why,omitempty"`
	Trials   map[string]int `json:"trials"` // by state, those that are not none
	Metric   string         `json:"metric,omitempty"`
	Goal     string         `json:"goal,omitempty"`
	Best     *best          `json:"best,omitempty"`
	Progress *float64       `json:"progress_percent,omitempty"`
	Waiting  string         `json:"waiting,omitempty"`
	Then     string         `json:"then,omitempty"`
	Owner    string         `json:"owner,omitempty"`
	Labels   []string       `json:"labels,omitempty"`
	Created  string         `json:"created,omitempty"`
	Finished string         `json:"finished,omitempty"`
}

type best struct {
	Trial int            `json:"trial"`
	Value results.Number `json:"value"`
}

func statusOf(s api.Sweep) status {
	n := s.Trials
	out := status{
		Sweep: s.ID, State: s.State, Paused: s.Paused, Why: short(s.Sentence, longest),
		Trials: map[string]int{"total": n.Total},
		Metric: s.Metric, Goal: s.Goal, Progress: s.Progress, Waiting: short(s.Waiting, longest), Then: s.Then,
		Owner:   s.Owner,
		Created: s.Created, Finished: s.Finished,
	}
	if len(s.Labels) > 0 {
		out.Labels = s.Labels[:min(len(s.Labels), mostMentioned)]
	}
	for state, k := range map[string]int{
		"waiting": n.Waiting, "launched": n.Launched, "running": n.Running, "succeeded": n.Succeeded,
		"failed": n.Failed, "stopped": n.Stopped, "cached": n.Cached,
	} {
		if k > 0 {
			out.Trials[state] = k
		}
	}
	if s.Best != nil {
		out.Best = &best{s.Best.Trial, s.Best.Value}
	}
	return out
}

func (t *tools) addSweeps(s *sdk.Server) {
	add(s, t, "list", "List sweeps", "Lists sweeps of the server, the newest first.", reads, list)
	add(s, t, "status", "Status of a sweep", "Says how a sweep stands: state, trials by state, the best so far, "+
		"why trials wait.", reads,
		func(ctx context.Context, to *client.Client, in sweepArgs) (any, error) {
			s, err := found(ctx, to, in.Sweep)
			return statusOf(s), err
		})
	add(s, t, "watch", "Wait for a sweep", "Waits until something of a sweep has changed since the mark of the "+
		"answer before, or it has ended, or the seconds are over; "+
		"then says how it stands.", reads, watch)
	add(s, t, "best", "Best trial", "The best trial of a sweep so far: its parameters, metrics and files.",
		reads, bestOf)
	add(s, t, "explain", "Explain a sweep", "Which parameters the metric depends on, alone and in pairs (fANOVA), "+
		"where the best trials lie, and how the best was come by. "+
		"Needs 20 trials with a value.", reads, explain)
	add(s, t, "compare", "Compare sweeps or trials", "Puts sweeps (each by its best trial) and trials "+
		"(as SWEEP/TRIAL) side by side: only the parameters and settings that differ, and the metrics.",
		reads, compareAll)
}

// found is a sweep by a name.
func found(ctx context.Context, to *client.Client, name string) (s api.Sweep, err error) {
	id, err := to.Resolve(ctx, name)
	if err != nil {
		return s, err
	}
	return to.Sweep(ctx, id)
}

type listArgs struct {
	State    string `json:"state,omitempty" jsonschema:"running (all that have not ended), succeeded, failed, stopped or interrupted"`
	Owner    string `json:"owner,omitempty" jsonschema:"only of this submitter"`
	Label    string `json:"label,omitempty" jsonschema:"only with this label"`
	Text     string `json:"text,omitempty" jsonschema:"only with this in id, name, owner or labels"`
	Archived bool   `json:"archived,omitempty" jsonschema:"archived ones, too"`
	Limit    int    `json:"limit,omitempty" jsonschema:"10 when absent, at most 50"`
}

func list(ctx context.Context, to *client.Client, in listArgs) (any, error) {
	limit := atMost(in.Limit, 10, 50)
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	for key, value := range map[string]string{"state": in.State, "owner": in.Owner, "label": in.Label,
		"text": in.Text} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if in.Archived {
		query.Set("archived", "true")
	}
	page, err := to.SweepPage(ctx, query)
	if err != nil {
		return nil, err
	}
	out := struct {
		Sweeps []status `json:"sweeps"`
		Total  int      `json:"total"`
		Left   string   `json:"left_out,omitempty"`
	}{Sweeps: []status{}, Total: page.Total}
	for _, s := range page.Items {
		out.Sweeps = append(out.Sweeps, statusOf(s))
	}
	if more := page.Total - len(page.Items); more > 0 {
		out.Left = fmt.Sprintf("%d older ones; narrow with state, owner, label or text, or raise limit", more)
	}
	return out, nil
}

type watchArgs struct {
	sweepArgs
	Seconds int    `json:"seconds,omitempty" jsonschema:"how long to wait at most, 30 when absent, at most 300"`
	Mark    string `json:"mark,omitempty" jsonschema:"mark of the answer before: what changed since then counts; absent: what changes from now on"`
	End     bool   `json:"until_end,omitempty" jsonschema:"wait for its end alone"`
}

// lookEvery is how often watch looks.
const lookEvery = 300 * time.Millisecond

func watch(ctx context.Context, to *client.Client, in watchArgs) (any, error) {
	s, err := found(ctx, to, in.Sweep)
	if err != nil {
		return nil, err
	}
	mark := in.Mark
	if mark == "" {
		mark = markOf(s)
	}
	over := time.NewTimer(time.Duration(atMost(in.Seconds, 30, 300)) * time.Second)
	defer over.Stop()
	for {
		ended := s.Over()
		waited := false
		if !ended && (in.End || markOf(s) == mark) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-over.C:
				waited = true
			case <-time.After(lookEvery):
			}
			now, err := to.Sweep(ctx, s.ID)
			if err != nil {
				return nil, err
			}
			if s = now; !waited {
				continue
			}
		}
		return struct {
			Changed bool   `json:"changed"`
			Ended   bool   `json:"ended"`
			Mark    string `json:"mark"`
			status
		}{markOf(s) != mark, s.Over(), markOf(s), statusOf(s)}, nil
	}
}

// markOf is another one when something has happened that an agent would want to hear of.
func markOf(s api.Sweep) string {
	n := s.Trials
	mark := fmt.Sprintf("%s.%d.%d.%d", s.State, n.Total, n.Ended(), n.Running)
	if s.Paused {
		mark += ".paused"
	}
	if s.Best != nil {
		mark += fmt.Sprintf(".%d", s.Best.Trial)
	}
	return mark
}

// mostFiles is how many files of a trial an answer names.
const mostFiles = 20

func bestOf(ctx context.Context, to *client.Client, in sweepArgs) (any, error) {
	s, err := found(ctx, to, in.Sweep)
	if err != nil {
		return nil, err
	}
	w, err := to.Winner(ctx, s.ID)
	var problem *client.Error
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound && s.Best == nil {
		return nil, fmt.Errorf("sweep %s (%s) has no best trial: none has succeeded with a finite %s yet",
			s.ID, s.State, s.Metric)
	}
	if err != nil {
		return nil, err
	}
	out := struct {
		Sweep   string                    `json:"sweep"`
		State   string                    `json:"state"`
		Trial   int                       `json:"trial"`
		Metric  string                    `json:"metric,omitempty"`
		Goal    string                    `json:"goal,omitempty"`
		Value   results.Number            `json:"value"`
		Params  any                       `json:"params"`
		Metrics map[string]results.Number `json:"metrics,omitempty"`
		Files   []string                  `json:"files,omitempty"`
		Left    string                    `json:"left_out,omitempty"`
	}{Sweep: s.ID, State: s.State, Trial: w.Trial, Metric: s.Metric, Goal: s.Goal, Value: w.Value,
		Params: shortJSON(w.Params, largestParams), Metrics: w.Metrics}
	for i, f := range w.Files {
		if i == mostFiles {
			out.Left = fmt.Sprintf("%d more files; kaon artifacts lists them", len(w.Files)-i)
			break
		}
		out.Files = append(out.Files, fmt.Sprintf("%s (%d bytes)", short(f.Name, longest), f.Size))
	}
	return out, nil
}

func explain(ctx context.Context, to *client.Client, in sweepArgs) (any, error) {
	const most = 10
	s, err := found(ctx, to, in.Sweep)
	if err != nil {
		return nil, err
	}
	r, err := to.Importance(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	left := max(len(r.Importance)-most, 0) + max(len(r.Interactions)-most, 0) + max(len(r.Region)-most, 0) +
		max(len(r.BestSoFar)-most, 0)
	r.Importance, r.Interactions = r.Importance[:min(len(r.Importance), most)],
		r.Interactions[:min(len(r.Interactions), most)]
	r.Region, r.BestSoFar = r.Region[:min(len(r.Region), most)], r.BestSoFar[max(len(r.BestSoFar)-most, 0):]
	for i := range r.Region {
		r.Region[i].Values = r.Region[i].Values[:min(len(r.Region[i].Values), most)]
	}
	out := struct {
		Sweep  string `json:"sweep"`
		Metric string `json:"metric"`
		api.Explanation
		Left string `json:"left_out,omitempty"`
	}{s.ID, s.Metric, r, ""}
	if left > 0 {
		out.Left = fmt.Sprintf("%d lines of little weight; kaon best %s --explain --json has all", left, s.ID)
	}
	return out, nil
}
