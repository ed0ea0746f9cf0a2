package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Header is a workflow as it was started. Stored: fields may be added, not renamed.
type Header struct {
	Version int            `json:"version"` // 1
	Run     string         `json:"run"`
	Name    string         `json:"name"`
	File    string         `json:"file"` // absolute
	Source  string         `json:"source"`
	Given   map[string]any `json:"given,omitempty"`  // parameters
	Created int64          `json:"created"`          // milliseconds since 1970
	Parent  string         `json:"parent,omitempty"` // the run that this one is a step of
	Kaon    string         `json:"kaon,omitempty"`
	// Requires is that of the workflow; none where an earlier kaon began the run.
	Requires bool `json:"requires,omitempty"`
	Origin
}

// Origin is who began a run, and as what, where that is known. Stored: fields may be added, not renamed.
type Origin struct {
	Owner  string   `json:"owner,omitempty"`
	Labels []string `json:"labels,omitempty"`
	Queue  string   `json:"queue,omitempty"` // of its steps, where they name none
	// Within is the one folder of which the run may read files, for those who may not read others of this machine;
	// empty: any. They have nothing of this process's environment either.
	Within string `json:"within,omitempty"`
	// Queues are those that its sweeps go into, and into those below them, of who is bound to some; empty: into none,
	// nil: into any.
	Queues *[]string `json:"queues,omitempty"`
	// Registered is the name of the registered workflow that it is a run of, Revision which version; empty: it is of a
	// file.
	Registered string   `json:"registered,omitempty"`
	Revision   int      `json:"registered_version,omitempty"`
	Trigger    *Trigger `json:"trigger,omitempty"` // what began it; nil: somebody, with a file
	// Wanted is when it was to begin, in milliseconds since 1970: its trigger was due, or somebody asked for it. Its
	// SLA counts from then; 0: from when it began.
	Wanted int64 `json:"wanted,omitempty"`
	// Late is when it was told as late while it waited to begin, in milliseconds since 1970; 0: it was not.
	Late int64 `json:"late,omitempty"`
}

// promise is by when a run of a workflow is to be done.
func (h Header) promise(wf *workflow.Workflow) promise { return promise{wf.SLA, h.Wanted, h.Late} }

// record is one record of a log: one of its fields.
type record struct {
	Header *Header       `json:"header,omitempty"`
	Event  *engine.Event `json:"event,omitempty"`
	Fact   *fact         `json:"fact,omitempty"`
}

// parse reads a record.
func parse(payload []byte) (record, error) {
	var r record
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	if err := dec.Decode(&r); err != nil {
		return r, err
	}
	if r.Event != nil {
		normal(r.Event)
	}
	if r.Fact != nil {
		r.Fact.Items, _ = steps.Numbers(any(r.Fact.Items)).([]any)
	}
	if r.Header != nil {
		numbers(&r.Header.Given)
	}
	return r, nil
}

// storable is an event as a log gives it back, so that an engine decides on it as one that reads the log, and its
// record. The end of an attempt that no record can hold is a failure of that attempt.
func storable(ev engine.Event) (engine.Event, []byte, error) {
	payload, err := encode(record{Event: &ev})
	if err != nil && ev.Kind == engine.Ended {
		ev.Outputs, ev.Winner, ev.Artifacts = nil, nil, nil
		ev.State, ev.Fault, ev.Reason = engine.Failed, engine.User, "what it has left cannot be kept: "+err.Error()
		payload, err = encode(record{Event: &ev})
	}
	if err != nil {
		return ev, nil, err
	}
	r, err := parse(payload)
	if err != nil {
		return ev, nil, err
	}
	return *r.Event, payload, nil
}

// normal has the numbers of an event as expressions know them.
func normal(ev *engine.Event) {
	for _, m := range []*map[string]any{&ev.Outputs, &ev.Winner, &ev.Artifacts, &ev.Parameters} {
		numbers(m)
	}
}

func numbers(m *map[string]any) {
	if *m != nil {
		*m, _ = steps.Numbers(any(*m)).(map[string]any)
	}
}

// Folder is the folder of one run among those of all.
func Folder(all, id string) string { return filepath.Join(all, id) }

// Record is what a log says.
type Record struct {
	Header Header
	View   engine.View
	Live   bool // a process works on it
	engine *engine.Engine
	tally  tally
	flow   *workflow.Workflow
	used   map[string]bool // ids of signals that were used up
}

// history is a log that was read.
type history struct {
	header Header
	events []engine.Event
	facts  []fact
	tally  tally
}

func (h *history) take(payload []byte) error {
	r, err := parse(payload)
	switch {
	case err != nil:
		return err
	case r.Header != nil:
		h.header = *r.Header
	case r.Event != nil:
		h.events = append(h.events, *r.Event)
	case r.Fact != nil:
		h.facts = append(h.facts, *r.Fact)
	}
	return nil
}

// used are the ids of the signals that attempts have used up.
func (h *history) used() map[string]bool {
	used := map[string]bool{}
	for _, ev := range h.events {
		if ev.Signal != "" {
			used[ev.Signal] = true
		}
	}
	return used
}

// restore reads the workflow again and gives an engine all that has happened, with what was read then.
func (h *history) restore(f *facts) (*workflow.Workflow, *engine.Engine, error) {
	if h.header.Version != 1 {
		return nil, nil, fmt.Errorf("%w: it has version %d, this kaon reads 1", ErrDamaged, h.header.Version)
	}
	wf, err := Parse(h.header.File, []byte(h.header.Source), workflow.Accepted(h.header.Requires))
	if err != nil {
		return nil, nil, err
	}
	wf.Name = h.header.Name
	e := newEngine(wf, h.header, f.read)
	f.mode, h.tally = replaying, tally{}
	for _, ev := range h.events {
		step(e, f, h.tally, ev)
	}
	f.mode = deciding
	return wf, e, nil
}

func newEngine(wf *workflow.Workflow, h Header, read func(function, text string) ([]any, error)) *engine.Engine {
	return engine.New(engine.Flow{
		Main: wf.Graph, Finally: wf.Finally, Policy: policyOf, Read: read, Name: wf.Name, Run: h.Run,
	})
}

// Read reads how a run stands, whoever works on it. All: with every iteration.
func Read(all, id string, every bool) (*Record, error) {
	f, err := os.Open(filepath.Join(Folder(all, id), LogFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	live := locked(Folder(all, id)) // who works on it may end it while it is read
	var h history
	if _, err := readLog(f, h.take); err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", id, err)
	}
	facts := newFacts(filepath.Dir(h.header.File), h.header.Within, h.facts)
	wf, e, err := h.restore(facts)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", id, err)
	}
	return &Record{
		Header: h.header, View: h.header.promise(wf).view(e, every), Live: live || locked(Folder(all, id)),
		engine: e, tally: h.tally, flow: wf, used: h.used(),
	}, nil
}

// ReadHeader reads what was started.
func ReadHeader(all, id string) (Header, error) {
	f, err := os.Open(filepath.Join(Folder(all, id), LogFile))
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	var h history
	_, err = readLog(io.LimitReader(f, int64(len(magic)+frameSize+maxRecord)), func(payload []byte) error {
		if err := h.take(payload); err != nil {
			return err
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return h.header, err
}

// errEnough ends the reading of a log whose rest is not wanted.
var errEnough = errors.New("enough")

// Has tells whether there is a step of a key.
func (r *Record) Has(key string) bool {
	known, _ := r.engine.Has(key)
	return known
}
