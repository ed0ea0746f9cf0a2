package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/scheduler/durable"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// Who is somebody who asks for a change.
type Who struct {
	Name  string
	Any   bool // they may change what is others'
	Local bool // they are this process's user
	// Queues are those that they may submit into, and into those below; nil: into any.
	Queues *[]string

	KnownBy string // how they are known, as Config.May is told
}

func (w Who) may(e *entry) error {
	if w.Any || w.Name == e.Owner {
		return nil
	}
	return fmt.Errorf("%w: %s is %s's: only they and operators may change it", ErrOwner, e.Name, e.Owner)
}

// mayBegin refuses who is bound to queues what has runs of a version begin that go into others.
func (w Who) mayBegin(v *Version) error {
	if w.Queues == nil {
		return nil
	}
	into := "any queue"
	if v.Queues != nil {
		beyond := func(one string) bool { return !fairness.Within(*w.Queues, one) }
		if !slices.ContainsFunc(*v.Queues, beyond) {
			return nil
		}
		into = "the queues " + strings.Join(*v.Queues, ", ")
	}
	return fmt.Errorf("%w: runs of version %d go into %s, and %s may submit into %s alone", ErrOwner, v.Version, into,
		w.Name, strings.Join(*w.Queues, ", "))
}

// Registration is a workflow to be registered.
type Registration struct {
	Who      Who
	Workflow *workflow.Workflow
	Root     string // the folder that came with it
	Folder   string // its id as an upload
	Within   string // of its runs, as in run.Origin
	Queue    string
	Queues   *[]string
}

// Register makes a version of a workflow, or of what is the same as the newest, none. The first to register under a
// name owns it.
func (r *Registry) Register(reg Registration) (info Info, created bool, err error) {
	wf := reg.Workflow
	name := run.NameOf(wf)
	if err := CheckName(name); err != nil {
		return info, false, &wrong{err}
	}
	place, err := filepath.Rel(reg.Root, wf.File)
	if err != nil {
		return info, false, err
	}
	v := &Version{
		Source: string(wf.Source), File: wf.File, Root: reg.Root, Folder: reg.Folder, By: reg.Who.Name,
		Within: reg.Within, Queue: reg.Queue,
		Queues: reg.Queues, Created: r.cfg.Now().UnixMilli(), Description: wf.Description, Owner: wf.Owner,
		Tags: wf.Tags, Requires: wf.Requires,
	}
	v.Hash = v.hash(place)
	for _, t := range wf.Triggers {
		if t.Kind == workflow.OnFile && reg.Within != "" { // nothing is looked at for them
			return info, false, errLook(t)
		}
	}
	there, err := r.base(wf)
	if err != nil {
		return info, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	switch {
	case r.open() != nil:
		return info, false, r.open()
	case errors.Is(err, ErrUnread): // it has an owner, and versions
		return info, false, fmt.Errorf("%w, or register yours under another name", err)
	case err != nil:
		if err = r.checkCycle(name, wf); err == nil {
			e, err = r.enter(name, reg.Who)
		}
		if err != nil {
			return info, false, err
		}
	default:
		if err := reg.Who.may(e); err != nil {
			return info, false, err
		}
		if err := r.known(e, reg.Who); err != nil {
			return info, false, err
		}
		last := e.versions[len(e.versions)-1]
		if last.Hash == v.Hash && last.Within == v.Within && last.Queue == v.Queue && same(last.Queues, v.Queues) {
			return r.info(e), false, nil
		}
		if e.Pinned == 0 { // of a pinned one it is asked when another is to run
			if err := r.checkCycle(name, wf); err != nil {
				return info, false, err
			}
		}
	}
	for _, t := range wf.Triggers {
		if err := mayLook(e, v, t); err != nil {
			return info, false, err
		}
	}
	return r.add(e, v, wf, there)
}

// known keeps how the owner is known who has come again. r.mu is held.
func (r *Registry) known(e *entry, who Who) error {
	if who.Name != e.Owner || who.KnownBy == e.KnownBy {
		return nil
	}
	before := e.KnownBy
	e.KnownBy = who.KnownBy
	err := e.save()
	if err != nil {
		e.KnownBy = before
	}
	return err
}

// mostVersions is how many versions a workflow may have.
const mostVersions = 10_000

// add has a workflow have one more version; there is what triggers that are new would find now.
func (r *Registry) add(
	e *entry, v *Version, wf *workflow.Workflow, there map[string][]string,
) (info Info, created bool, err error) {
	if len(e.versions) >= mostVersions {
		return info, false, fmt.Errorf("%w: %s has %d versions: remove it, and register it anew", ErrFull, e.Name,
			mostVersions)
	}
	v.Version = len(e.versions) + 1
	if err := writeJSON(versionFile(e.folder, v.Version), v); err != nil { // one that no state names is none
		return info, false, err
	}
	before := e.state
	e.versions, e.Versions = append(e.versions, v), v.Version
	if e.Pinned == 0 {
		e.Cursors, _ = e.cursorsOf(wf, r.cfg.Now())
		for name, keys := range there {
			if c := e.Cursors[name]; !c.Based && len(c.Seen) == 0 {
				c.Seen, c.Based = keys, true
				e.Cursors[name] = c
			}
		}
	}
	if err := e.save(); err != nil {
		e.versions, e.state = e.versions[:v.Version-1], before
		return info, false, err
	}
	r.all[e.Name] = e
	r.again()
	return r.info(e), true, nil
}

// enter makes the folder of a workflow that is not registered yet.
func (r *Registry) enter(name string, who Who) (*entry, error) {
	own := 0
	for _, e := range r.all {
		if e.Owner == who.Name {
			own++
		}
	}
	if len(r.all) >= mostWorkflows || !who.Local && own >= mostOfOne {
		return nil, fmt.Errorf("%w: %d workflows are registered, %d by %s: remove some", ErrFull, len(r.all),
			own, who.Name)
	}
	folder := filepath.Join(r.cfg.Folder, name)
	if err := os.RemoveAll(folder); err != nil { // what a registration or a removal left that was cut off
		return nil, err
	}
	e := &entry{folder: folder, fence: r.cfg.Fence,
		state: state{Format: 1, Name: name, Owner: who.Name, KnownBy: who.KnownBy, Created: r.cfg.Now().UnixMilli()}}
	return e, durable.MakeFolder(folder)
}

// change does something to a workflow that somebody may change, and makes it durable.
func (r *Registry) change(name string, who Who, do func(e *entry) error) (Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	if err == nil {
		err = who.may(e)
	}
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return Info{}, err
	}
	before := e.state
	if err = do(e); err == nil {
		err = e.save()
	}
	if err != nil {
		e.state = before
		return Info{}, err
	}
	r.again()
	return r.info(e), nil
}

// Pin has a version run where none is named; 0: the newest.
func (r *Registry) Pin(name string, who Who, version int) (Info, error) {
	return r.change(name, who, func(e *entry) error {
		if version < 0 || version > len(e.versions) {
			return fmt.Errorf("%w: %s has 1 to %d", ErrVersion, name, len(e.versions))
		}
		e.Pinned = version
		if err := who.mayBegin(e.current()); err != nil {
			return err
		}
		if wf, err := e.parsed(); err == nil { // what cannot be read begins nothing
			return r.checkCycle(name, wf)
		}
		return nil
	})
}

// Remove forgets a workflow with its versions. Its runs stay.
func (r *Registry) Remove(name string, who Who) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.find(name)
	if err != nil {
		return err
	}
	if err := who.may(e); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(e.folder, stateFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	delete(r.all, name)
	return os.RemoveAll(e.folder)
}
