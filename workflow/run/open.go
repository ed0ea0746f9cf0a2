package run

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// NewID is a name nobody else has for a run of a workflow.
func NewID(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	slug := strings.Trim(strings.Join(words, "-"), "-_")
	const longest = 24 // ids of steps have it in them
	if slug = strings.Trim(slug[:min(len(slug), longest)], "-_"); slug == "" {
		slug = "workflow"
	}
	return slug + "-" + strings.ToLower(rand.Text()[:6])
}

// NameOf is a workflow's name, or that of its file.
func NameOf(wf *workflow.Workflow) string {
	return cmp.Or(wf.Name, strings.TrimSuffix(filepath.Base(wf.File), filepath.Ext(wf.File)))
}

// Create begins a run of a workflow with the parameters given, which were checked.
func Create(cfg Config, id, parent string, wf *workflow.Workflow, given map[string]any) (*Run, error) {
	r := newRun(cfg, id)
	r.flow = wf
	var err error
	if r.secret, given, err = takeSecrets(wf, given); err != nil {
		return nil, err
	}
	wf.Name = NameOf(wf)
	r.header = Header{
		Version: 1, Run: id, Name: wf.Name, File: wf.File, Source: string(wf.Source), Given: given,
		Created: time.Now().UnixMilli(),
		Parent:  parent, Kaon: cfg.Version, Requires: wf.Requires, Origin: cfg.Origin,
	}
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return nil, err
	}
	if r.log, err = createLog(r.folder, record{Header: &r.header}); err != nil {
		return nil, err
	}
	r.facts, r.tally = newFacts(filepath.Dir(wf.File), cfg.Origin.Within, nil), tally{}
	r.talk = readTalk(r.folder)
	r.engine = newEngine(wf, r.header, r.facts.read)
	if err := durable.SyncFolder(cfg.Folder); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	if err := r.sync(); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	return r, nil
}

// Open goes on with a run. ErrLocked: another process does.
func Open(cfg Config, id string) (*Run, error) {
	r := newRun(cfg, id)
	var h history
	var err error
	if r.log, err = openLog(r.folder, h.take); err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", id, err)
	}
	r.header = h.header
	r.facts = newFacts(filepath.Dir(h.header.File), h.header.Within, h.facts)
	if r.flow, r.engine, err = h.restore(r.facts); err != nil {
		return nil, errors.Join(fmt.Errorf("read the log of %s: %w", id, err), r.log.close())
	}
	if r.secret, err = secretsAgain(r.flow, cfg.Secret); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	r.tally, r.inbox.used, r.talk = h.tally, h.used(), readTalk(r.folder)
	return r, nil
}

// Restart has a run go on that has ended: what failed, or all from the named steps on, with other parameters.
func (r *Run) Restart(names []string, parameters map[string]any) error {
	state, _ := r.engine.State()
	if !state.Ended() {
		return fmt.Errorf("run %s has not ended; go on with it by kaon workflow resume", r.header.Run)
	}
	for _, name := range names {
		if known, _ := r.engine.Has(name); !known || strings.Contains(name, "[") {
			return fmt.Errorf("run %s has no step %q to begin from", r.header.Run, name)
		}
	}
	if state == engine.Succeeded && len(names) == 0 {
		return fmt.Errorf("run %s has succeeded: say with --from which step is run again", r.header.Run)
	}
	all := maps.Clone(r.header.Given)
	if all == nil {
		all = map[string]any{}
	}
	for name, v := range r.secret {
		all[name] = v
	}
	maps.Copy(all, parameters)
	if _, err := r.flow.Bind(all); err != nil {
		return err
	}
	newer, parameters, err := takeSecrets(r.flow, parameters)
	if err != nil {
		return err
	}
	maps.Copy(r.secret, newer)
	left, requests := asked(r.folder, nil) // of the run as it was: a cancel must not end what begins now
	for i, file := range left {
		if requests[i].Kind != SignalRun || r.inbox.used[requests[i].ID] {
			r.inbox.done = append(r.inbox.done, file)
		}
	}
	r.forgetRequests()
	return r.apply(engine.Event{Kind: engine.Restart, Names: names, Parameters: parameters, Bounded: true})
}

// Close lets go of a run that Work was not called of.
func (r *Run) Close() error { return r.log.close() }
