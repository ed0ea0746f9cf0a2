package api

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/sweep"
)

// Sweep is one sweep as the API shows it.
type Sweep struct {
	ID       string       `json:"sweep" doc:"Its id, which no other has."`
	Name     string       `json:"name"`
	State    string       `json:"state" doc:"running, ending, selecting or following while it is at work; succeeded, failed or stopped; interrupted when nobody works on it."`
	Paused   bool         `json:"paused"`
	Sentence string       `json:"sentence,omitempty" doc:"Why it ends or ended."`
	Owner    string       `json:"owner,omitempty" doc:"Who submitted it."`
	Queue    string       `json:"queue" doc:"That it waits in for its share of the cluster."`
	Priority int          `json:"priority" doc:"In its queue; higher first."`
	Labels   []string     `json:"labels"`
	Method   string       `json:"method"`
	Metric   string       `json:"metric,omitempty" doc:"That is optimized; absent: none."`
	Goal     string       `json:"goal,omitempty" doc:"minimize or maximize."`
	Trials   sweep.Counts `json:"trials"`
	Best     *Best        `json:"best" doc:"The trial in front; null: none yet."`
	Progress *float64     `json:"progress,omitempty" doc:"Mean percent of running trials that say it."`
	Waiting  string       `json:"waiting,omitempty" doc:"Why trials wait."`
	Starting string       `json:"starting,omitempty" doc:"Of it, what keeps launched trials from starting."`
	Then     string       `json:"then,omitempty" doc:"State of the step that follows the trials."`
	Created  string       `json:"created" doc:"RFC 3339."`
	Finished string       `json:"finished,omitempty" doc:"RFC 3339; absent: it has not ended."`
	Cluster  string       `json:"cluster,omitempty"`
	File     string       `json:"file,omitempty" doc:"The spec's, where it was submitted."`
	Staged   int          `json:"staged,omitempty" doc:"Of the launched trials: behind another in their bundle, and not begun."`
	// EarlyStopped is by rule, as {"asha": 31}.
	EarlyStopped map[sweep.StopRule]int `json:"early_stopped,omitempty" doc:"How many trials early stopping or their budgets have ended, by rule; absent: none."`
	Archived     string                 `json:"archived,omitempty" doc:"RFC 3339: since when lists leave it out; absent: they do not."`
	Damaged      string                 `json:"damaged,omitempty" doc:"What is, and what to do."`
	Here         bool                   `json:"here" doc:"This server runs it or has run it; the others are only read."`
}

// Over tells whether nobody works on the sweep any more: it has ended, or was interrupted.
func (s Sweep) Over() bool { return s.Finished != "" || s.State == sweep.Interrupted }

// Best is the trial in front.
type Best struct {
	Trial int            `json:"trial"`
	Value results.Number `json:"value"`
}

// row is a sweep in a list of all, of which the answer is made only when it is wanted.
type row struct {
	stored  *stored
	status  *scheduler.SweepStatus // nil: only the results tell of it
	created time.Time
}

// rows is every sweep of this server and of the results, the newest first.
func (a *API) rows(ctx context.Context) ([]row, error) {
	known, err := a.catalog.all(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := a.cfg.Server.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]row, 0, max(len(known), len(snap.Sweeps)))
	for i := range snap.Sweeps {
		st := &snap.Sweeps[i]
		s, ok := known[st.ID]
		if !ok {
			s = &stored{Sweep: store.Sweep{ID: st.ID}}
		}
		delete(known, st.ID)
		list = append(list, row{s, st, st.Submitted})
	}
	for _, s := range known {
		list = append(list, row{stored: s, created: s.created()})
	}
	newest(list)
	return list, nil
}

// show is the row as the API answers it.
func (a *API) show(r row) Sweep {
	if r.status != nil {
		return a.live(r.status, r.stored)
	}
	return ended(r.stored)
}

// sweeps is every sweep of this server and of the results.
func (a *API) sweeps(ctx context.Context) ([]Sweep, error) {
	rows, err := a.rows(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Sweep, len(rows))
	for i, r := range rows {
		list[i] = a.show(r)
	}
	return list, nil
}

// sweep is one of them.
func (a *API) sweep(ctx context.Context, id string) (Sweep, error) {
	s, err := a.catalog.get(ctx, id)
	if sw, here := a.cfg.Server.Sweep(id); here {
		st, liveErr := sw.Status(ctx)
		if errors.Is(liveErr, scheduler.ErrUnknown) && err == nil { // it is being forgotten: the results have it
			return ended(&s), nil
		}
		if liveErr != nil {
			return Sweep{}, liveErr
		}
		if err != nil { // it was taken a moment ago, or the results cannot be read now
			s.Sweep = store.Sweep{ID: id}
		}
		return a.live(&st.SweepStatus, &s), nil
	}
	if err != nil {
		return Sweep{}, err
	}
	return ended(&s), nil
}

// heading is what lists are filtered by; its labels are the catalog's own.
func (r row) heading() Sweep {
	s, st := r.stored, r.status
	out := Sweep{ID: s.ID, Owner: s.Submitter(), Labels: s.Labels, Finished: s.Finished, Archived: s.Archived}
	if st == nil {
		out.Name, out.State, out.Queue = s.Name, s.Standing(), cmp.Or(s.Queue, sweep.DefaultQueue)
		return out
	}
	out.Name, out.State, out.Queue = st.Spec.Title(), string(st.Phase), st.Spec.InQueue()
	if !st.Phase.Ended() {
		out.Finished = ""
	}
	return out
}

// live is a sweep of this server.
func (a *API) live(st *scheduler.SweepStatus, s *stored) Sweep {
	spec, out := st.Spec, row{stored: s, status: st}.heading()
	out.Labels = labels(s.Sweep)
	out.Paused, out.Sentence, out.Method, out.Metric = st.Paused, st.Reason, spec.Method, spec.Objective.Name
	out.Priority, out.Trials, out.Progress = spec.Priority, st.Counts, st.Percent
	out.Created = st.Submitted.UTC().Format(time.RFC3339Nano)
	out.Cluster, out.File, out.Here, out.Staged, out.EarlyStopped = s.Cluster, spec.File, true, st.Staged, st.Early
	if out.Metric != "" {
		out.Goal = string(cmp.Or(spec.Objective.Goal, sweep.Minimize))
	}
	out.Damaged = a.cfg.Server.Damaged(st.ID)
	if !st.Phase.Ended() {
		out.Waiting, out.Starting = a.cfg.Server.Waiting(st.ID), a.cfg.Server.Starting(st.ID)
	}
	if spec.Then.Step() {
		out.Then = st.Then.String()
	}
	if st.BestTrial >= 0 {
		out.Best = &Best{Trial: st.BestTrial, Value: results.Number(st.Best)}
	}
	return out
}

// ended is a sweep of which only the results tell.
func ended(s *stored) Sweep {
	out := row{stored: s}.heading()
	out.Labels = labels(s.Sweep)
	out.Sentence, out.Method, out.Metric = s.Sentence, s.Method, s.Objective.Name
	out.Created, out.Cluster, out.File, out.Priority = s.Created, s.Cluster, s.File, s.Priority
	out.Trials = sweep.Counts{Total: s.Trials, Waiting: s.Trials}
	if out.Metric != "" {
		out.Goal = string(cmp.Or(s.Objective.Goal, sweep.Minimize))
	}
	if s.Then != nil {
		out.Then = s.Then.State
	}
	if b := s.summary; b != nil {
		out.Trials, out.EarlyStopped = b.Trials.Counts, b.EarlyStopped
		if b.Best != nil {
			out.Best = &Best{Trial: b.Best.Trial, Value: b.Best.Value}
		}
	}
	return out
}

// StoredSweep is a sweep as its results have it, with what its board sums up. No server is asked.
func StoredSweep(s store.Sweep, b board.Summary) Sweep { return ended(&stored{Sweep: s, summary: &b}) }

func labels(s store.Sweep) []string { return append([]string{}, s.Labels...) }
