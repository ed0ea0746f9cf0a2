package api

import (
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Registered is a workflow that the server keeps under a name.
type Registered struct {
	Name        string       `json:"workflow"`
	Owner       string       `json:"owner" doc:"Who registered it first; they and operators may change it."`
	Version     int          `json:"version" doc:"That runs where none is named: the pinned one, or the newest."`
	Latest      int          `json:"latest" doc:"The newest version."`
	Pinned      bool         `json:"pinned" doc:"Newer versions do not run by themselves."`
	Hash        string       `json:"hash" doc:"SHA-256 of what the version is made of, in hex."`
	Description string       `json:"description,omitempty"`
	Tags        []string     `json:"tags"`
	Created     int64        `json:"created" doc:"Milliseconds since 1970, as all times of workflows."`
	Strategy    RunStrategy  `json:"run_strategy"`
	AtWork      []string     `json:"at_work" doc:"Ids of its runs that are worked on."`
	Queue       []QueuedRun  `json:"queue" doc:"Runs that wait for others to end, in their order."`
	Notes       []StatusNote `json:"notes" doc:"The last that came to nothing, and why."`
	Paused      bool         `json:"paused" doc:"Its triggers begin nothing."`
	Stopped     string       `json:"stopped,omitempty" doc:"Why its triggers begin nothing though nobody has paused them: its owner's token was revoked, has expired, or may submit no more."`
	Triggers    []Trigger    `json:"triggers" doc:"What begins runs of the version that runs where none is named."`
	Next        int64        `json:"next,omitempty" doc:"When a trigger is due next, if that is known."`
	Backfills   []Backfill   `json:"backfills" doc:"That have not begun all of theirs; the first is at work."`
	LastRun     *WorkflowRun `json:"last_run,omitempty" doc:"The run of it that was begun last, without its parameters."`
}

// Trigger is what begins runs of a workflow.
type Trigger struct {
	Name string `json:"trigger"`
	Kind string `json:"kind" enum:"cron,after,signal,file,sweep"`
	What string `json:"what" doc:"The cron expression, the workflow behind whose success a run begins, the signal, the pattern of files or objects, or which sweeps."`
	Zone string `json:"zone,omitempty" doc:"Of a cron."`
	Next int64  `json:"next,omitempty" doc:"Of a cron: when it is due next."`

	Upcoming []int64 `json:"upcoming,omitempty" doc:"Of a cron: the next times, at most five; the first is next."`

	Problem string `json:"problem,omitempty" doc:"Why it cannot look for files or sweeps, so that it begins nothing."`
}

// Backfill makes the runs of a range of a cron's times.
type Backfill struct {
	Trigger  string  `json:"trigger"`
	Version  int     `json:"version"`
	From     int64   `json:"from"`
	To       int64   `json:"to" doc:"The last instant that is in it; not behind now."`
	Parallel int     `json:"parallel" doc:"Runs at once."`
	Total    int     `json:"total" doc:"Times that are in it."`
	Taken    int     `json:"taken" doc:"Of those, whose runs have begun, or had before."`
	Zone     string  `json:"zone,omitempty" doc:"Where the times of first are, as the cron has it."`
	First    []int64 `json:"first,omitempty" doc:"The first times of it, at most 1,000; only in the answer to who asks for it."`
}

// BackfillRequest asks for a backfill.
type BackfillRequest struct {
	From     string `json:"from" minLength:"1" maxLength:"40" doc:"A date, or a time; without a zone in that of the cron."`
	To       string `json:"to" minLength:"1" maxLength:"40" doc:"Likewise; a date is in it, too."`
	Parallel int    `json:"parallel,omitempty" minimum:"1" maximum:"1000" doc:"Runs at once; absent: 1."`
	Trigger  string `json:"trigger,omitempty" maxLength:"100" doc:"Of several crons, which."`
	Dry      bool   `json:"dry_run,omitempty" doc:"Begin nothing."`
}

// TriggersPause says whether triggers begin runs.
type TriggersPause struct {
	Paused bool `json:"paused"`
}

// SignalSent is what is sent with a signal.
type SignalSent struct {
	Payload Values `json:"payload,omitempty" maxProperties:"1000" doc:"trigger.payload of the triggers' parameters."`
}

// RunStrategy is what becomes of several runs of a workflow.
type RunStrategy struct {
	Rule  string `json:"rule,omitempty" enum:"sequential,parallel,latest_only,first_only"`
	Limit int    `json:"limit,omitempty" doc:"Runs at once."`
	Queue int    `json:"queue,omitempty" doc:"Runs that may wait."`
}

// QueuedRun is a run that waits to begin.
type QueuedRun struct {
	Run     string      `json:"run" doc:"The id that it will have."`
	Version int         `json:"version"`
	Owner   string      `json:"owner,omitempty"`
	Asked   int64       `json:"asked"`
	Trigger *RunTrigger `json:"trigger,omitempty"`
	Due     int64       `json:"due,omitempty" doc:"When it is to be done, by its workflow's sla."`
	Late    int64       `json:"late,omitempty" doc:"When it was noted that it was not done by then; absent: it was not."`
}

// RunTrigger is what began a run.
type RunTrigger struct {
	Kind     string `json:"kind" enum:"manual,cron,after,signal,file,sweep"`
	Name     string `json:"name,omitempty" doc:"Of the trigger in the file."`
	Time     int64  `json:"time,omitempty" doc:"When it was due."`
	Source   string `json:"source,omitempty" doc:"The run, sweep or file behind which it came."`
	Backfill bool   `json:"backfill,omitempty"`
}

// StatusNote is something that came to nothing, and why.
type StatusNote struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// Version is one version of a registered workflow; it never changes.
type Version struct {
	Version     int      `json:"version" doc:"From 1."`
	Hash        string   `json:"hash" doc:"SHA-256 of its text, its place in its folder, and the folder, in hex."`
	Folder      string   `json:"folder,omitempty" doc:"The uploaded folder that it is in."`
	By          string   `json:"by" doc:"Who registered it."`
	Owner       string   `json:"owner,omitempty" doc:"As the file says."`
	Created     int64    `json:"created"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags"`
	Current     bool     `json:"current" doc:"It runs where none is named."`
}

// VersionDetail is what a version is of.
type VersionDetail struct {
	Version
	Parameters []VersionParameter `json:"parameters" doc:"That its runs have, in the order of the file."`
	Steps      int                `json:"steps"`
	Graph      *WorkflowGraph     `json:"graph,omitempty" doc:"Absent with a problem."`
	Problem    string             `json:"problem,omitempty" doc:"Why this server cannot read the version."`
}

// VersionParameter is a parameter that runs of a version have.
type VersionParameter struct {
	Name        string `json:"parameter"`
	Type        string `json:"type" doc:"As in the file: string, integer, number, boolean, list, object, file, any, or a list of one of these, as list[number]."`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required" doc:"It has no default, and must be given."`
	Default     any    `json:"default,omitempty" doc:"What it is unless it is given; absent: null, or it is required."`
	Choices     []any  `json:"choices,omitempty" doc:"If any, the only values."`
}

// Registration is what registering has come to.
type Registration struct {
	Registered
	New bool `json:"new" doc:"There is a version more; else it is the newest already."`
}

// RegisteredRun asks for a run of a registered workflow.
type RegisteredRun struct {
	Version    int      `json:"version,omitempty" minimum:"0" doc:"Absent: the one that runs where none is named."`
	Parameters Values   `json:"parameters,omitempty" maxProperties:"1000" doc:"By name; those left out have their defaults."`
	Labels     []string `json:"labels,omitempty" maxItems:"64" doc:"Words by which the run is found again."`
	Queue      string   `json:"queue,omitempty" maxLength:"100" doc:"Of its steps, where they name none."`
}

// RunStanding is where a run stands that was asked for.
type RunStanding struct {
	Run     string `json:"run" doc:"Its id."`
	Version int    `json:"version"`
	Place   int    `json:"place" doc:"In the queue, from 1; 0: it has begun."`
}

func registeredOf(i registry.Info) Registered {
	out := Registered{
		Name: i.Name, Owner: i.Owner, Version: i.Current.Version, Latest: i.Latest, Pinned: i.Pinned > 0,
		Hash:        i.Current.Hash,
		Description: i.Current.Description, Tags: append([]string{}, i.Current.Tags...), Created: i.Created,
		Strategy: RunStrategy{string(i.Strategy.Rule), i.Strategy.Limit, i.Strategy.Queue},
		AtWork:   append([]string{}, i.AtWork...), Queue: []QueuedRun{}, Notes: []StatusNote{}, Paused: i.Paused,
		Stopped: i.Stopped, Triggers: []Trigger{}, Backfills: []Backfill{},
	}
	for _, q := range i.Queue {
		out.Queue = append(out.Queue, QueuedRun{q.Run, q.Origin.Revision, q.Origin.Owner, q.Asked,
			triggerOf(q.Origin.Trigger), q.Due, q.Origin.Late})
	}
	for _, n := range i.Notes {
		out.Notes = append(out.Notes, StatusNote(n))
	}
	for _, t := range i.Triggers {
		one := Trigger{Name: t.Name, Kind: t.Kind, What: t.What, Zone: t.Zone, Problem: t.Problem}
		if !t.Next.IsZero() {
			if one.Next = t.Next.UnixMilli(); out.Next == 0 || one.Next < out.Next {
				out.Next = one.Next
			}
		}
		for _, at := range t.Upcoming {
			one.Upcoming = append(one.Upcoming, at.UnixMilli())
		}
		out.Triggers = append(out.Triggers, one)
	}
	for _, b := range i.Backfills {
		out.Backfills = append(out.Backfills, backfillOf(b))
	}
	return out
}

func backfillOf(b registry.Backfill) Backfill {
	return Backfill{Trigger: b.Trigger, Version: b.Version, From: b.From, To: b.To, Parallel: b.Parallel,
		Total: b.Total, Taken: b.Taken}
}

func triggerOf(t *run.Trigger) *RunTrigger {
	if t == nil {
		return nil
	}
	return &RunTrigger{t.Kind, t.Name, t.Time, t.Source, t.Backfill}
}

func versionOf(v *registry.Version, current int) Version {
	return Version{
		Version: v.Version, Hash: v.Hash, Folder: v.Folder, By: v.By, Owner: v.Owner, Created: v.Created,
		Description: v.Description,
		Tags:        append([]string{}, v.Tags...), Current: v.Version == current,
	}
}
