package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
}

// fact is what a function of an expression has read: the same is answered ever after.
type fact struct {
	Function string `json:"function"`
	Text     string `json:"text"`
	Items    []any  `json:"items"`
}

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

// normal is an event as a log gives it back.
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
}

// history is a log that was read.
type history struct {
	header Header
	events []engine.Event
	facts  []fact
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

// restore reads the workflow again and gives an engine all that has happened.
func (h *history) restore(read func(function, text string) ([]any, error)) (*workflow.Workflow, *engine.Engine, error) {
	if h.header.Version != 1 {
		return nil, nil, fmt.Errorf("%w: it has version %d, this kaon reads 1", ErrDamaged, h.header.Version)
	}
	wf, err := Parse(h.header.File, []byte(h.header.Source))
	if err != nil {
		return nil, nil, err
	}
	wf.Name = h.header.Name
	e := newEngine(wf, h.header, read)
	for _, ev := range h.events {
		e.Step(ev)
	}
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
	var h history
	if _, err := readLog(f, h.take); err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", id, err)
	}
	facts := newFacts(filepath.Dir(h.header.File), h.facts)
	_, e, err := h.restore(facts.known)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", id, err)
	}
	return &Record{Header: h.header, View: e.View(every), Live: locked(Folder(all, id)), engine: e}, nil
}

// List are the ids of all runs, the newest first, and what could not be read.
func List(all string) (records []*Record, unread []error) {
	entries, err := os.ReadDir(all)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, []error{err}
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		r, err := Read(all, e.Name(), false)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		records = append(records, r)
	}
	slices.SortStableFunc(records, func(a, b *Record) int { return int(b.Header.Created - a.Header.Created) })
	return records, unread
}

// readHeader reads what was started.
func readHeader(folder string) (Header, error) {
	f, err := os.Open(filepath.Join(folder, LogFile))
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	var h history
	_, err = readLog(f, h.take)
	return h.header, err
}

// Has tells whether there is a step of a key.
func (r *Record) Has(key string) bool {
	known, _ := r.engine.Has(key)
	return known
}
