package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// others looks at runs beside one, for one attempt of a step. What it has read is not read again.
type others struct {
	r       *Run
	looked  map[string]bool // ids of runs that have another name
	newest  string          // of those that have the name; "": none
	created int64           // the newest, in milliseconds since 1970
	open    os.FileInfo     // of a log that says that the run has not ended
}

// endOf is EndOf of steps.Call: how another run of the same owner has ended, by its id, or the newest of a workflow by
// the name of that.
func (o *others) endOf(name string) (id, state string, err error) {
	if id, err = o.find(name); err != nil || id == "" {
		return "", "", err
	}
	folder := Folder(o.r.cfg.Folder, id)
	info, err := os.Stat(filepath.Join(folder, LogFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return id, "", &steps.Failure{Fault: engine.Input, Err: fmt.Errorf("run %s was removed", id)}
	case err != nil:
		return id, "", err
	case locked(folder): // it is at work
		return id, "", nil
	case o.open != nil && os.SameFile(o.open, info) && o.open.Size() == info.Size():
		return id, "", nil
	}
	b, err := ReadBrief(o.r.cfg.Folder, id)
	if err != nil {
		return id, "", err
	}
	if !b.View.State.Ended() {
		o.open = info
		return id, "", nil
	}
	return id, string(b.View.State), nil
}

// find is the id of another run; "": there is none of that name yet.
func (o *others) find(name string) (id string, err error) {
	bad := func(format string, args ...any) (string, error) {
		return "", &steps.Failure{Fault: engine.Input, Err: fmt.Errorf(format, args...)}
	}
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return bad("run: %.200q is neither an id of a run nor the name of a workflow", name)
	}
	header, err := ReadHeader(o.r.cfg.Folder, name)
	switch {
	case err == nil && o.r.isWithin(name):
		return bad("run: it is in %s, and would wait for itself", name)
	case err == nil && header.Owner == o.r.header.Owner:
		o.newest = name // that it was there
		return name, nil
	case err == nil:
		return bad("run: there is no run %s of the same owner", name)
	case !errors.Is(err, os.ErrNotExist):
		return "", err
	}
	return o.newestOf(name)
}

// newestOf is the newest run of a workflow that is no step of another.
func (o *others) newestOf(name string) (id string, err error) {
	entries, err := os.ReadDir(o.r.cfg.Folder)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if o.looked[e.Name()] || strings.HasPrefix(e.Name(), ".") || o.r.isWithin(e.Name()) {
			continue
		}
		other, err := ReadHeader(o.r.cfg.Folder, e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue // it is being begun
		}
		o.looked[e.Name()] = true
		mine := err == nil && other.Parent == "" && other.Owner == o.r.header.Owner
		if mine && (other.Name == name || other.Registered == name) && other.Created > o.created {
			o.newest, o.created = e.Name(), other.Created
		}
	}
	return o.newest, nil
}

// isWithin tells whether a run is this one, or one that this one is a step of: the ids of those begin with theirs.
func (r *Run) isWithin(id string) bool {
	return r.header.Run == id || r.header.Parent != "" && strings.HasPrefix(r.header.Run, id+"-")
}
