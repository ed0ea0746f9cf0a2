package registry

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// state is what is known of one registered workflow besides its versions. Stored: fields may be added, not renamed.
type state struct {
	Format   int       `json:"format"` // 1
	Name     string    `json:"name"`
	Owner    string    `json:"owner"`
	Created  int64     `json:"created"` // milliseconds since 1970
	Versions int       `json:"versions"`
	Pinned   int       `json:"pinned,omitempty"`   // the version that runs; 0: the newest
	Paused   bool      `json:"paused,omitempty"`   // its triggers begin nothing
	KnownBy  string    `json:"known_by,omitempty"` // how the owner was known who registered it last: Who.KnownBy
	Queue    []Request `json:"queue,omitempty"`    // runs that are to begin, in their order
	Notes    []Note    `json:"notes,omitempty"`    // the last, at most mostNotes

	Cursors   map[string]cursor `json:"cursors,omitempty"`   // of triggers, by name
	Backfills []Backfill        `json:"backfills,omitempty"` // the first is at work
}

// Request is a run that is to begin. Stored: fields may be added, not renamed.
type Request struct {
	Run    string         `json:"run"`
	Given  map[string]any `json:"given,omitempty"`
	Origin run.Origin     `json:"origin"`
	Asked  int64          `json:"asked"`         // milliseconds since 1970
	Due    int64          `json:"due,omitempty"` // when it is to be done, by its workflow's SLA; 0: nothing is promised
}

// Note is something that came to nothing, and why. Stored: fields may be added, not renamed.
type Note struct {
	At   int64  `json:"at"` // milliseconds since 1970
	Text string `json:"text"`
}

const mostNotes = 20

const stateFile = "state.json"

// entry is a registered workflow. The registry's mu is held where it is used.
type entry struct {
	state
	folder   string
	fence    func() error // as of Config
	versions []*Version   // Version n is versions[n-1]
	flow     *workflow.Workflow
	flowOf   int              // the version that flow is of
	asked    map[string]bool  // runs that were asked to end for newer ones
	looks    map[string]*look // of triggers, by name
}

// load reads a registered workflow that has a state.
func load(folder string) (*entry, error) {
	e := &entry{folder: folder}
	if err := readJSON(filepath.Join(folder, stateFile), &e.state); err != nil {
		return nil, err
	}
	switch name := filepath.Base(folder); {
	case e.Format != 1:
		return nil, fmt.Errorf("%s has format %d, this kaon reads 1", stateFile, e.Format)
	case e.Name != name:
		return nil, fmt.Errorf("%s is of %q", stateFile, e.Name)
	case e.Versions < 1 || e.Pinned < 0 || e.Pinned > e.Versions:
		return nil, fmt.Errorf("%s tells of %d versions, of which %d is pinned", stateFile, e.Versions, e.Pinned)
	}
	for n := range e.Versions {
		v, err := readVersion(folder, n+1)
		if err != nil {
			return nil, err
		}
		e.versions = append(e.versions, v)
	}
	for _, q := range e.Queue {
		steps.Numbers(any(q.Given)) // in place
	}
	return e, nil
}

// save makes the state durable, and says whether this process may still act on it.
func (e *entry) save() error {
	if err := writeJSON(filepath.Join(e.folder, stateFile), e.state); err != nil || e.fence == nil {
		return err
	}
	return e.fence()
}

// note keeps what came to nothing.
func (e *entry) note(now time.Time, text string) {
	const longest = 1000
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	if len(e.Notes) >= mostNotes {
		e.Notes = e.Notes[1:]
	}
	e.Notes = append(e.Notes, Note{now.UnixMilli(), text})
}

// current is the version that runs when none is named.
func (e *entry) current() *Version {
	if e.Pinned > 0 {
		return e.versions[e.Pinned-1]
	}
	return e.versions[len(e.versions)-1]
}

// parsed is the workflow of the current version. It must not be changed.
func (e *entry) parsed() (*workflow.Workflow, error) {
	v := e.current()
	if e.flow != nil && e.flowOf == v.Version {
		return e.flow, nil
	}
	wf, err := v.Workflow()
	if err == nil {
		e.flow, e.flowOf = wf, v.Version
	}
	return wf, err
}

// Backfill makes the runs of a range of a cron's instants. Stored: fields may be added, not renamed.
type Backfill struct {
	Trigger  string `json:"trigger"`
	Version  int    `json:"version"`
	From     int64  `json:"from"` // milliseconds since 1970
	To       int64  `json:"to"`   // the last instant that is in it
	At       int64  `json:"at"`   // instants up to then were taken
	Parallel int    `json:"parallel"`
	Total    int    `json:"total"` // instants
	Taken    int    `json:"taken"`
	By       string `json:"by"`

	Queues *[]string `json:"queues,omitempty"` // of its runs, as in run.Origin
}

// cursor is up to where what a trigger waits for was taken. Stored: fields may be added, not renamed.
type cursor struct {
	// what the trigger waits for, as a schedule or a file: of another it begins anew
	What string   `json:"what"`
	At   int64    `json:"at"`             // milliseconds since 1970: what was due, or ended, up to then was taken
	Seen []string `json:"seen,omitempty"` // what was taken: ends behind At, or files
	Ends []int64  `json:"ends,omitempty"` // when those came

	File  bool `json:"file,omitempty"`  // Seen are files, by what they are
	Based bool `json:"based,omitempty"` // what was there when it began is known
	// the clock was ahead when it was made: ends of that time were taken, and are not known one by one yet
	Ahead bool `json:"ahead,omitempty"`
}
