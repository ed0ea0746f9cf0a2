package registry

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
)

// Info is how a registered workflow stands.
type Info struct {
	Name    string
	Owner   string
	Created int64 // milliseconds since 1970
	Current *Version
	Latest  int
	Pinned  int // 0: the newest runs
	Paused  bool
	Stopped string // why its triggers begin nothing though nobody has paused them; empty: they do
	AtWork  []string
	Queue   []Request
	Notes   []Note
	// Strategy is that of the current version; zero: this kaon cannot read it.
	Strategy workflow.Strategy
	Triggers []Trigger // of the current version

	Backfills []Backfill
}

// Trigger is what begins runs.
type Trigger struct {
	Name, Kind string
	What       string      // its cron, workflow, signal, file or sweeps
	Zone       string      // of a cron
	Next       time.Time   // of a cron: when it is due next; zero: it is paused or stopped
	Upcoming   []time.Time // the first of the times from Next on
	Problem    string      // why it cannot look; empty: it can
}

// upcoming is how many of a cron's next times are told.
const upcoming = 5

// info is how one stands. r.mu is held.
func (r *Registry) info(e *entry) Info {
	out := Info{
		Name: e.Name, Owner: e.Owner, Created: e.Created, Current: e.current(), Latest: len(e.versions),
		Pinned: e.Pinned, Paused: e.Paused,
		AtWork: r.cfg.Runs.AtWork(e.Name, false), Queue: slices.Clone(e.Queue), Notes: slices.Clone(e.Notes),
		Backfills: slices.Clone(e.Backfills),
	}
	if err := r.stopped(e); err != nil {
		out.Stopped = err.Error()
	}
	if wf, err := e.parsed(); err == nil {
		out.Strategy = wf.Strategy
		for _, t := range wf.Triggers {
			one := Trigger{Name: t.Name, Kind: string(t.Kind), What: whatOf(t)}
			if l := e.looks[t.Name]; l != nil && l.what == whatOf(t) && l.err != nil {
				one.Problem = l.err.Error()
			}
			if t.Cron != nil {
				one.What, one.Zone = t.Cron.String(), t.Cron.Zone().String()
				if !e.Paused && out.Stopped == "" {
					one.Next = t.Cron.Next(r.cfg.Now())
				}
				for at := one.Next; !at.IsZero() && len(one.Upcoming) < upcoming; at = t.Cron.Next(at) {
					one.Upcoming = append(one.Upcoming, at)
				}
			}
			out.Triggers = append(out.Triggers, one)
		}
	}
	return out
}

// List is how all stand, by name.
func (r *Registry) List() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []Info{}
	for _, e := range r.sorted() {
		list = append(list, r.info(e))
	}
	return list
}

// Get is how one stands.
func (r *Registry) Get(name string) (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	if err != nil {
		return Info{}, err
	}
	return r.info(e), nil
}

// Versions are those of a workflow, the newest first. They must not be changed.
func (r *Registry) Versions(name string) ([]*Version, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(e.versions)
	slices.Reverse(list)
	return list, nil
}

// Version is one of a workflow; 0: the one that runs where none is named. It must not be changed.
func (r *Registry) Version(name string, number int) (*Version, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	if err != nil {
		return nil, err
	}
	switch {
	case number == 0:
		return e.current(), nil
	case number < 0 || number > len(e.versions):
		return nil, fmt.Errorf("%w: %s has 1 to %d", ErrVersion, name, len(e.versions))
	}
	return e.versions[number-1], nil
}

// Folders are those that versions need. While a workflow cannot be read nobody knows which.
func (r *Registry) Folders() (all []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, why := range r.unread {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnread, name, why)
	}
	for _, e := range r.all {
		for _, v := range e.versions {
			all = append(all, v.Root)
		}
	}
	return all, nil
}
